"""Opening the control database, and its two kinds of transaction.

SQLite in WAL mode, or PostgreSQL; every statement above this module is both's. A
writer holds the database from its first statement, so what it read is still true when
it writes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import (
    Column,
    Connection,
    Engine,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    insert,
    inspect,
    select,
)
from sqlalchemy.exc import DBAPIError, InterfaceError, InternalError, OperationalError

from privacy.errors import Refused
from tre.control.engines import Database, Durability, Place, connect
from tre.control.tables import metadata

REVISION: Final = "0010"
"""The newest migration; a database at another revision is migrated when opened."""

PATIENCE_SECONDS: Final = 30.0
"""How long a writer waits for others before it is turned away."""

_revision: Final = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)


class InDoubt(Refused):
    """The database was lost while a transaction was being committed.

    It took place as a whole or not at all; which, only looking again can tell.
    """

    def __init__(self) -> None:
        super().__init__(
            "in_doubt",
            "The ledger was lost at the last moment: the change may have been made.",
            suggestion="Look whether it was before you try again.",
        )


LOST: Final = (OperationalError, InternalError, InterfaceError, TimeoutError)
"""What is raised where the database cannot be had: locked, full, or not there.

Internal errors are PostgreSQL's for what its files did not take, but for a full disk.
"""


def unavailable() -> Refused:
    """The refusal where the database cannot be had. Nothing took place."""
    return Refused(
        "unavailable",
        "The ledger cannot be reached just now. Nothing was changed or charged.",
        suggestion="Ask again in a moment.",
    )


@dataclass(frozen=True, slots=True)
class Control:
    """An open control database, and the key that signs its log."""

    database: Database = field(repr=False)
    signing_key: Ed25519PrivateKey = field(repr=False)
    patience_seconds: float = PATIENCE_SECONDS
    _writer: Lock = field(default_factory=Lock, repr=False, compare=False)

    @property
    def engine(self) -> Engine:
        """What connects to it."""
        return self.database.engine

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent view of the database. What is changed in it is undone.

        Refused with unavailable where it cannot be had.
        """
        try:
            with self.engine.connect() as connection:
                _begin(connection, self.database.read)
                yield connection
        except LOST:
            raise unavailable() from None

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction, alone: committed at the end, rolled back on any exception.

        Use `tre.audit.act.acting`, which adds who, when and the log record.
        TimeoutError where another thread does not let go, InDoubt where the database
        is lost while committing.
        """
        if not self._writer.acquire(timeout=self.patience_seconds):
            raise TimeoutError("another writer holds the control database")
        try:
            with _transaction(self.database) as connection:
                yield connection
        finally:
            self._writer.release()

    def close(self) -> None:
        """Give every connection back to the system."""
        self.engine.dispose()


def open_control(
    place: Place,
    signing_key: Ed25519PrivateKey,
    *,
    durability: Durability = Durability.POWER_CUT,
    patience_seconds: float = PATIENCE_SECONDS,
) -> Control:
    """Open the control database at `place`, making or migrating it where needed.

    A file is readable by its owner only. Invalid where a later version of the program
    made it.
    """
    database = connect(place, durability, patience_seconds)
    try:
        _prepare(database)
    except BaseException:
        database.engine.dispose()
        raise
    return Control(database, signing_key, patience_seconds)


def is_made(place: Place) -> bool:
    """Whether there is a control database at this place already.

    Refused with unavailable where the server cannot be reached.
    """
    database = connect(place, Durability.POWER_CUT, PATIENCE_SECONDS)
    try:
        with database.engine.connect() as connection:
            _begin(connection, database.read)
            return _current(connection) is not None
    except LOST:
        raise unavailable() from None
    finally:
        database.engine.dispose()


def _begin(connection: Connection, statements: tuple[str, ...]) -> None:
    """Begin a transaction in so many words: the driver itself begins none."""
    for statement in statements:
        connection.exec_driver_sql(statement)


@contextmanager
def _transaction(database: Database) -> Iterator[Connection]:
    with database.engine.connect() as connection:
        _begin(connection, database.write)
        yield connection
        try:
            connection.commit()
        except DBAPIError:
            raise InDoubt from None


def _prepare(database: Database) -> None:
    with database.engine.connect() as connection:
        _begin(connection, database.read)
        if _current(connection) == REVISION:
            return
    with _transaction(database) as connection:
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
