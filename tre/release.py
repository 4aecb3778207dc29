"""What a researcher receives: a table with intervals, its price and its receipt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from privacy.accounting import Loss
from privacy.names import DRAW
from privacy.table import ColumnKind, ReleasedColumn, ReleasedTable
from tre.receipt import loss_of
from tre.releases import Content, StoredRelease

if TYPE_CHECKING:
    import pandas as pd

ARROW_STREAM: Final = "application/vnd.apache.arrow.stream"

_PLAIN: Final = {
    ColumnKind.INTEGER: pa.int64(),
    ColumnKind.FLOAT: pa.float64(),
    ColumnKind.TEXT: pa.string(),
    ColumnKind.BOOLEAN: pa.bool_(),
    ColumnKind.DATE: pa.date32(),
    ColumnKind.DATETIME: pa.timestamp("us"),
}


@dataclass(frozen=True, slots=True)
class Release:
    """One released table. Everything in it has been noised, checked and paid for.

    `loss` is what it cost when it was drawn; `charged` whether this call was
    charged (a repeat and a retry were not). `receipt` is signed.
    """

    id: str
    table: pa.Table = field(repr=False)
    receipt: Mapping[str, Any] = field(repr=False)
    loss: Loss
    charged: bool

    @property
    def history(self) -> tuple[str, ...]:
        """How the question goes together with earlier ones, as the receipt has it."""
        return tuple(
            each["words"] for each in self.receipt.get("body", {}).get("history", ())
        )

    def to_arrow(self) -> pa.Table:
        """The table: for each noised column x also x_low, x_high and x_status."""
        return self.table

    def to_pandas(self) -> pd.DataFrame:
        """The table as a pandas data frame; sums are `decimal.Decimal`."""
        frame: pd.DataFrame = self.table.to_pandas()
        return frame


def release_from(stored: StoredRelease, *, charged: bool) -> Release:
    """A stored release as its researcher receives it."""
    return Release(
        id=stored.id,
        table=pa.ipc.open_stream(stored.content.data).read_all(),
        receipt=stored.receipt,
        loss=loss_of(stored.receipt),
        charged=charged,
    )


def content_of(table: pa.Table) -> Content:
    """A table as an Arrow IPC stream, the form in which releases are kept.

    Equal tables have equal bytes, whoever made them: one batch, and nothing beneath
    NULL, where Arrow allows any value and a suppressed one must not stay.
    """
    columns = [_blanked(column.combine_chunks()) for column in table.columns]
    table = pa.table(columns, schema=table.schema)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return Content(ARROW_STREAM, sink.getvalue().to_pybytes())


def _blanked(column: pa.Array) -> pa.Array:
    """The column with zero, or the empty text, beneath each NULL."""
    if not column.null_count:
        return column
    filled = column.fill_null(_nothing(column.type))
    beneath = filled.buffers()[1:]
    valid = column.is_valid().buffers()[1]
    return pa.Array.from_buffers(column.type, len(column), [valid, *beneath])


def _nothing(kind: pa.DataType) -> pa.Scalar:
    if kind == pa.string():
        return pa.scalar("")
    zero = pa.py_buffer(bytes(kind.bit_width // 8 + 1))
    return pa.Array.from_buffers(kind, 1, [None, zero])[0]


def arrow_table(released: ReleasedTable, *, draws: int = 1) -> pa.Table:
    """Lay a released table out as Arrow; of several draws, `draw` counts from 0."""
    columns = {column.name: _array(column) for column in released.columns}
    if draws > 1:
        columns = {DRAW: pa.array(released.draw, type=pa.int64()), **columns}
    return pa.table(columns)


def _array(column: ReleasedColumn) -> pa.Array:
    if column.kind is ColumnKind.DECIMAL:
        return _decimals(column)
    return pa.array(
        column.values, type=_PLAIN[column.kind], mask=column.null, from_pandas=False
    )


def _decimals(column: ReleasedColumn) -> pa.Array:
    """Unscaled 64-bit integers read as decimal128 at the column's scale."""
    unscaled = np.asarray(column.values, dtype=np.int64)
    whole = pa.array(unscaled, mask=column.null).cast(pa.decimal128(19, 0))
    scaled = pa.decimal128(38, column.scale)
    return pa.Array.from_buffers(scaled, len(whole), whole.buffers())
