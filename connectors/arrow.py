"""Rows of Arrow: IPC files and streams on disk, and tables in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import pyarrow as pa

from connectors.errors import Invalid
from connectors.place import LocalFile, Place, placed
from connectors.source import BATCH_ROWS, distinct, slices

FILE_MAGIC: Final = b"ARROW1"


@dataclass(frozen=True, slots=True)
class ArrowSource:
    """The rows of one Arrow IPC file or stream, in file order."""

    path: Path | Place
    columns: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The file's name."""
        return placed(self.path).name

    @property
    def schema(self) -> pa.Schema:
        """All columns. Raises `Invalid` for what is not Arrow IPC."""
        with self._open() as reader:
            schema = reader.schema
        distinct(schema.names, self.name)
        return schema

    def select(self, columns: Sequence[str]) -> ArrowSource:
        """The same rows with only these columns."""
        return replace(self, columns=tuple(columns))

    def batches(self, rejects: Counter[str]) -> Iterator[pa.RecordBatch]:  # noqa: ARG002 - no row of an Arrow file is ragged
        """The rows, one stored batch at a time."""
        with self._open() as reader:
            columns = list(self.columns or reader.schema.names)
            for batch in _stored(reader):
                yield from slices(batch.select(columns))

    def _bytes(self) -> pa.NativeFile:
        """The file; mapped where it is local, since its batches may be of any size."""
        where = self.path
        if not isinstance(where, Path):
            return where.open()
        LocalFile(where).check()
        return pa.memory_map(str(where))

    @contextmanager
    def _open(self) -> Iterator[pa.RecordBatchFileReader | pa.RecordBatchStreamReader]:
        try:
            with self._bytes() as stream:
                framed = stream.read(len(FILE_MAGIC)) == FILE_MAGIC
                stream.seek(0)
                opened = pa.ipc.open_file if framed else pa.ipc.open_stream
                with opened(stream) as reader:
                    yield reader
                return
        except FileNotFoundError:
            message = "there is no such file"
        except (pa.ArrowException, OSError):
            message = "expected a whole Arrow IPC file or stream"
        raise Invalid(self.name, message)


@dataclass(frozen=True, slots=True)
class TableSource:
    """The rows of an Arrow table somebody already holds in memory."""

    name: str
    table: pa.Table = field(repr=False)

    @property
    def schema(self) -> pa.Schema:
        """All columns."""
        distinct(self.table.schema.names, self.name)
        return self.table.schema

    def select(self, columns: Sequence[str]) -> TableSource:
        """The same rows with only these columns."""
        return replace(self, table=self.table.select(list(columns)))

    def batches(self, rejects: Counter[str]) -> Iterator[pa.RecordBatch]:  # noqa: ARG002 - no row of a table is ragged
        """The rows."""
        yield from self.table.to_batches(max_chunksize=BATCH_ROWS)


def _stored(
    reader: pa.RecordBatchFileReader | pa.RecordBatchStreamReader,
) -> Iterator[pa.RecordBatch]:
    if isinstance(reader, pa.RecordBatchStreamReader):
        yield from reader
        return
    for position in range(reader.num_record_batches):
        yield reader.get_batch(position)
