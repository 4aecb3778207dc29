"""Objections: taken in, and applied to what is published already."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from tre.cli.options import HERE, Home, Json, Person, Population
from tre.cli.output import answer
from tre.cli.session import opened
from tre.cli.words import replaced

if TYPE_CHECKING:  # imported where it is used: every command starts this module
    from tre.intake.object import Objected
    from tre.objecting import Late
    from tre.rewritten import Anew

optout: Final = typer.Typer(help="Objections.", no_args_is_help=True)

File = Annotated[
    Path,
    typer.Argument(
        metavar="FILE",
        help="A CSV whose columns are kinds of identifiers, and purposes.",
    ),
]


@optout.command("import")
def import_(
    file: File,
    *,
    population: Population = None,
    person: Person = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Take in objections; in force from each dataset's next publication."""
    with opened(home) as environment:
        taken = environment.import_objections(
            file, population=population, person=person
        )
    answer(taken, lambda: _taken(taken), as_json=as_json)


@optout.command("apply")
def apply(
    *,
    population: Population = None,
    person: Person = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Write what is published now anew, without the people who object."""
    with opened(home) as environment:
        applied = environment.apply_objections(population=population, person=person)
    answer(applied, lambda: _applied(applied), as_json=as_json)


@optout.command("late")
def late(*, home: Home = HERE, as_json: Json = False) -> None:
    """Report objections that came after publication, and releases before them."""
    with opened(home) as environment:
        found = environment.late_objections()
    answer(found, lambda: _late(found), as_json=as_json)


def _late(found: tuple[Late, ...]) -> Iterator[str]:
    if not found:
        yield "No objection has been applied to what was published."
    for each in found:
        yield f"{each.at[:10]}  {each.population}: {', '.join(each.replaced) or 'none'}"
        yield f"  earlier releases of these: {', '.join(each.releases) or 'none'}"


def _taken(taken: Objected) -> Iterator[str]:
    kept = "objection is" if taken.taken == 1 else "objections are"
    yield f"{taken.taken:,} {kept} kept, in force from each dataset's next publication;"
    yield "`tre optout apply` writes what is published now anew."
    if taken.unknown:
        lines = ", ".join(map(str, taken.unknown))
        yield f"Too little to recognise anybody by, and not kept: line {lines}."
    if taken.misread:
        lines = ", ".join(map(str, taken.misread))
        yield f"An NHS or National Insurance number that is never issued: line {lines}."
        yield "By itself it recognises nobody. Ask for it, and import those lines anew."


def _applied(applied: Anew) -> Iterator[str]:
    if not applied.versions:
        yield "No dataset of the population is published: there is nothing to rebuild."
        return
    yield f"Written anew: {', '.join(applied.versions)}."
    yield from replaced(applied.pins, applied.releases)
