"""Say a question to another system: the rows behind it, flat, and what to make of them.

A peer gets one number and one person a row, and the cell that the row is in, after the
question's own conditions and expressions: so that all systems are asked the same, with
the same bounds and as many rows a person as the gateway allows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
from numpy.typing import NDArray

from privacy.accounting import ATTO, NANO, rho_for_epsilon
from privacy.bound import bound
from privacy.domains import ends
from privacy.evaluate import evaluate
from privacy.query import Aggregate, AggregateRef, KeyRef, Post
from privacy.table import Figures
from tre.evaluation.layout import FIGURES
from tre.evaluation.peer import COUNTED, Peer
from tre.evaluation.plan import Plan
from tre.evaluation.truth import Truth, cells_behind
from tre.exactly import Behind

Draws = Sequence[Sequence[tuple[int, float]]]
"""A peer's answers: a value a cell that it shows, draw by draw."""

_NOT_PUBLIC: Final = "its keys are not public"
_MODEL: Final = "it is a model"


class NotAsked(Exception):
    """Why a peer cannot be asked a question."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What one answer may cost: `rho` where the plan counts ρ, else pure `epsilon`."""

    epsilon: float
    rho: float | None
    delta: float


@dataclass(frozen=True, slots=True)
class Task:
    """One aggregate: a table of cell, person and value, and its public facts.

    `at` is the share of rows at or below a quantile.
    """

    path: str
    statistic: str
    cells: int
    cap: int
    lower: int
    upper: int
    at: float | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """A question as tasks, one an aggregate, and how their answers become its own."""

    known: Truth = field(repr=False)
    behind: Behind = field(repr=False)
    tasks: tuple[Task, ...]


def question(known: Truth, peer: Peer, folder: Path) -> Question:
    """Write a question's tables for a peer. Raises NotAsked where it cannot take it."""
    behind = known.behind
    if behind is None:
        raise NotAsked(_MODEL)
    if any(key.domain.values is None for key in behind.query.keys):
        raise NotAsked(_NOT_PUBLIC)
    for aggregate in behind.query.aggregates:
        if aggregate.statistic not in peer.statistics:
            raise NotAsked(f"it has no {aggregate.statistic.value}")
    tasks = tuple(
        _task(place, aggregate, known, behind, folder / f"{place}.csv")
        for place, aggregate in enumerate(behind.query.aggregates)
    )
    return Question(known, behind, tasks)


def budget(plan: Plan, epsilon: float, parts: int) -> Budget:
    """What each of so many aggregates may cost of ε in the plan's measure."""
    rho = None
    if plan.measure == "zcdp":
        conversion = int(Fraction(plan.delta) / 2 * ATTO)
        rho = rho_for_epsilon(Fraction(epsilon), conversion) / NANO / parts
    return Budget(epsilon / parts, rho, plan.delta / parts)


def request(asked: Question, spent: Budget | None, times: int) -> list[dict[str, Any]]:
    """What the peer's program reads: each task, what it may cost, and how often."""
    paid = {} if spent is None else asdict(spent)
    return [{**asdict(task), **paid, "times": times} for task in asked.tasks]


def figures(
    asked: Question, answers: Sequence[Draws], times: int, name: str
) -> pa.Table:
    """The peer's answers as the question's figures, as FIGURES has them."""
    simple: dict[Post, Figures] = {
        AggregateRef(place): _filled(drawn, task.cells, times, _unit(aggregate))
        for place, (drawn, task, aggregate) in enumerate(
            zip(answers, asked.tasks, asked.behind.query.aggregates, strict=True)
        )
    }
    tables = []
    for output in asked.behind.query.outputs:
        if isinstance(output.value, KeyRef):
            continue
        try:
            found = evaluate(output.value, simple)
        except KeyError:
            raise NotAsked("it is computed of its keys") from None
        table = asked.known.table
        rows = table.filter(pc.equal(table["column"], output.name))
        tables.append(_table(rows, np.where(found.null, np.nan, found.values), name))
    return pa.concat_tables(tables)


def _task(
    place: int, aggregate: Aggregate, known: Truth, behind: Behind, path: Path
) -> Task:
    names = known.table["cell"].combine_chunks().unique()
    places = pc.fill_null(pc.index_in(cells_behind(behind), value_set=names), -1)
    rows = behind.rows
    counted = aggregate.statistic in COUNTED or aggregate.argument is None
    values = pa.array(np.zeros(rows.num_rows, dtype=np.int64))
    kept = pc.and_(pc.greater_equal(places, 0), rows["person"].is_valid())
    if aggregate.argument is not None:
        kept = pc.and_(kept, rows[f"a{place}"].is_valid())
        values = values if counted else rows[f"a{place}"].cast(pa.int64())
    table = pa.table({"cell": places, "person": rows["person"], "value": values})
    path.parent.mkdir(parents=True, exist_ok=True)
    pacsv.write_csv(table.filter(kept), path)
    lower, upper = (0, 0) if counted else _ends(aggregate)
    cap = bound(behind.query).rows_per_person
    statistic = (
        "COUNT(*)"
        if counted and aggregate.statistic in COUNTED
        else (aggregate.statistic.value)
    )
    at = None if aggregate.at is None else float(aggregate.at)
    return Task(str(path), statistic, len(names), cap, lower, upper, at)


def _ends(aggregate: Aggregate) -> tuple[int, int]:
    found = None if aggregate.argument is None else ends(aggregate.argument.domain)
    if found is None:
        raise NotAsked("it is of no bounded number")
    return found


def _unit(aggregate: Aggregate) -> float:
    """What one unscaled unit of an answer stands for."""
    if aggregate.statistic in COUNTED or aggregate.argument is None:
        return 1.0
    unit: float = 10.0**-aggregate.argument.domain.scale
    return unit**2 if aggregate.statistic.value == "VAR_POP" else unit


def _filled(drawn: Draws, cells: int, times: int, unit: float) -> Figures:
    values = np.full((times, cells), np.nan)
    for place, draw in enumerate(drawn):
        for cell, value in draw:
            values[place, cell] = value * unit
    null = np.isnan(values)
    return Figures(np.where(null, 0.0, values), null)


def _table(rows: pa.Table, values: NDArray[np.float64], name: str) -> pa.Table:
    draws, cells = values.shape
    flat = values.reshape(-1)
    nothing = pa.nulls(flat.size, pa.float64())
    columns: Mapping[str, Any] = {
        "draw": pa.array(np.repeat(np.arange(draws, dtype=np.int32), cells)),
        "cell": pa.array(rows["cell"].to_pylist() * draws, pa.string()),
        "column": pa.array(rows["column"].to_pylist() * draws, pa.string()),
        "value": pa.array(flat, from_pandas=True),
        "low": nothing,
        "high": nothing,
        "status": pa.array(np.where(np.isnan(flat), f"absent:{name}", "ok")),
    }
    return pa.table(columns, schema=FIGURES)
