"""The exact answers to a plan's questions, and how many rows are behind each cell."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from privacy.catalogue import Domain, Type
from privacy.model import is_model
from privacy.query import KeyRef
from tre.evaluation.layout import floats, labels
from tre.evaluation.plan import Asking
from tre.exactly import Behind
from tre.lab import Lab

TRUTH: Final = pa.schema(
    [
        ("cell", pa.string()),
        ("column", pa.string()),
        ("exact", pa.float64()),
        ("rows", pa.float64()),
    ]
)
"""The exact figure of each cell and column, and its rows; NULL where there is none."""


@dataclass(frozen=True, slots=True)
class Truth:
    """One question's exact figures, as TRUTH has them, and the rows behind them.

    `behind` is None for a fitted model, whose figures are coefficients fitted to the
    rows themselves.
    """

    asking: Asking
    table: pa.Table = field(repr=False)
    behind: Behind | None = field(repr=False)


def truth(lab: Lab, asking: Asking) -> Truth:
    """What a question's answer is exactly. Raises Refused where it would be refused."""
    if is_model(asking.sql):
        return Truth(asking, _fitted(lab.exact(asking.sql)), None)
    exact, behind = lab.exact(asking.sql), lab.behind(asking.sql)
    told = {column.column for column in lab.explain(asking.sql, share=0.5).columns}
    figures = [name for name in exact.column_names if name in told]
    keys = [exact[name] for name in exact.column_names if name not in told]
    cells = labels(keys, exact.num_rows)
    counted = _rows(behind)
    rows = pa.array([counted.get(cell, 0.0) for cell in cells.to_pylist()])
    tables = [
        pa.table([cells, [name] * len(cells), floats(exact[name]), rows], schema=TRUTH)
        for name in figures
    ]
    return Truth(asking, pa.concat_tables(tables), behind)


def cells_behind(behind: Behind) -> pa.Array:
    """The name of the cell of each row behind a question, as its answer has it."""
    shown = [
        key_values(behind, output.value.position)
        for output in behind.query.outputs
        if isinstance(output.value, KeyRef)
    ]
    return labels(shown, behind.rows.num_rows)


def key_values(behind: Behind, position: int) -> pa.ChunkedArray:
    """A key of each row behind a question, in the type that an answer has it in."""
    column = behind.rows[f"k{position}"]
    return _scaled(column, behind.query.keys[position].domain)


def _scaled(column: pa.ChunkedArray, domain: Domain) -> pa.ChunkedArray:
    if domain.type is not Type.NUMBER or not domain.scale:
        return column
    whole = column.cast(pa.decimal128(19, 0))
    unit = pa.scalar(10**domain.scale, pa.decimal128(19, 0))
    return pc.divide(whole, unit).cast(pa.decimal128(38, domain.scale))


def _rows(behind: Behind) -> dict[str, float]:
    counted = cells_behind(behind).value_counts()
    names, numbers = (counted.field(at).to_pylist() for at in (0, 1))
    return dict(zip(names, map(float, numbers), strict=True))


def _fitted(exact: pa.Table) -> pa.Table:
    """The coefficients of a model, one cell a term; no term has rows of its own."""
    terms, size = labels([exact["term"]], exact.num_rows), exact.num_rows
    figures = floats(exact["coefficient"])
    columns = [terms, ["coefficient"] * size, figures, pa.nulls(size, pa.float64())]
    return pa.table(columns, schema=TRUTH)
