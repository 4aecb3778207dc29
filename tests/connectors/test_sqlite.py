from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from connectors import SqliteSource
from connectors.source import BATCH_ROWS
from tests.connectors.reading import CANARY, read, refused, rows


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A database with a table of every kind of value, and a view of it."""
    file = tmp_path / "t % é.sqlite"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute('CREATE TABLE "a ""table" (nr INTEGER, pay REAL, name TEXT)')
        connection.executemany(
            'INSERT INTO "a ""table" VALUES (?, ?, ?)',
            [(1, 2.5, "Ann"), (None, 3.0, ""), (2**53, "n/a", "Zoë")],
        )
        connection.execute('CREATE VIEW seen AS SELECT nr FROM "a ""table"')
        connection.commit()
    return file


def test_values_are_text(database: Path) -> None:
    """Each value is its own text, whatever its column declares; NULL is missing."""
    source = SqliteSource(database, 'a "table')
    assert source.schema.names == ["nr", "pay", "name"]
    assert rows(source) == [
        {"nr": "1", "pay": "2.5", "name": "Ann"},
        {"nr": None, "pay": "3", "name": ""},
        {"nr": "9007199254740992", "pay": "n/a", "name": "Zoë"},
    ]
    assert rows(source.select(["pay"]))[2] == {"pay": "n/a"}
    assert rows(SqliteSource(database, "seen"))[0] == {"nr": "1"}


def test_reading_leaves_no_trace(database: Path) -> None:
    """The file is opened read-only: it stays as it was, with nothing beside it."""
    before = database.read_bytes()
    rows(SqliteSource(database, "seen"))
    assert database.read_bytes() == before
    assert [file.name for file in database.parent.iterdir()] == [database.name]


def test_long_tables_come_in_batches(tmp_path: Path) -> None:
    """No batch is longer than the bound, and no row is lost between two."""
    file = tmp_path / "t.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE t (n)")
        numbers = ((n,) for n in range(BATCH_ROWS + 5))
        connection.executemany("INSERT INTO t VALUES (?)", numbers)
        connection.commit()
    assert [int(row["n"]) for row in rows(SqliteSource(file, "t"))] == list(
        range(BATCH_ROWS + 5)
    )


def test_what_cannot_be_read_names_its_place(database: Path) -> None:
    """No file, no table, no database, no text: each by its rule, without a value."""
    folder = database.parent
    gone = SqliteSource(folder / "no.db", "t")
    refused(lambda: gone.schema, "no.db", "no such file")
    assert not (folder / "no.db").exists()
    unknown = SqliteSource(database, "other")
    refused(lambda: unknown.schema, database.name, "no table or view other")
    (folder / "text.db").write_text(CANARY * 100)
    text = SqliteSource(folder / "text.db", "t")
    refused(lambda: text.schema, "text.db", "SQLite database")
    with closing(sqlite3.connect(folder / "bad.db")) as connection:
        connection.execute("CREATE TABLE blobs (a)")
        connection.execute("INSERT INTO blobs VALUES (?)", [CANARY.encode()])
        connection.execute("CREATE TABLE bytes (a TEXT)")
        connection.execute(
            "INSERT INTO bytes VALUES (CAST(? AS TEXT))", [CANARY.encode() + b"\xff"]
        )
        connection.commit()
    blobs = SqliteSource(folder / "bad.db", "blobs")
    refused(lambda: read(blobs), "bad.db, blobs, row 1", "text or a number as a")
    undecodable = SqliteSource(folder / "bad.db", "bytes")
    refused(lambda: read(undecodable), "bad.db", "expected")


def test_a_table_that_changes_its_columns_is_refused(database: Path) -> None:
    """Columns that have gone since they were told are an error, not other values."""
    source = SqliteSource(database, 'a "table').select(["pay"])
    with closing(sqlite3.connect(database)) as connection:
        connection.execute('ALTER TABLE "a ""table" RENAME COLUMN pay TO gone')
        connection.commit()
    refused(lambda: read(source), database.name, "expected")
