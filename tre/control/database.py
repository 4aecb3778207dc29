"""Opening the control database, and its two kinds of transaction.

SQLite in WAL mode; every statement above this module is also PostgreSQL's. A writer
holds the database from its first statement (BEGIN IMMEDIATE), so what it read is
still true when it writes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from threading import Lock
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import (
    URL,
    Column,
    Connection,
    Engine,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    create_engine,
    event,
    insert,
    inspect,
    select,
)
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from tre.control.tables import metadata

REVISION: Final = "0004"
"""The newest migration; a database at another revision is migrated when opened."""

_PATIENCE_SECONDS: Final = 30.0

_READ: Final = "BEGIN"
_WRITE: Final = "BEGIN IMMEDIATE"

_revision: Final = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)


class Durability(Enum):
    """What a committed transaction survives."""

    POWER_CUT = "FULL"
    PROCESS_END = "OFF"
    """For throw-away laboratories: a killed process loses nothing, a power cut may."""


@dataclass(frozen=True, slots=True)
class Control:
    """An open control database, and the key that signs its log."""

    engine: Engine
    signing_key: Ed25519PrivateKey = field(repr=False)
    _writer: Lock = field(default_factory=Lock, repr=False, compare=False)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent view of the database. What is changed in it is undone."""
        with self.engine.connect() as connection:
            connection.exec_driver_sql(_READ)
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction, alone: committed at the end, rolled back on any exception.

        Use `tre.audit.act.acting`, which adds who, when and the log record.
        TimeoutError where another thread does not let go.
        """
        if not self._writer.acquire(timeout=_PATIENCE_SECONDS):
            raise TimeoutError("another writer holds the control database")
        try:
            with _transaction(self.engine, _WRITE) as connection:
                yield connection
        finally:
            self._writer.release()

    def close(self) -> None:
        """Give every connection back to the system."""
        self.engine.dispose()


def open_control(
    path: Path,
    signing_key: Ed25519PrivateKey,
    *,
    durability: Durability = Durability.POWER_CUT,
) -> Control:
    """Open the control database at `path`, making or migrating it where needed.

    The file is readable by its owner only. RuntimeError where a later version of the
    program made it.
    """
    path.touch(mode=0o600)
    engine = _engine(path, durability)
    try:
        _prepare(engine)
    except BaseException:
        engine.dispose()
        raise
    return Control(engine, signing_key)


def _engine(path: Path, durability: Durability) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        connect_args={"timeout": _PATIENCE_SECONDS, "isolation_level": None},
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
    return engine


def _text(stored: bytes) -> str:
    return stored.decode(errors="surrogateescape")


@contextmanager
def _transaction(engine: Engine, begin: str) -> Iterator[Connection]:
    """A transaction begun in so many words: the driver itself begins none."""
    with engine.begin() as connection:
        connection.exec_driver_sql(begin)
        yield connection


def _prepare(engine: Engine) -> None:
    with _transaction(engine, _READ) as connection:
        if _current(connection) == REVISION:
            return
    with _transaction(engine, _WRITE) as connection:
        current = _current(connection)
        if current is None:
            metadata.create_all(connection, checkfirst=False)
            _revision.create(connection, checkfirst=False)
            connection.execute(insert(_revision).values(version_num=REVISION))
        elif current != REVISION:
            # Alembic takes longer to import than a fresh database takes to make.
            from tre.control.migrate import migrate

            migrate(connection)


def _current(connection: Connection) -> str | None:
    if not inspect(connection).has_table(_revision.name):
        return None
    return str(connection.execute(select(_revision.c.version_num)).scalar_one())
