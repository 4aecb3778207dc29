"""Rows of a table in a SQLite file, every value as text.

SQLite keeps a type with each value and none with the column, so what a column
declares says little: values are given as text, like those of a CSV file.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pyarrow as pa

from connectors.attempt import Rules, attempt
from connectors.errors import Invalid
from connectors.place import LocalFile
from connectors.rows import batched, written
from connectors.source import distinct, texts

BROKEN: Final[Rules] = {
    sqlite3.Error: "expected a whole SQLite database that nobody is writing to",
    UnicodeError: "expected text in UTF-8",
}

FETCHED: Final = 4_096

SAFE: Final = "PRAGMA trusted_schema = OFF"
"""What a file's views and defaults may call is no more than what any SQL may."""

FIND: Final = """
SELECT count(*) FROM sqlite_schema WHERE type IN ('table', 'view') AND name = ?
"""


@dataclass(frozen=True, slots=True)
class SqliteSource:
    """The rows of one table or view of a SQLite file, as one statement sees them."""

    path: Path
    table: str
    columns: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

    @property
    def schema(self) -> pa.Schema:
        """All columns, as text."""
        with closing(self._connect()) as connection:
            names = self._names(connection)
        distinct(names, self.name)
        return texts(names)

    def select(self, columns: Sequence[str]) -> SqliteSource:
        """The same rows with only these columns."""
        return replace(self, columns=tuple(columns))

    def batches(self, rejects: Counter[str]) -> Iterator[pa.RecordBatch]:  # noqa: ARG002 - no row of a table is ragged
        """The rows, every value as text."""
        with closing(self._connect()) as connection:
            columns = self.columns or tuple(self._names(connection))
            rows = self._rows(connection, columns)
            yield from batched(rows, columns, self.name)

    def _connect(self) -> sqlite3.Connection:
        LocalFile(self.path).open().close()
        uri = f"{self.path.resolve().as_uri()}?mode=ro"

        def connect() -> sqlite3.Connection:
            # The engine that takes the rows asks for them from threads of its own.
            connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
            connection.execute(SAFE)
            return connection

        return attempt(connect, self.name, BROKEN)

    def _names(self, connection: sqlite3.Connection) -> list[str]:
        def names() -> list[str]:
            if connection.execute(FIND, [self.table]).fetchone() == (0,):
                return []
            empty = f"SELECT * FROM {_quoted(self.table)} LIMIT 0"
            return [column[0] for column in connection.execute(empty).description]

        found = attempt(names, self.name, BROKEN)
        if not found:
            raise Invalid(self.name, f"has no table or view {self.table}")
        return found

    def _rows(
        self, connection: sqlite3.Connection, columns: Sequence[str]
    ) -> Iterator[list[str | None]]:
        # Unqualified, SQLite would take the quoted name of no column for a text.
        listed = ", ".join(f"t.{_quoted(column)}" for column in columns)
        select = f"SELECT {listed} FROM {_quoted(self.table)} AS t"
        cursor = attempt(lambda: connection.execute(select), self.name, BROKEN)
        seen = 0
        while some := attempt(lambda: cursor.fetchmany(FETCHED), self.name, BROKEN):
            for number, row in enumerate(some, start=seen + 1):
                yield self._texts(row, columns, number)
            seen += len(some)

    def _texts(
        self, row: Sequence[object], columns: Sequence[str], number: int
    ) -> list[str | None]:
        found = [written(value) for value in row]
        for text, value, column in zip(found, row, columns, strict=True):
            if text is None and value is not None:
                place = f"{self.name}, {self.table}, row {number}"
                raise Invalid(place, f"expected text or a number as {column}")
        return found


def _quoted(name: str) -> str:
    escaped = name.replace('"', '""')
    return f'"{escaped}"'
