"""Rows of Delta Lake tables, in folders of this machine or of an object store.

A table is read as one of its versions has it, file by file. Its log may name files
anywhere; only those in the table's own folder are read. What the reader does not
know (deletion vectors, mapped columns) is refused by name, never read as if it were
not there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeAlias
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from connectors.attempt import Rules, attempt, attempted
from connectors.errors import Invalid
from connectors.extra import extra
from connectors.object_store import UNREACHED, ObjectStore
from connectors.parquet import FETCHED
from connectors.retry import Patience, Unreached
from connectors.source import BATCH_ROWS, distinct, slices

Untyped: TypeAlias = Any
"""What is deltalake's: its module is an extra."""

ANY: Final[Rules] = {
    Exception: "cannot be read: is it damaged, or was the connection lost?"
}

FEATURES: Final = "uses features that are not read: deletion vectors, or the like"
OUTSIDE: Final = "expected a table whose files are in its folder"

REFUSED: Final = ("Forbidden", "Unauthorized", "privileges", "credentials")
AWAY: Final = ("Connect)", "error sending request", "timed out", "503 ", "500 ")
"""What the library's error texts say of a store that refused, or was away."""


@dataclass(frozen=True, slots=True)
class StoredFolder:
    """A folder of a bucket."""

    store: ObjectStore
    key: str

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.key.rstrip("/").rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class DeltaSource:
    """The rows of one version of a Delta table; the newest one if none is named."""

    place: Path | StoredFolder
    version: int | None = None
    columns: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.place.name

    @property
    def schema(self) -> pa.Schema:
        """All columns, in plain types."""
        schema: pa.Schema = self._dataset().schema
        distinct(schema.names, self.name)
        return schema

    def select(self, columns: Sequence[str]) -> DeltaSource:
        """The same rows with only these columns."""
        return replace(self, columns=tuple(columns))

    def batches(self, rejects: Counter[str]) -> Iterator[pa.RecordBatch]:  # noqa: ARG002 - no row of a table is ragged
        """The rows, file by file."""
        dataset = self._dataset()
        columns = list(self.columns or dataset.schema.names)
        for batch in attempted(_rows(dataset, columns), self.name, ANY):
            yield from slices(batch)

    def _dataset(self) -> Untyped:
        table = self._opened()
        try:
            dataset = table.to_pyarrow_dataset()
        except Exception as error:  # noqa: BLE001 - of the library, whose errors are an extra's
            known = "reader feature" in str(error) or "reader version" in str(error)
            message = FEATURES if known else ANY[Exception]
        else:
            message = "" if all(map(_inside, dataset.files)) else OUTSIDE
        if message:
            raise Invalid(self.name, message)
        return dataset

    def _opened(self) -> Untyped:
        library = extra("deltalake", "delta", self.name)
        once = partial(self._open, library)
        return attempt(lambda: self._patience.tried(once), self.name, UNREACHED)

    @property
    def _patience(self) -> Patience:
        """A folder of this machine is there or not; a store may be away."""
        place = self.place
        return place.store.patience if isinstance(place, StoredFolder) else Patience(())

    def _open(self, library: Untyped) -> Untyped:
        try:
            return self._table(library)
        except library.exceptions.TableNotFoundError:
            message = "expected a Delta table: there is none"
        except Exception as error:  # noqa: BLE001 - of the library, whose errors are an extra's
            message = _told(str(error))
        if message:
            raise Invalid(self.name, message)
        raise Unreached

    def _table(self, library: Untyped) -> Untyped:
        place = self.place
        if isinstance(place, StoredFolder):
            uri = f"s3://{place.store.bucket}/{place.key}"
            return library.DeltaTable(uri, self.version, dict(place.store.options()))
        if not (place / "_delta_log").is_dir():
            raise library.exceptions.TableNotFoundError
        return library.DeltaTable(str(place), self.version)


def _rows(dataset: Untyped, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """File by file, some pages at a time: a scan would hold a row group whole."""
    schema = pa.schema([dataset.schema.field(name) for name in columns])
    for fragment in dataset.get_fragments():
        keys = ds.get_partition_keys(fragment.partition_expression)
        opened = fragment.filesystem.open_input_file(fragment.path)
        with pq.ParquetFile(opened, pre_buffer=False, buffer_size=FETCHED) as file:
            there = [name for name in columns if name in file.schema_arrow.names]
            for batch in file.iter_batches(BATCH_ROWS, columns=there):
                yield _whole(batch, schema, keys)


def _whole(
    batch: pa.RecordBatch, schema: pa.Schema, keys: Mapping[str, object]
) -> pa.RecordBatch:
    """The batch with what its file's folders say, and NULL of what is newer than it."""
    there = frozenset(batch.schema.names)
    arrays = [
        batch.column(field.name).cast(field.type)
        if field.name in there
        else pa.repeat(pa.scalar(keys.get(field.name), field.type), batch.num_rows)
        for field in schema
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _told(said: str) -> str:
    """What to say of an error with this text; nothing where another try may help."""
    if any(sign in said for sign in REFUSED):
        return "the store refused to give it to this user"
    if "specified end version" in said:
        return "has no such version"
    return "" if any(sign in said for sign in AWAY) else ANY[Exception]


def _inside(file: str) -> bool:
    """Whether the log names a file by where it is in the table's own folder."""
    path = unquote(file)
    return "://" not in path and not path.startswith("/") and ".." not in path
