"""What a controller allows its dataset to be used for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from tre.cli.options import HERE, Home, Json, Person
from tre.cli.output import answer
from tre.cli.session import opened

condition: Final = typer.Typer(
    help="Controllers' conditions on their datasets.", no_args_is_help=True
)

Dataset = Annotated[str, typer.Argument(metavar="DATASET")]


@condition.command("set")
def set_(
    name: Dataset,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The conditions, as YAML.")
    ],
    *,
    person: Person = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Put conditions in force, in place of those there were, from the next question."""
    with opened(home) as environment:
        environment.set_conditions(name, file, person=person)
        held = environment.conditions(name)
    answer(held, lambda: _words(name, held), as_json=as_json)


@condition.command("lift")
def lift(
    name: Dataset, *, person: Person = None, home: Home = HERE, as_json: Json = False
) -> None:
    """End a dataset's conditions."""
    with opened(home) as environment:
        environment.lift_conditions(name, person=person)
    answer({}, lambda: _words(name, {}), as_json=as_json)


@condition.command("show")
def show(name: Dataset, *, home: Home = HERE, as_json: Json = False) -> None:
    """Show a dataset's conditions."""
    with opened(home) as environment:
        held = environment.conditions(name)
    answer(held, lambda: _words(name, held), as_json=as_json)


def _words(name: str, held: Mapping[str, Any]) -> Iterator[str]:
    if not held:
        yield f"{name} has no conditions: approvals alone say what it is used for."
        return
    yield f"{name} may be used"
    if "purposes" in held:
        yield f"  for {', '.join(held['purposes'])} alone"
    if "organisations" in held:
        yield f"  by people of {', '.join(held['organisations'])} alone"
    for table, columns in held.get("columns", {}).items():
        yield f"  of {table}: {', '.join(columns) or 'nothing'}"
    if "until" in held:
        yield f"  until {held['until']}"
