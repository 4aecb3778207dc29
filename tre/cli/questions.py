"""Questions: what they would cost, their answers, and what is left."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from tre.capacity import LEAST_HEADROOM, Capacity
from tre.cli.options import (
    HERE,
    Epsilon,
    Headroom,
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


_ENDED: Final = re.compile(r";[ \t]*$", re.MULTILINE)


def explain(  # noqa: PLR0913 - one parameter for each option
    sql: Annotated[
        list[str] | None,
        typer.Argument(metavar="SQL…", help="The question; - reads it from stdin."),
    ] = None,
    *,
    project: Project,
    person: Somebody,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file", metavar="FILE", help="More questions, each ended by a ; line end."
        ),
    ] = None,
    parts: Annotated[
        str | None,
        typer.Option("--parts", metavar="2,1", help="Each question's part."),
    ] = None,
    epsilon: Epsilon = None,
    rho: Rho = None,
    margin: Margin = None,
    share: Share = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Show the price and expected error of a question, or of a list of them.

    What is to be spent is for the whole list. Nothing is spent, no protected data read.
    """
    questions = [*map(_text, sql or []), *(_questions(file) if file else [])]
    if not questions:
        raise typer.BadParameter("Say a question, or --file with several.")
    said = spending(epsilon=epsilon, rho=rho, margin=margin, share=share)
    with opened(home) as environment:
        if len(questions) == 1 and file is None and parts is None:
            found = environment.explain(
                questions[0], project=project, person=person, **said
            )
        else:
            batch = environment.explain_batch(
                questions, project=project, person=person, parts=_parts(parts), **said
            )
    from tre.cli.show_explanation import batched, explained
    from tre.gateway.wire import batch_document, plain

    if len(questions) == 1 and file is None and parts is None:
        document = plain(found) | {"words": list(found.words)}
        answer(document, lambda: explained(found), as_json=as_json)
    else:
        answer(batch_document(batch), lambda: batched(batch), as_json=as_json)


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
    headroom: Headroom = LEAST_HEADROOM,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Ask a question and print the release.

    Each value with its 95% interval and status, what the answer cost, what is left.
    """
    said = spending(epsilon=epsilon, rho=rho, margin=margin, share=share)
    with opened(home, Capacity(headroom=headroom)) as environment:
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


def _questions(file: Path) -> list[str]:
    """The questions of a file, each ended by a semicolon at the end of a line."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeError):
        raise typer.BadParameter(f"{file}: expected a file of text.") from None
    return [each.strip() for each in _ENDED.split(text) if each.strip()]


def _parts(said: str | None) -> list[float] | None:
    if said is None:
        return None
    try:
        return [float(each) for each in said.split(",")]
    except ValueError:
        raise typer.BadParameter(f"{said!r}: expected parts such as 2,1,1.") from None


def _text(sql: str) -> str:
    return sys.stdin.read() if sql == "-" else sql
