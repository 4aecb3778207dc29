"""Rows of files that SAS, SPSS and Stata write, every value as text.

Missing values of every kind, those that a file's user declared too, are missing.
Dates and times are read by the file's own formats. Where labels are asked for, a
value that has one is given as its label, and any other as itself: labels are in the
file, or for SAS in a catalogue of formats beside it.

A file is read some rows at a time. ReadStat goes straight to these in plain SPSS and in
Stata files. A SAS transport file it is brought to. In others it goes over those before,
which takes a tenth of what reading them takes, and in SPSS portable files half.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeAlias

import pyarrow as pa

from connectors.attempt import Rules, attempt, attempted
from connectors.errors import Invalid
from connectors.extra import extra
from connectors.place import LocalFile
from connectors.rows import batched, written
from connectors.source import BATCH_ROWS, distinct, texts

READERS: Final[Mapping[str, str]] = {
    ".sas7bdat": "read_sas7bdat",
    ".xpt": "read_xport",
    ".sav": "read_sav",
    ".zsav": "read_sav",
    ".por": "read_por",
    ".dta": "read_dta",
}
"""pyreadstat's reader for each kind of file."""

CATALOGUED: Final = ".sas7bdat"
"""The one kind of file that has its labels in another."""

TRANSPORT: Final = ".xpt"

CHUNK_CELLS: Final = 1 << 20
"""Values that are held at once, as Python's objects: rows times columns."""

BROKEN_CATALOGUE: Final[Rules] = {
    Exception: "expected a whole SAS catalogue of formats (.sas7bcat)"
}

BROKEN: Final[Rules] = {
    OverflowError: "expected dates before the year 10000",
    # ReadStat has one error of its own, and each reader meets others.
    Exception: "expected a whole SAS, SPSS or Stata file of the kind its name says",
}

Untyped: TypeAlias = Any
"""What is pyreadstat's: it has no types."""

Labels: TypeAlias = Mapping[str, Mapping[object, str]]
"""What values are called, by column or by format."""

Chunk: TypeAlias = tuple[Mapping[str, Sequence[object]], Untyped]
"""Columns of Python values, and what the file says of them."""


class Values(Enum):
    """How values that have labels are given."""

    CODES = "codes"
    LABELS = "labels"


@dataclass(frozen=True, slots=True)
class StatisticsSource:
    """The rows of one file of SAS, SPSS or Stata, in file order."""

    path: Path
    values: Values = Values.CODES
    catalogue: Path | None = None
    columns: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

    @property
    def schema(self) -> pa.Schema:
        """All columns, as text."""
        reader = self._reader()
        path = str(self.path)
        _, told = attempt(lambda: reader(path, metadataonly=True), self.name, BROKEN)
        distinct(told.column_names, self.name)
        return texts(told.column_names)

    def select(self, columns: Sequence[str]) -> StatisticsSource:
        """The same rows with only these columns."""
        return replace(self, columns=tuple(columns))

    def batches(self, rejects: Counter[str]) -> Iterator[pa.RecordBatch]:  # noqa: ARG002 - no row of such a file is ragged
        """The rows, every value as text."""
        columns = self.columns or tuple(self.schema.names)
        formats = self._formats()
        for data, told in attempted(self._chunks(columns), self.name, BROKEN):
            labels = self._labels(told, formats)
            values = [
                self._texts(data[name], labels.get(name, {}), name) for name in columns
            ]
            yield from batched(zip(*values, strict=True), columns, self.name)

    def _labels(self, told: Untyped, formats: Labels) -> Labels:
        """What the values of each column are called; nothing of most."""
        if self.values is Values.CODES:
            return {}
        named = told.variable_to_label.items()
        catalogued = {name: formats.get(said, {}) for name, said in named}
        return {**catalogued, **told.variable_value_labels}

    def _formats(self) -> Labels:
        """The formats that the catalogue has, by name."""
        file = self.catalogue
        if file is None:
            return {}
        LocalFile(file).open().close()
        library = extra("pyreadstat", "statistics", self.name)
        _, told = attempt(
            lambda: library.read_sas7bcat(str(file), output_format="dict"),
            file.name,
            BROKEN_CATALOGUE,
        )
        found: Labels = told.value_labels
        return found

    def _reader(self) -> Callable[..., Chunk]:
        LocalFile(self.path).open().close()
        reader = READERS.get(self.path.suffix.lower())
        if reader is None:
            kinds = ", ".join(sorted(READERS))
            raise Invalid(self.name, f"expected a file of kind {kinds}")
        found: Callable[..., Chunk] = getattr(
            extra("pyreadstat", "statistics", self.name), reader
        )
        return found

    def _chunks(self, columns: Sequence[str]) -> Iterator[Chunk]:
        reader = self._reader()
        rows = max(1, min(BATCH_ROWS, CHUNK_CELLS // len(columns)))
        wanted = {"usecols": list(columns), "output_format": "dict", "row_limit": rows}
        # ReadStat reads some kinds a byte at a time: a file of ours has a buffer.
        with self.path.open("rb") as file:
            if self.path.suffix.lower() == TRANSPORT:
                reader(file, metadataonly=True)
                chunks = _resumed(partial(reader, **wanted), file)
            else:
                chunks = _counted(partial(reader, **wanted), file, rows)
            for chunk in chunks:
                size = len(chunk[0][columns[0]]) if columns[0] in chunk[0] else 0
                if size:
                    yield chunk
                if size < rows:
                    return

    def _texts(
        self, values: Sequence[object], labels: Mapping[object, str], column: str
    ) -> list[str | None]:
        found = []
        for value in values:
            text = labels.get(value) or written(value)
            if text is None and value is not None:
                raise Invalid(self.name, f"holds a value of no plain kind as {column}")
            found.append(text)
        return found


def _counted(read: Callable[..., Chunk], file: BinaryIO, rows: int) -> Iterator[Chunk]:
    """Chunk after chunk, each by the number of its first row."""
    for first in count(0, rows):
        file.seek(0)
        yield read(file, row_offset=first)


def _resumed(read: Callable[..., Chunk], file: BinaryIO) -> Iterator[Chunk]:
    """Chunk after chunk of a file whose header was read, each from the last one's end.

    Rows of such a file are read one at a time, straight after the header.
    """
    header = reached = file.tell()
    while True:
        file.seek(0)
        yield read(_Resumed(file, header, reached))
        reached = file.tell()


@dataclass(frozen=True, slots=True)
class _Resumed:
    """A file in which what lies between its header and where it goes on is left out."""

    file: BinaryIO
    header: int
    reached: int

    def read(self, size: int) -> bytes:
        """The next bytes."""
        if self.file.tell() == self.header:
            self.file.seek(self.reached)
        return self.file.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a byte of the file as it is: its size is looked for so."""
        return self.file.seek(offset, whence)

    def tell(self) -> int:
        """Which byte of the file is next."""
        return self.file.tell()
