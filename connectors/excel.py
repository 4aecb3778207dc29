"""Rows of a sheet of an Excel workbook (.xlsx, .xlsm), every value as text.

Read with openpyxl, which reads a sheet row by row: memory grows with the texts that
cells share and not with the rows. (calamine is ten times as fast and holds the whole
sheet.) A formula is the value that it had when the workbook was saved.
"""

from __future__ import annotations

import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, time
from itertools import islice
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar

import pyarrow as pa

from connectors.attempt import Rules, attempt
from connectors.errors import Invalid
from connectors.extra import extra
from connectors.place import Place, placed
from connectors.rows import batched, written
from connectors.source import RAGGED, distinct, places, texts

FETCHED: Final = 1_024

LARGEST_HELD: Final = 1 << 27
"""Bytes of what a workbook is read with whole: texts that cells share, and styles."""

SMALL: Final = 1 << 26
MOST_GROWTH: Final = 250
"""A part that is not small and grows more than so many times is no sheet of anybody's.

Sheets grow ten- to thirtyfold, archives that are made to fill memory a thousandfold.
"""

T = TypeVar("T")
Untyped: TypeAlias = Any
"""What is openpyxl's: it has no types."""

BROKEN: Final[Rules] = {
    zipfile.BadZipFile: "expected an Excel workbook (.xlsx)",
    # The many ways in which openpyxl meets a broken workbook share no other type.
    Exception: "expected a whole Excel workbook: it is damaged",
}


@dataclass(frozen=True, slots=True)
class ExcelSource:
    """The rows of one sheet, below its header; blank rows are not rows.

    `sheet` is a sheet's name; without one, the first sheet is read. A row with
    values to the right of the header is ragged.
    """

    path: Path | Place
    sheet: str | None = None
    columns: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The file's name."""
        return placed(self.path).name

    @property
    def schema(self) -> pa.Schema:
        """All columns, as text."""
        for header in self._values():
            names = [(name or "").strip() for name in header]
            distinct(names, self.name)
            return texts(names)
        raise Invalid(self.name, "expected a sheet with a header: it is empty")

    def select(self, columns: Sequence[str]) -> ExcelSource:
        """The same rows with only these columns."""
        return replace(self, columns=tuple(columns))

    def batches(self, rejects: Counter[str]) -> Iterator[pa.RecordBatch]:
        """The rows, every value as text."""
        names = self.schema.names
        columns = self.columns or tuple(names)
        rows = self._rows(places(columns, names), len(names), rejects)
        yield from batched(rows, columns, self.name)

    def _rows(
        self, positions: Sequence[int], width: int, rejects: Counter[str]
    ) -> Iterator[list[str | None]]:
        for row in islice(self._values(), 1, None):
            if len(row) > width:
                rejects[RAGGED] += 1
                continue
            padded = row + [None] * (width - len(row))
            yield [padded[position] for position in positions]

    def _values(self) -> Iterator[list[str | None]]:
        """Every row that is not blank as text, without the blanks at its end."""
        with closing(placed(self.path).open()) as stream:
            _check_growth(stream, self.name)
            workbook = _quietly(lambda: _load(stream, self.name), self.name)
            with closing(workbook):
                cells = iter(self._sheet(workbook).iter_rows())
                while some := _quietly(lambda: _texts(cells), self.name):
                    yield from (row for row in some if row)

    def _sheet(self, workbook: Untyped) -> Untyped:
        found = [
            sheet for sheet in workbook.worksheets if self.sheet in {None, sheet.title}
        ]
        if not found:
            raise Invalid(self.name, f"has no sheet {self.sheet or 'at all'}")
        found[0].reset_dimensions()  # what a workbook says of its size is a guess
        return found[0]


def _check_growth(stream: pa.NativeFile, place: str) -> None:
    """Refuse, by what an archive says of itself, one that would not fit in memory.

    No more is ever unpacked of a part than the archive says that it has.
    """
    parts = attempt(lambda: zipfile.ZipFile(stream).infolist(), place, BROKEN)
    held = sum(part.file_size for part in parts if "worksheets/" not in part.filename)
    if held > LARGEST_HELD:
        message = f"expected at most {LARGEST_HELD >> 20} MiB of texts that cells share"
        raise Invalid(place, f"{message}: export it as CSV")
    for part in parts:
        grown = part.file_size > MOST_GROWTH * max(part.compress_size, 1)
        if grown and part.file_size > SMALL:
            message = "expected a workbook, and not an archive that grows without end"
            raise Invalid(place, message)


def _load(stream: pa.NativeFile, place: str) -> Untyped:
    openpyxl = extra("openpyxl", "excel", place)
    return openpyxl.load_workbook(
        stream, read_only=True, data_only=True, keep_links=False
    )


def _quietly(action: Callable[[], T], place: str) -> T:
    """Do it without openpyxl's warnings and errors, both of which quote cells."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return attempt(action, place, BROKEN)


def _texts(cells: Iterator[tuple[Untyped, ...]]) -> list[list[str | None]]:
    return [_row(row) for row in islice(cells, FETCHED)]


def _row(cells: tuple[Untyped, ...]) -> list[str | None]:
    row = [_text(cell) for cell in cells]
    while row and row[-1] is None:
        row.pop()
    return row


def _text(cell: Untyped) -> str | None:
    value = cell.value
    if isinstance(value, datetime) and value.time() == time() and not _timed(cell):
        return value.date().isoformat()
    text = written(value)
    return text if text is None or not text.isspace() else None


def _timed(cell: Untyped) -> bool:
    """Whether the cell shows a time of day, so that midnight is one."""
    return "h" in cell.number_format.lower()
