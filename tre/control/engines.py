"""The two engines of the control database, and how a transaction begins on each.

On both a writer is alone from its first statement, so that what it read is still true
when it writes, and a reader has one view of everything. The drivers begin nothing by
themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from math import ceil
from pathlib import Path
from typing import Final, TypeAlias

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry

Place: TypeAlias = Path | URL
"""Where a control database is: SQLite's file, or a PostgreSQL server's address."""

_DRIVER: Final = "postgresql+psycopg"
_WRITERS: Final = 0x7472655F77726974
"""The advisory lock that a writer on PostgreSQL holds until its transaction ends."""


class Durability(Enum):
    """What a committed transaction survives."""

    POWER_CUT = "FULL"
    PROCESS_END = "OFF"
    """For throw-away laboratories: a killed process loses nothing, a power cut may."""


@dataclass(frozen=True, slots=True)
class Database:
    """An engine, and the statements with which its two kinds of transaction begin."""

    engine: Engine
    read: tuple[str, ...]
    write: tuple[str, ...]


def read_address(text: str) -> URL:
    """A PostgreSQL server's address, as `postgresql://user@host:5432/database`.

    ValueError where it is none, or holds a password: that is libpq's to find, in
    `~/.pgpass` or where PGPASSFILE says, and is written nowhere else.
    """
    try:
        address = make_url(text)
    except ArgumentError:
        raise ValueError("expected postgresql://user@host/database") from None
    if address.drivername not in {"postgresql", _DRIVER} or not address.database:
        raise ValueError("expected postgresql://user@host/database")
    if address.password is not None or "password" in address.query:
        raise ValueError("expected no password: put it into ~/.pgpass")
    return address.set(drivername=_DRIVER)


def connect(place: Place, durability: Durability, patience_seconds: float) -> Database:
    """An engine for the place. Nothing waits for another's lock for longer."""
    if isinstance(place, Path):
        return _sqlite(place, durability, patience_seconds)
    return _postgresql(place, durability, patience_seconds)


def _sqlite(path: Path, durability: Durability, patience_seconds: float) -> Database:
    path.touch(mode=0o600)
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        connect_args={"timeout": patience_seconds, "isolation_level": None},
        max_overflow=-1,
        hide_parameters=True,
    )

    def prepare(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        # Damaged text is read, so that the log's verifier can say where it is.
        connection.text_factory = _text
        for setting in (
            "journal_mode = WAL",
            f"synchronous = {durability.value}",
            "foreign_keys = ON",
            "trusted_schema = OFF",
        ):
            cursor = connection.cursor()
            cursor.execute(f"PRAGMA {setting}")
            cursor.close()

    event.listen(engine.pool, "connect", prepare)
    return Database(engine, ("BEGIN",), ("BEGIN IMMEDIATE",))


def _postgresql(
    address: URL, durability: Durability, patience_seconds: float
) -> Database:
    synchronous = "on" if durability is Durability.POWER_CUT else "off"
    settings = {
        "lock_timeout": f"{ceil(1000 * patience_seconds)}",
        "idle_in_transaction_session_timeout": "60000",
        "synchronous_commit": synchronous,
        "timezone": "UTC",
    }
    engine = create_engine(
        address,
        connect_args={
            "autocommit": True,  # it begins nothing by itself
            "connect_timeout": 10,
            "options": " ".join(
                f"-c {name}={value}" for name, value in settings.items()
            ),
        },
        max_overflow=-1,
        pool_pre_ping=True,
        hide_parameters=True,
    )
    return Database(
        engine,
        ("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",),
        (
            "BEGIN ISOLATION LEVEL READ COMMITTED",
            f"SELECT pg_advisory_xact_lock({_WRITERS})",
        ),
    )


def _text(stored: bytes) -> str:
    return stored.decode(errors="surrogateescape")
