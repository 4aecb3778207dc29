"""People, their roles and their tokens."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from tre.cli.options import HERE, Home, Json, Person
from tre.cli.output import answer, note
from tre.cli.session import opened

person: Final = typer.Typer(help="People and their roles.", no_args_is_help=True)
token: Final = typer.Typer(help="What people sign in with.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(metavar="ID", help="Whom it is about.")]


@person.command("add", context_settings={"allow_extra_args": True})
def add(  # noqa: PLR0913 - one parameter for each option
    context: typer.Context,
    subject: Id,
    *,
    role: Annotated[
        list[str],
        typer.Option(
            "--role",
            metavar="ROLE…",
            help="researcher, steward, committee, output-checker, evaluator, auditor "
            "or administrator; more than one may follow.",
        ),
    ],
    controller: Annotated[
        str | None,
        typer.Option("--controller", metavar="NAME", help="Whom a steward works for."),
    ] = None,
    person: Person = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Add a person."""
    roles = [*role, *context.args]
    with opened(home) as environment:
        environment.add_person(
            subject, roles=roles, controller=controller, person=person
        )
    answer(
        {"person": subject, "roles": roles, "controller": controller},
        lambda: [f"Added {subject}: {', '.join(roles)}."],
        as_json=as_json,
    )


@token.command("issue")
def issue(
    subject: Id, *, person: Person = None, home: Home = HERE, as_json: Json = False
) -> None:
    """Issue a token; it is shown this once and kept nowhere."""
    with opened(home) as environment:
        issued = environment.issue_token(subject, person=person)
    answer({"person": subject, "token": issued}, lambda: [issued], as_json=as_json)
    note("Keep it: it is shown this once.")
