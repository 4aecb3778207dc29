"""Equal tables have equal bytes, and nothing stays beneath a NULL."""

from datetime import date, datetime
from decimal import Decimal
from itertools import product

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from tre.release import content_of

WHOLE = np.arange(7, 16)
KINDS = {
    "integer": (pa.int64(), WHOLE, 0),
    "float": (pa.float64(), WHOLE / 3, 0.0),
    "boolean": (pa.bool_(), WHOLE > 0, False),
    "date": (pa.date32(), WHOLE.astype("datetime64[D]"), date(1970, 1, 1)),
    "datetime": (
        pa.timestamp("us"),
        WHOLE.astype("datetime64[us]"),
        datetime(1970, 1, 1),  # noqa: DTZ001 - data has no time zone
    ),
    "text": (pa.string(), WHOLE.astype(str).astype(object), ""),
    "decimal": (pa.decimal128(38, 2), WHOLE, Decimal("0.00")),
}
"""For each kind of column its type, figures, and what is beneath a NULL."""


def laid_out(kind: str, missing: tuple[bool, ...]) -> pa.Table:
    """A column of whose figures some are missing, left where Arrow leaves them."""
    form, values, _ = KINDS[kind]
    gone = np.array(missing, dtype=bool)
    if kind == "decimal":
        whole = pa.array(values[: gone.size], mask=gone).cast(pa.decimal128(19, 0))
        column = pa.Array.from_buffers(form, len(whole), whole.buffers())
    else:
        column = pa.array(values[: gone.size], type=form, mask=gone)
    return pa.table({"key": pa.array(range(gone.size), pa.int64()), "figure": column})


def through_parquet(table: pa.Table, *, rows: int) -> pa.Table:
    """The table as somebody reads it who was handed a Parquet file."""
    sink = pa.BufferOutputStream()
    parquet.write_table(table, sink, row_group_size=rows)
    return parquet.read_table(pa.BufferReader(sink.getvalue()))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [0, 1, 3, 6])
def test_a_table_through_parquet_has_the_same_bytes(kind: str, size: int) -> None:
    """Whichever figures are missing; one, or all, or in another group of rows."""
    for missing in product([False, True], repeat=size):
        table = laid_out(kind, missing)
        kept = content_of(table)
        for rows in (6, 4):
            again = through_parquet(table, rows=rows)
            assert again.equals(table)
            assert content_of(again) == kept, missing


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_stays_beneath_a_missing_figure(kind: str) -> None:
    """A suppressed figure is in no byte of what is kept, whatever stood there."""
    missing = (False, True, False, True, True, False, False, False, True)
    table = laid_out(kind, missing)
    kept = pa.ipc.open_stream(content_of(table).data).read_all()
    assert kept.equals(table)
    column = kept.column("figure").chunk(0)
    bare = [None, *column.buffers()[1:]]
    values = pa.Array.from_buffers(column.type, len(column), bare).to_pylist()
    beneath = [value for value, gone in zip(values, missing, strict=True) if gone]
    assert beneath == [KINDS[kind][2]] * sum(missing)
