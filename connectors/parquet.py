"""Rows of Parquet files, with the types the file gives them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from connectors.errors import Invalid
from connectors.place import LocalFile, Place, placed
from connectors.source import BATCH_ROWS, distinct

FETCHED: Final = 1 << 22
"""Bytes that are asked of a store at once; without it, all of a column's in a group."""


@dataclass(frozen=True, slots=True)
class ParquetSource:
    """The rows of one Parquet file, in file order."""

    path: Path | Place
    columns: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The file's name."""
        return placed(self.path).name

    @property
    def schema(self) -> pa.Schema:
        """All columns. Raises `Invalid` for what is not a Parquet file."""
        with self._open() as file:
            schema = file.schema_arrow
        distinct(schema.names, self.name)
        return schema

    def select(self, columns: Sequence[str]) -> ParquetSource:
        """The same rows with only these columns."""
        return replace(self, columns=tuple(columns))

    def batches(self, rejects: Counter[str]) -> Iterator[pa.RecordBatch]:  # noqa: ARG002 - no row of a Parquet file is ragged
        """The rows, one row group's pages at a time."""
        with self._open() as file:
            columns = list(self.columns or file.schema_arrow.names)
            try:
                for batch in file.iter_batches(BATCH_ROWS, columns=columns):
                    yield batch.select(columns)
            except (pa.ArrowException, OSError):
                damaged = True
            else:
                damaged = False
        if damaged:
            raise Invalid(self.name, "expected a whole Parquet file: it is damaged")

    def _open(self) -> pq.ParquetFile:
        where = self.path
        try:
            if isinstance(where, Path):
                LocalFile(where).check()
                return pq.ParquetFile(where, memory_map=True, pre_buffer=False)
            return pq.ParquetFile(where.open(), pre_buffer=False, buffer_size=FETCHED)
        except FileNotFoundError:
            message = "there is no such file"
        except (pa.ArrowException, OSError):
            message = "expected a Parquet file"
        raise Invalid(self.name, message)
