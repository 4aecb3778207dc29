"""Tables as they are handed in: read as cells, and written anew from them alone.

A file format holds more than cells: metadata, comments of a writer, categories that
no cell has, values under a missing one. None of it is seen by who reads the table.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from math import isnan
from types import MappingProxyType
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from tre.airlock.recompute import Made

MOST_CELLS: Final = 200_000
MOST_TEXT: Final = 10 * 1024 * 1024
"""Bytes of a table's texts when they are unpacked."""

_PLAIN: Final = (
    *(pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal),
    *(pa.types.is_boolean, pa.types.is_string, pa.types.is_large_string),
    *(pa.types.is_date, pa.types.is_timestamp, pa.types.is_null),
)
_PACKINGS: Final = frozenset({"UNCOMPRESSED", "SNAPPY"})
"""What unpacks to a small multiple of itself: others may unpack to all memory."""


def made_of(suffix: str, data: bytes) -> Made:
    """A table's cells as text. ValueError says what was expected."""
    return READERS[suffix](data)


def written_anew(suffix: str, data: bytes) -> bytes:
    """The table written from its cells. ValueError says what was expected."""
    return _WRITERS[suffix](data)


def _csv(data: bytes) -> Made:
    rows: list[list[str]] = []
    cells = 0
    try:
        text = io.StringIO(data.decode("utf-8-sig"), newline="")
        for row in csv.reader(text, strict=True):
            cells += len(row)
            if cells > MOST_CELLS:
                raise ValueError(f"expected at most {MOST_CELLS:,} cells")
            rows += [row] if row else []
    except (UnicodeDecodeError, csv.Error):
        raise ValueError("expected CSV in UTF-8") from None
    if not rows or any(len(row) != len(rows[0]) for row in rows):
        raise ValueError("expected a header, and as many cells in every row")
    head, *body = rows
    return _made(head, [[cell or None for cell in row] for row in body])


def _csv_anew(data: bytes) -> bytes:
    made = _csv(data)
    sink = io.StringIO()
    writer = csv.writer(sink, lineterminator="\n")
    writer.writerow(made.columns)
    writer.writerows([cell or "" for cell in row] for row in made.rows)
    return sink.getvalue().encode()


def _parquet(data: bytes) -> Made:
    table = _table(data)
    columns = [column.to_pylist() for column in table.columns]
    rows = [
        [None if value is None else str(value) for value in row]
        for row in zip(*columns, strict=True)
    ]
    return _made(table.column_names, rows)


def _parquet_anew(data: bytes) -> bytes:
    sink = io.BytesIO()
    parquet.write_table(_table(data), sink, store_schema=False)
    return sink.getvalue()


def _table(data: bytes) -> pa.Table:
    """The cells of a Parquet file, its size looked at before they are unpacked."""
    try:
        file = parquet.ParquetFile(pa.BufferReader(data))
        _check_size(file.metadata)
        kinds = {each.name: _kind(each.type) for each in file.schema_arrow}
        for name, kind in kinds.items():
            if not any(is_so(kind) for is_so in _PLAIN):
                raise ValueError(f"expected a plain type of {name[:40]}")
        texts = [name for name, kind in kinds.items() if _is_text(kind)]
        packed = parquet.ParquetFile(pa.BufferReader(data), read_dictionary=texts)
        table = packed.read()
        if len(table.column_names) > len(kinds):
            raise ValueError("expected columns of different names")
    except (pa.ArrowException, OSError, KeyError):
        raise ValueError("expected Parquet") from None
    if sum(_text_size(column) for column in table.columns) > MOST_TEXT:
        raise ValueError(f"expected at most {MOST_TEXT >> 20} MiB of text")
    return pa.table({name: _cells(table[name], kind) for name, kind in kinds.items()})


def _check_size(metadata: parquet.FileMetaData) -> None:
    """From the file's own account of itself, which reading holds it to."""
    groups = [metadata.row_group(each) for each in range(metadata.num_row_groups)]
    rows = max(metadata.num_rows, sum(group.num_rows for group in groups))
    if rows * metadata.num_columns > MOST_CELLS:
        raise ValueError(f"expected at most {MOST_CELLS:,} cells")
    parts = [
        group.column(each) for group in groups for each in range(group.num_columns)
    ]
    if not {part.compression for part in parts} <= _PACKINGS:
        raise ValueError("expected Parquet packed with Snappy, or not at all")


def _kind(kind: pa.DataType) -> pa.DataType:
    """Of what type a column's cells are, categories being what they stand for."""
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _text_size(column: pa.ChunkedArray) -> int:
    """Bytes of a column's texts once each cell has its own."""
    if not (pa.types.is_dictionary(column.type) and _is_text(column.type.value_type)):
        return int(column.nbytes)
    lengths = (
        pc.take(pc.binary_length(chunk.dictionary), chunk.indices)
        for chunk in column.chunks
    )
    return sum(int(pc.sum(each).as_py() or 0) for each in lengths)


def _cells(column: pa.ChunkedArray, kind: pa.DataType) -> pa.Array:
    """A column from its values: what is under a missing one, or in one, is gone."""
    values = column.to_pylist()
    if pa.types.is_floating(kind):
        values = [None if value is None or isnan(value) else value for value in values]
    return pa.array(values, kind)


def _made(head: list[str], rows: list[list[str | None]]) -> Made:
    if len(set(head)) < len(head):
        raise ValueError("expected columns of different names")
    return Made(tuple(head), tuple(map(tuple, rows)))


READERS: Final[Mapping[str, Callable[[bytes], Made]]] = MappingProxyType(
    {".csv": _csv, ".parquet": _parquet}
)
_WRITERS: Final[Mapping[str, Callable[[bytes], bytes]]] = MappingProxyType(
    {".csv": _csv_anew, ".parquet": _parquet_anew}
)
