"""Put released figures in the rows, columns and order that were asked for.

HAVING, ORDER BY and LIMIT see released figures only; what is suppressed is NULL
to them, and each draw is arranged on its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from privacy.evaluate import evaluate
from privacy.layout import groupings
from privacy.query import AggregateRef, BoundQuery, KeyRef, Ordering, Post
from privacy.table import (
    STATUSES,
    CheckedTable,
    ColumnKind,
    DerivedOutput,
    Figures,
    ReleasedColumn,
    ReleasedTable,
    Values,
)

_HIDDEN: Final = [
    code for code, each in enumerate(STATUSES) if each.value.startswith("suppressed")
]
_NAMES: Final = np.array([status.value for status in STATUSES], dtype=object)


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows kept, in order: for each, its draw and its cell."""

    draw: NDArray[np.intp]
    cell: NDArray[np.intp]


def arrange(checked: CheckedTable) -> ReleasedTable:
    """Select, order and cut rows, and add an interval and a status to each figure.

    For each output `x` that depends on an aggregate the columns `x_low`, `x_high`
    (of x's kind) and `x_status` follow. Without ORDER BY, rows are in the public
    order of the keys, the last key fastest; ties keep that order, NULL comes last.
    """
    rows = _rows(checked)
    columns = tuple(
        column
        for position in range(len(checked.outputs))
        for column in _columns(checked, position, rows)
    )
    return ReleasedTable(columns, rows.draw.astype(np.int64))


def _rows(checked: CheckedTable) -> _Rows:
    query = checked.price.plan.query
    cells = checked.price.plan.cells
    known = _known(checked)
    draw, cell = (
        each.ravel() for each in np.indices((checked.draws, cells), dtype=np.intp)
    )
    rows = _Rows(draw, cell)
    if checked.present is not None:
        rows = _subset(rows, np.flatnonzero(_shown(checked)))
    if query.having is not None:
        kept = _taken(evaluate(query.having, known), rows, checked)
        rows = _subset(rows, np.flatnonzero(kept.values & ~kept.null))
    if query.ordering:
        rows = _subset(rows, _order(query.ordering, known, rows, checked))
    return _cut(query, rows)


def _shown(checked: CheckedTable) -> NDArray[np.bool_]:
    """The rows, draw by draw, whose keys came out and that show any figure at all.

    Rows of keys that are not public are absent where others are hidden.
    """
    present = np.zeros((checked.draws, checked.price.plan.cells), dtype=bool)
    figures = [each for each in checked.statuses if each is not None]
    for statuses in figures:
        present |= ~np.isin(statuses, _HIDDEN)
    if not figures:
        present[:] = True
    shown: NDArray[np.bool_] = present & checked.present
    return shown.ravel()


def _known(checked: CheckedTable) -> Mapping[Post, Figures]:
    """Keys, aggregates, and outputs as they are shown."""
    known: dict[Post, Figures] = {
        output.value: derived.value
        for output, derived in zip(
            checked.price.plan.query.outputs, checked.outputs, strict=True
        )
        if derived.aggregates and derived.kind is ColumnKind.FLOAT
    }
    known |= groupings(checked.price.plan.query)
    known |= {KeyRef(position): key for position, key in enumerate(checked.keys)}
    known |= {AggregateRef(p): value for p, value in enumerate(checked.aggregates)}
    return known


def _taken(figures: Figures, rows: _Rows, checked: CheckedTable) -> Figures:
    """One figure a row, shape (rows,)."""
    shape = (checked.draws, checked.price.plan.cells)
    values, null = (
        np.broadcast_to(each, shape)[rows.draw, rows.cell]
        for each in (figures.values, figures.null)
    )
    return Figures(values, null)


def _subset(rows: _Rows, places: NDArray[np.intp]) -> _Rows:
    return _Rows(rows.draw[places], rows.cell[places])


def _order(
    ordering: tuple[Ordering, ...],
    known: Mapping[Post, Figures],
    rows: _Rows,
    checked: CheckedTable,
) -> NDArray[np.intp]:
    """Places in order: by draw, then by each term; lexsort keeps ties as they are."""
    levels: list[NDArray[np.float64] | NDArray[np.bool_]] = []
    for term in reversed(ordering):
        figures = _taken(evaluate(term.value, known), rows, checked)
        ranks = np.where(figures.null, 0.0, _ranks(figures.values))
        levels += [-ranks if term.descending else ranks, figures.null]
    return np.lexsort((*levels, rows.draw))


def _ranks(values: Values) -> NDArray[np.float64]:
    """Numbers that order as the values do."""
    if values.dtype == np.object_:
        values = np.unique(values, return_inverse=True)[1]
    return np.asarray(values, dtype=np.float64)


def _cut(query: BoundQuery, rows: _Rows) -> _Rows:
    """LIMIT and OFFSET within each draw."""
    if query.limit is None and not query.offset:
        return rows
    first = np.searchsorted(rows.draw, rows.draw, side="left")
    place = np.arange(rows.draw.size) - first
    kept = place >= query.offset
    if query.limit is not None:
        kept &= place < query.offset + query.limit
    return _subset(rows, np.flatnonzero(kept))


def _columns(
    checked: CheckedTable, position: int, rows: _Rows
) -> Iterator[ReleasedColumn]:
    output, statuses = checked.outputs[position], checked.statuses[position]
    yield _column(output, output.name, output.value, rows, checked)
    if output.low is None or output.high is None or statuses is None:
        return
    yield _column(output, f"{output.name}_low", output.low, rows, checked)
    yield _column(output, f"{output.name}_high", output.high, rows, checked)
    codes = _taken(Figures(statuses, statuses == len(STATUSES)), rows, checked)
    names = _NAMES[codes.values]
    yield ReleasedColumn(f"{output.name}_status", ColumnKind.TEXT, 0, names, codes.null)


def _column(
    output: DerivedOutput,
    name: str,
    figures: Figures,
    rows: _Rows,
    checked: CheckedTable,
) -> ReleasedColumn:
    taken = _taken(figures, rows, checked)
    return ReleasedColumn(name, output.kind, output.scale, taken.values, taken.null)
