"""The public register, and incidents, from a terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from tre.cli.options import HERE, Home, Json, Person
from tre.cli.output import answer
from tre.cli.session import opened

incident: Final = typer.Typer(
    help="What went wrong, for the public.", no_args_is_help=True
)


def register(
    *,
    out: Annotated[
        Path | None,
        typer.Option("-o", metavar="DIR", help="Write its pages, feed and JSON there."),
    ] = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """The public register, made of the log alone."""
    from tre.cli.show_register import register_in_words

    with opened(home) as environment:
        if out is not None:
            files = environment.write_register(out)
            answer(files, lambda: [f"{file}" for file in files], as_json=as_json)
            return
        document = environment.register()
    answer(document, lambda: register_in_words(document), as_json=as_json)


@incident.command("record")
def record(
    *,
    summary: Annotated[
        str, typer.Option("--summary", metavar="TEXT", help="For the public.")
    ],
    project: Annotated[
        str | None, typer.Option("--project", metavar="P", help="Which one, if one.")
    ] = None,
    dataset: Annotated[
        str | None, typer.Option("--dataset", metavar="D", help="Which one, if one.")
    ] = None,
    person: Person = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Write an incident down, in words for the public."""
    with opened(home) as environment:
        made = environment.record_incident(
            summary, project=project, dataset=dataset, person=person
        )
    answer({"incident": made}, lambda: [made], as_json=as_json)


@incident.command("resolve")
def resolve(
    made: Annotated[str, typer.Argument(metavar="INCIDENT")],
    *,
    outcome: Annotated[
        str, typer.Option("--outcome", metavar="TEXT", help="What was done.")
    ],
    person: Person = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """End an incident with what was done about it."""
    with opened(home) as environment:
        environment.resolve_incident(made, outcome=outcome, person=person)
    answer({"resolved": made}, lambda: [f"Resolved {made}."], as_json=as_json)
