"""Lay an answer out one line a figure, whatever its columns are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from privacy.names import DRAW

FIGURES: Final = pa.schema(
    [
        ("draw", pa.int32()),
        ("cell", pa.string()),
        ("column", pa.string()),
        ("value", pa.float64()),
        ("low", pa.float64()),
        ("high", pa.float64()),
        ("status", pa.string()),
    ]
)
"""A figure: of which draw, cell and column; NULL where it is not shown."""

EVERYTHING: Final = "all"
"""The cell of a question without keys."""

_MISSING: Final = "(missing)"
_BESIDE: Final = frozenset({DRAW, "standard_error"})


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns of an answer name its cells, and which are figures."""

    keys: tuple[str, ...]
    figures: tuple[str, ...]


def columns_of(released: pa.Table) -> Columns:
    """The columns of a release: figures are those that have a status beside them."""
    names = released.column_names
    figures = tuple(name for name in names if f"{name}_status" in names)
    added = {f"{name}{end}" for name in figures for end in ("_low", "_high", "_status")}
    keys = (name for name in names if name not in {*figures, *added, *_BESIDE})
    return Columns(tuple(keys), figures)


def figures_of(released: pa.Table) -> pa.Table:
    """Every figure of a release, of one draw or of many."""
    found = columns_of(released)
    cells = labels([released[name] for name in found.keys], released.num_rows)
    draws = _draws(released)
    tables = [
        pa.table(
            {
                "draw": draws,
                "cell": cells,
                "column": pa.array([name] * released.num_rows, pa.string()),
                "value": floats(released[name]),
                "low": floats(released[f"{name}_low"]),
                "high": floats(released[f"{name}_high"]),
                "status": released[f"{name}_status"].combine_chunks(),
            },
            schema=FIGURES,
        )
        for name in found.figures
    ]
    return pa.concat_tables(tables)


def labels(keys: Sequence[pa.ChunkedArray], rows: int) -> pa.Array:
    """The name of each row's cell: its keys as people write them."""
    if not keys:
        return pa.array([EVERYTHING] * rows, pa.string())
    texts = [_texts(key) for key in keys]
    return pa.array([" · ".join(row) for row in zip(*texts, strict=True)], pa.string())


def floats(column: pa.ChunkedArray) -> pa.Array:
    """A column as float64; dates and times as days and seconds since 1970."""
    return pa.array(_floats(column), pa.float64(), from_pandas=True)


def _floats(column: pa.ChunkedArray) -> NDArray[np.float64]:
    kind = column.type
    if pa.types.is_timestamp(kind):
        column = column.cast(pa.int64())
        return _plain(column) / 1e6
    if pa.types.is_date(kind):
        column = column.cast(pa.int32())
    return _plain(column.cast(pa.float64()))


def _plain(column: pa.ChunkedArray) -> NDArray[np.float64]:
    found: NDArray[np.float64] = column.to_numpy().astype(np.float64)
    return found


def _texts(key: pa.ChunkedArray) -> Iterator[str]:
    for value in key.to_pylist():
        yield _text(value)


def _text(value: object) -> str:
    if value is None:
        return _MISSING
    return str(value).lower() if isinstance(value, bool) else str(value)


def _draws(released: pa.Table) -> pa.Array:
    if DRAW in released.column_names:
        return released[DRAW].cast(pa.int32()).combine_chunks()
    return pa.array([0] * released.num_rows, pa.int32())
