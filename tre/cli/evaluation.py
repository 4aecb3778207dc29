"""Evaluating a policy: what privacy costs, on data that is brought along."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tre.cli.options import HERE, Home, Json
from tre.cli.output import answer, columns, note

if TYPE_CHECKING:  # the laboratory is slow to import
    from rich.console import RenderableType

    from tre.evaluation.advise import Advice


def evaluate(
    plan: Annotated[
        str,
        typer.Argument(
            metavar="PLAN", help="A plan, YAML or JSON, or the name of a shipped one."
        ),
    ],
    *,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="DIR", help="Where the report goes."),
    ] = None,
    advice: Annotated[
        bool,
        typer.Option(
            "--advice", help="Only say what the plan's targets cost; reads no data."
        ),
    ] = False,
    workers: Annotated[
        int | None,
        typer.Option("--workers", metavar="N", min=1, help="Processes at a time."),
    ] = None,
    home: Home = HERE,  # noqa: ARG001 - every command takes it; this one needs none
    as_json: Json = False,
) -> None:
    """Measure what privacy costs, and write a report for the committee.

    On data that the plan names, in a laboratory: no environment is touched. Started
    again on the same folder, it goes on where it was.
    """
    if advice:
        from tre.evaluation.evaluate import advised

        found = advised(plan)
        answer(found, lambda: _said(found), as_json=as_json)
        return
    if output is None:
        raise typer.BadParameter("--output DIR says where the report goes.")
    from tre.cli.progress import shown
    from tre.evaluation.evaluate import evaluate

    with shown() as progress:
        done = evaluate(plan, output, workers=workers, told=progress)
    for why in done.report.missing.values():
        note(why)
    note("The folder holds exact figures: it is for those who hold the data.")
    answer({"page": str(done.page)}, lambda: [str(done.page)], as_json=as_json)


def _said(found: Advice) -> list[RenderableType]:
    """The advice as a table, and what a population carries."""
    table = columns("question", "ε needed", "ρ", right=("ε needed", "ρ"))
    for each in found.wanted:
        if each.epsilon is None or each.rho is None:
            table.add_row(each.asking.name, each.why, "")
        else:
            table.add_row(each.asking.name, f"{each.epsilon:.2g}", f"{each.rho:.3g}")
    together = f"Together, once each: ε = {found.epsilon:.3g} (ρ = {found.rho:.3g})."
    said: list[RenderableType] = [table, together]
    if found.population is not None and found.projects is not None:
        said.append(
            f"A population with ε = {found.population.epsilon:g} carries "
            f"{found.projects:,} such projects, or {found.projects_at_half:,} with "
            "half the margins."
        )
    return said
