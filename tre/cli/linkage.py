"""Linkage: pairs to look at, decisions, the next spine version, and a new key."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from tre.cli.options import HERE, Home, Json, Person, Population
from tre.cli.output import answer, private_file
from tre.cli.session import opened
from tre.cli.words import replaced

if TYPE_CHECKING:  # imported where it is used: every command starts this module
    from tre.relinking import Applied

linkage: Final = typer.Typer(
    help="Who is who, kept up by linkers.", no_args_is_help=True
)


@linkage.command("review")
def review(  # noqa: PLR0913 - one parameter for each option
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Where to write the pairs, as CSV.")
    ],
    *,
    identifiers: Annotated[
        bool,
        typer.Option(
            "--identifiers", help="Show the identifiers, not only how they agree."
        ),
    ] = False,
    sure: Annotated[
        float,
        typer.Option(
            "--sure",
            metavar="P",
            min=0,
            max=1,
            help="Show links up to this probability, too.",
        ),
    ] = 0.99,
    most: Annotated[
        int, typer.Option("--most", metavar="N", min=1, help="Show so many at most.")
    ] = 1_000,
    population: Population = None,
    person: Person = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Write pairs of records that a linker should decide on, one a line.

    Fill in the column `decision`: same, different, or nothing.
    """
    import pyarrow.csv

    with private_file(file) as stream, opened(home) as environment:
        pairs = environment.review_links(
            population=population,
            identifiers=identifiers,
            sure=sure,
            most=most,
            person=person,
        )
        pyarrow.csv.write_csv(pairs, stream)
    answer(
        {"file": str(file), "pairs": pairs.num_rows},
        lambda: [f"{pairs.num_rows:,} pairs are in {file}, for your eyes alone."],
        as_json=as_json,
    )


@linkage.command("decide")
def decide(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="The pairs, with decisions filled in."),
    ],
    *,
    population: Population = None,
    person: Person = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Take in decisions. Two linkers must say the same of a pair for it to count."""
    with opened(home) as environment:
        taken = environment.decide_links(file, population=population, person=person)
    answer({"decisions": taken}, lambda: _decided(taken), as_json=as_json)


@linkage.command("apply")
def apply(
    *,
    population: Population = None,
    person: Person = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Make a new spine version: people merged, parted, and all numbered anew."""
    with opened(home) as environment:
        applied = environment.apply_linkage(population=population, person=person)
    answer(applied, lambda: _applied(applied), as_json=as_json)


@linkage.command("rotate")
def rotate(
    *,
    population: Population = None,
    person: Person = None,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Put pseudonyms under a new key, and destroy the old: old ones join nothing."""
    with opened(home) as environment:
        environment.rotate_linkage_key(population=population, person=person)
    answer(
        {"rotated": True},
        lambda: ["Every pseudonym is under a new key; the old one is destroyed."],
        as_json=as_json,
    )


def _decided(taken: int) -> Iterator[str]:
    yield f"{taken:,} decisions are kept. Where another linker says the same, they are"
    yield "in force from the next spine version on: `tre linkage apply` makes it."


def _applied(applied: Applied) -> Iterator[str]:
    yield f"Spine version {applied.spine_version}: everybody's number is drawn anew."
    yield f"Published under it: {', '.join(applied.versions)}."
    yield "The spine before is destroyed."
    yield from replaced(applied.pins, applied.releases)
