"""Write rows so that neither their order nor their schema says more than they do.

A source's order is often that of its surnames or of its admissions, and a schema's
metadata is free text of whatever program wrote it.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
from numpy.typing import NDArray

HEAPS: Final = 32
"""Parts that rows are dealt to, of which one at a time is in memory."""


def bare(table: pa.Table) -> pa.Table:
    """The columns' names and values alone: no metadata, no list of other values.

    A dictionary may list values that no row has, so it is laid out.
    """
    columns = [_plain(column) for column in table.columns]
    fields = [
        pa.field(name, column.type)
        for name, column in zip(table.column_names, columns, strict=True)
    ]
    return pa.table(columns, schema=pa.schema(fields))


def write_shuffled(tables: Iterable[pa.Table], file: Path) -> int:
    """Write tables of one schema as one Parquet file, in an order drawn by lot.

    Every order of all rows is equally likely (to the 2⁻⁶⁴ that two lots tie with):
    each row is dealt to a heap by the system's generator, then each heap is shuffled
    (Rao 1961; Sandelius 1962). Heaps are on disk, where only the owner reads them.
    Returns how many rows there are; of none, nothing is written.
    """
    with tempfile.TemporaryDirectory() as scratch:
        heaps = [Path(scratch) / f"{place}.arrows" for place in range(HEAPS)]
        rows = _deal(tables, heaps)
        if rows:
            _gather(heaps, file)
    return rows


def _deal(tables: Iterable[pa.Table], heaps: list[Path]) -> int:
    rows = 0
    with ExitStack() as open_files:
        writers: list[pa.ipc.RecordBatchStreamWriter] = []
        for table in tables:
            if not writers:
                writers = [
                    open_files.enter_context(pa.ipc.new_stream(heap, table.schema))
                    for heap in map(str, heaps)
                ]
            drawn = _lots(table.num_rows) % HEAPS
            for place, writer in enumerate(writers):
                writer.write_table(table.filter(pa.array(drawn == place)))
            rows += table.num_rows
    return rows


def _gather(heaps: list[Path], file: Path) -> None:
    with ExitStack() as open_files:
        writer: pq.ParquetWriter | None = None
        for heap in heaps:
            with pa.ipc.open_stream(str(heap)) as reader:
                table = reader.read_all()
            if writer is None:
                writer = open_files.enter_context(pq.ParquetWriter(file, table.schema))
            order = np.argsort(_lots(table.num_rows))
            writer.write_table(table.take(pa.array(order)))


def _lots(count: int) -> NDArray[np.uint64]:
    """Numbers of the system's generator."""
    return np.frombuffer(os.urandom(8 * count), np.uint64)


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_dictionary(column.type):
        return column.cast(column.type.value_type)
    return column
