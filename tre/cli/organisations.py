"""Organisations that people are of."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from tre.cli.options import HERE, Home, Json, Person
from tre.cli.output import answer
from tre.cli.session import opened

organisation: Final = typer.Typer(
    help="Organisations that people are of.", no_args_is_help=True
)


@organisation.command("add")
def add(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="As the public knows it.")
    ],
    *,
    person: Person = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Make an organisation known."""
    with opened(home) as environment:
        environment.add_organisation(name, person=person)
    answer({"organisation": name}, lambda: [f"Added {name}."], as_json=as_json)


@organisation.command("list")
def list_(*, home: Home = HERE, as_json: Json = False) -> None:
    """List the organisations."""
    with opened(home) as environment:
        found = environment.organisations()
    answer(found, lambda: found or ["There is none yet."], as_json=as_json)
