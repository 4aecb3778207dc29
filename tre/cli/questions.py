"""Questions: what they would cost, their answers, and what is left."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from tre.cli.options import (
    HERE,
    Epsilon,
    Home,
    Json,
    Margin,
    Project,
    Rho,
    Share,
    Somebody,
    spending,
)
from tre.cli.output import answer
from tre.cli.session import opened

if TYPE_CHECKING:  # heavy: each is imported by the command that needs it
    from tre.cli.show_budget import Account
    from tre.environment import Environment

Sql = Annotated[
    str, typer.Argument(metavar="SQL", help="The question; - reads it from stdin.")
]


def explain(  # noqa: PLR0913 - one parameter for each option
    sql: Sql,
    *,
    project: Project,
    person: Somebody,
    epsilon: Epsilon = None,
    rho: Rho = None,
    margin: Margin = None,
    share: Share = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Show a question's price and expected error.

    Nothing is spent and no protected data is read.
    """
    said = spending(epsilon=epsilon, rho=rho, margin=margin, share=share)
    with opened(home) as environment:
        explanation = environment.explain(
            _text(sql), project=project, person=person, **said
        )
    from tre.cli.show_explanation import explained
    from tre.gateway.wire import plain

    document = plain(explanation) | {"words": list(explanation.words)}
    answer(document, lambda: explained(explanation), as_json=as_json)


def query(  # noqa: PLR0913 - one parameter for each option
    sql: Sql,
    *,
    project: Project,
    person: Somebody,
    epsilon: Epsilon = None,
    rho: Rho = None,
    margin: Margin = None,
    share: Share = None,
    fresh: Annotated[
        bool,
        typer.Option("--fresh", help="Draw, and charge, again for a known answer."),
    ] = False,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Ask a question and print the release.

    Each value with its 95% interval and status, what the answer cost, what is left.
    """
    said = spending(epsilon=epsilon, rho=rho, margin=margin, share=share)
    with opened(home) as environment:
        release = environment.ask(
            _text(sql), project=project, person=person, fresh=fresh, **said
        )
        left = environment.remaining(project, person=person)
    from tre.cli.show_release import released
    from tre.gateway.wire import loss_document, release_document

    document = release_document(release) | {"left": loss_document(left)}
    answer(document, lambda: released(release, left), as_json=as_json)


def budget(
    *,
    project: Annotated[
        str | None, typer.Option("--project", metavar="P", help="A project's.")
    ] = None,
    population: Annotated[
        str | None, typer.Option("--population", metavar="N", help="A population's.")
    ] = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Show what is left, and what it would buy.

    Of a project, of a population, or of every population that has a dataset.
    """
    if project is not None and population is not None:
        raise typer.BadParameter("--project and --population: keep one of them.")
    from tre.cli.show_budget import account_document, left_over

    with opened(home) as environment:
        accounts = _accounts(environment, project, population)
    documents = [account_document(account) for account in accounts]
    everything = project is None and population is None
    answer(
        {"populations": documents} if everything else documents[0],
        lambda: left_over(accounts),
        as_json=as_json,
    )


def _accounts(
    environment: Environment, project: str | None, population: str | None
) -> list[Account]:
    from tre.cli.show_budget import Account

    if project is not None:
        return [Account("project", project, environment.remaining(project))]
    names = [population] if population else _populations(environment)
    return [
        Account("population", name, environment.remaining_of_population(name))
        for name in names
    ]


def _populations(environment: Environment) -> list[str]:
    return sorted({str(each["population"]) for each in environment.datasets()})


def _text(sql: str) -> str:
    return sys.stdin.read() if sql == "-" else sql
