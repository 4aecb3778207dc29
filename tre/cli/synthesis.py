"""Synthetic rows: made of one release, and labelled as what they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tre.cli.options import (
    HERE,
    Epsilon,
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

    from tre.synthesis.synthesise import Synthetic


def synthesise(  # noqa: PLR0913 - one parameter for each option
    table: Annotated[str, typer.Argument(metavar="TABLE", help="A protected table.")],
    *,
    project: Project,
    person: Somebody,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="DIR", help="Where the rows go."),
    ] = None,
    names: Annotated[
        str | None,
        typer.Option("--columns", metavar="A,B", help="Only these columns, 8 at most."),
    ] = None,
    bands: Annotated[
        int, typer.Option("--bands", metavar="N", help="Into how many a number is cut.")
    ] = 8,
    rows: Annotated[
        int | None,
        typer.Option("--rows", metavar="N", min=1, help="How many; else as noised."),
    ] = None,
    epsilon: Epsilon = None,
    rho: Rho = None,
    share: Share = None,
    explain: Annotated[
        bool,
        typer.Option(
            "--explain", help="Show price, error and question; spend nothing."
        ),
    ] = False,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Make synthetic rows of a table, paid for by one release of noised counts.

    They are near the table in every pair of columns, within what noise and
    suppression leave, and nobody is in them. To develop on for free there is
    `tre dataset dummy`, which knows nothing of the data.
    """
    said = spending(epsilon=epsilon, rho=rho, margin=None, share=share)
    chosen = [each.strip() for each in (names or "").split(",") if each.strip()]
    with opened(home) as environment:
        if explain:
            sql = environment.synthesis_question(
                table, chosen, project=project, person=person, bands=bands
            )
            found = environment.explain(sql, project=project, person=person, **said)
            lines = [sql, *found.words]
            answer(
                {"question": sql, "words": lines[1:]}, lambda: lines, as_json=as_json
            )
            return
        if output is None:
            raise typer.BadParameter("--output DIR says where the rows go.")
        made = environment.synthesise(
            table,
            chosen,
            project=project,
            person=person,
            bands=bands,
            rows=rows,
            epsilon=epsilon,
            rho=rho,
            share=share,
        )
    file, report = _written(made, table, output)
    note("These rows are synthetic: nobody is in them, and no row is anybody's.")
    answer(report, lambda: _told(made, file), as_json=as_json)


def _written(made: Synthetic, table: str, folder: Path) -> tuple[Path, dict[str, Any]]:
    """The rows and the report beside them, under names that say what they are."""
    from pyarrow import csv

    from tre.gateway.wire import loss_document
    from tre.synthesis.synthesise import LABEL

    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{table}.synthetic.csv"
    csv.write_csv(made.table, file)
    report = {
        "label": LABEL,
        "rows": made.table.num_rows,
        "file": str(file),
        "privacy": {
            "release": made.release.id,
            "loss": loss_document(made.release.loss),
            "charged": made.release.charged,
            "question": made.sql,
            "hidden": made.hidden,
        },
        "fidelity": [
            {
                "columns": list(each.columns),
                "modelled": each.modelled,
                "hidden": each.hidden,
                "distance": each.distance,
                "noise": each.noise,
            }
            for each in made.pairs
        ],
    }
    text = json.dumps(report, indent=2, ensure_ascii=False)
    (folder / f"{table}.synthetic.json").write_text(text + "\n", encoding="utf-8")
    return file, report


def _told(made: Synthetic, file: Path) -> list[RenderableType]:
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
    loss = made.release.loss
    paid = "paid" if made.release.charged else "not charged again"
    spent = f"ρ = {loss.rho:.4g} (ε = {loss.epsilon:.3g}), {paid}"
    return [
        f"{file}: {made.table.num_rows:,} synthetic rows",
        table,
        "Distance: the part of all rows that is in other cells than the release says "
        "(total variation, over the cells shown); of noise: what noise alone makes.",
        f"Release {made.release.id}: {spent}.",
        f"{made.hidden:.0%} of its cells are hidden, and were not modelled.",
    ]
