"""Synthetic rows: made of releases, and labelled as what they are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypedDict

import typer

from tre.capacity import LEAST_HEADROOM, Capacity
from tre.cli.options import (
    HERE,
    Epsilon,
    Headroom,
    Home,
    Json,
    Project,
    Rho,
    Share,
    Somebody,
    spending,
)
from tre.cli.output import answer, columns, note
from tre.cli.session import opened

if TYPE_CHECKING:  # slow to import
    from rich.console import RenderableType

    from tre.batch import Batch
    from tre.synthesis.files import Written
    from tre.synthesis.synthesise import Synthetic


TableName = Annotated[str, typer.Argument(metavar="TABLE", help="A protected table.")]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="DIR", help="Where the rows go."),
]
Columns = Annotated[
    str | None,
    typer.Option("--columns", metavar="A,B", help="Only these columns, 16 at most."),
]
Bands = Annotated[
    int, typer.Option("--bands", metavar="N", help="Into how many a number is cut.")
]
Rows = Annotated[
    int | None,
    typer.Option("--rows", metavar="N", min=1, help="How many; else as noised."),
]
Explain = Annotated[
    bool,
    typer.Option("--explain", help="Show price, error and questions; spend nothing."),
]


def synthesise(  # noqa: PLR0913 - one parameter for each option
    table: TableName,
    *,
    project: Project,
    person: Somebody,
    output: Output = None,
    names: Columns = None,
    bands: Bands = 8,
    rows: Rows = None,
    epsilon: Epsilon = None,
    rho: Rho = None,
    share: Share = None,
    explain: Explain = False,
    headroom: Headroom = LEAST_HEADROOM,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Make synthetic rows of a table, paid for by releases of noised counts.

    They are near the table in every pair of columns, within what noise and
    suppression leave, and nobody is in them. To develop on for free there is
    `tre dataset dummy`, which knows nothing of the data.
    """
    spending(epsilon=epsilon, rho=rho, margin=None, share=share)
    chosen = [each.strip() for each in (names or "").split(",") if each.strip()]
    asked: _Asked = {
        "project": project,
        "person": person,
        "bands": bands,
        "epsilon": epsilon,
        "rho": rho,
        "share": share,
    }
    with opened(home, Capacity(headroom=headroom)) as environment:
        if explain:
            found = environment.explain_synthesis(table, chosen, **asked)
            _answer_explained(found, as_json=as_json)
            return
        if output is None:
            raise typer.BadParameter("--output DIR says where the rows go.")
        made = environment.synthesise(table, chosen, rows=rows, **asked)
    from tre.synthesis.files import write

    written = write(made, table, output)
    note("These rows are synthetic: nobody is in them, and no row is anybody's.")
    answer(written.report, lambda: _told(made, written), as_json=as_json)


class _Asked(TypedDict):
    """What is asked, for whom, and what it may cost: the same of both acts."""

    project: str
    person: str
    bands: int
    epsilon: float | None
    rho: float | None
    share: float | None


def _answer_explained(found: Batch, *, as_json: bool) -> None:
    questions, words = [each.sql for each in found.questions], list(found.words)
    if len(questions) > 1:
        words.append(
            "This is a quarter of what is said: the rest goes to the pairs that these "
            "answers show to matter, asked again."
        )
    said = {"questions": questions, "words": words}
    answer(said, lambda: [*questions, *words], as_json=as_json)


def _told(made: Synthetic, written: Written) -> list[RenderableType]:
    numbers = ("distance", "of noise", "hidden")
    table = columns("pair", "modelled", *numbers, right=numbers)
    for each in made.pairs:
        table.add_row(
            " × ".join(each.columns),
            "yes" if each.modelled else "no",
            f"{each.distance:.1%}",
            f"{each.noise:.1%}",
            f"{each.hidden:.0%}",
        )
    loss = made.loss
    paid = "paid" if made.charged else "not charged again"
    ids = ", ".join(each.id for each in made.releases)
    return [
        f"{written.file}: {made.table.num_rows:,} synthetic rows",
        table,
        "Distance: the part of all rows that is in other cells than the release says "
        "(total variation, over the cells shown); of noise: what noise alone makes.",
        f"Release {ids}: ρ = {loss.rho:.4g} (ε = {loss.epsilon:.3g}), {paid}.",
        f"{made.hidden:.0%} of its cells are hidden, and were not modelled.",
    ]
