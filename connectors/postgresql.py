"""Rows of a table in a PostgreSQL database, every value as text.

One statement reads the table, so its rows are of one moment. Trying again covers the
connection only: rows that were given cannot be taken back, so a connection lost
while reading ends the reading, and the intake with it.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias

import pyarrow as pa

from connectors.attempt import Rules, attempt, attempted
from connectors.credential import Credential
from connectors.errors import Invalid
from connectors.extra import extra
from connectors.retry import Patience, Unreached
from connectors.source import distinct, slices, texts

Untyped: TypeAlias = Any
"""What is the driver's: it has no types."""

BATCH_BYTES: Final = 1 << 22

REFUSALS: Final = {
    "authentication failed": "the server refused the credentials",
    "no password supplied": "the server refused the credentials",
    "no pg_hba.conf entry": "the server refused the credentials",
    "does not exist": "the server has no such database or user",
    "certificate": "expected a server whose certificate can be verified",
    "does not support SSL": "expected a server that encrypts",
}
"""What a server that answers says no with, and what that is called here."""

STATES: Final = {
    "42P01": "has no table {table}, or none that its user may see",
    "3F000": "has no table {table}, or none that its user may see",
    "42501": "does not let its user read the table {table}",
    "42703": "changed the columns of the table {table} while it was read",
}
"""SQLSTATE classes that tell a steward what to do."""

LOST: Final[Rules] = {Exception: "the connection was lost, or the server gave up"}

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})

SETTINGS: Final = "-c default_transaction_read_only=on -c datestyle=ISO -c timezone=UTC"


@dataclass(frozen=True, slots=True)
class Server:
    """A database and who asks it. A local one may be asked without encryption."""

    host: str
    port: int
    database: str
    credential: Credential

    @property
    def local(self) -> bool:
        """Whether the connection stays on this machine."""
        return self.host.startswith("/") or self.host in LOOPBACK

    def conninfo(self) -> str:
        """How libpq is told; secret."""
        said = {
            "host": self.host,
            "port": str(self.port),
            "dbname": self.database,
            "user": self.credential.user,
            "password": self.credential.password,
            "sslmode": "prefer" if self.local else "verify-full",
            **self._authorities(),
            "gssencmode": "disable",
            "connect_timeout": "10",
            "options": SETTINGS,
        }
        return " ".join(f"{key}={_conninfo(value)}" for key, value in said.items())

    def _authorities(self) -> Mapping[str, str]:
        """Who may vouch for a far server: the system's, unless libpq is told others."""
        if self.local or os.environ.get("PGSSLROOTCERT"):
            return {}
        return {"sslrootcert": "system"}


@dataclass(frozen=True, slots=True)
class PostgresqlSource:
    """The rows of one table or view, as one statement sees them."""

    server: Server
    schema_name: str
    table: str
    patience: Patience = field(default_factory=Patience)
    columns: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The table's name."""
        return f"{self.schema_name}.{self.table}"

    @property
    def schema(self) -> pa.Schema:
        """All columns, as text."""
        with self._cursor() as cursor:
            names = self._known(cursor).names
        distinct(names, self.name)
        return texts(names)

    def select(self, columns: Sequence[str]) -> PostgresqlSource:
        """The same rows with only these columns."""
        return replace(self, columns=tuple(columns))

    def batches(self, rejects: Counter[str]) -> Iterator[pa.RecordBatch]:  # noqa: ARG002 - no row of a table is ragged
        """The rows, every value as text."""
        with self._cursor() as cursor:
            known = self._known(cursor)
            columns = self.columns or tuple(known.names)
            if not set(columns) <= set(known.names):
                raise Invalid(self.name, self._told("42703"))
            listed = ", ".join(_text(known.field(column)) for column in columns)
            select = f"SELECT {listed} FROM {self._table} AS t"
            self._execute(lambda: cursor.execute(select))
            schema = texts(columns)
            stream = iter(attempt(cursor.fetch_record_batch, self.name, LOST))
            for batch in attempted(stream, self.name, LOST):
                plain = pa.RecordBatch.from_arrays(batch.columns, schema=schema)
                yield from slices(plain)

    @property
    def _table(self) -> str:
        return f"{_quoted(self.schema_name)}.{_quoted(self.table)}"

    def _known(self, cursor: Untyped) -> pa.Schema:
        self._execute(lambda: cursor.execute(f"SELECT * FROM {self._table} LIMIT 0"))
        return attempt(lambda: cursor.fetch_record_batch().schema, self.name, LOST)

    def _execute(self, action: Untyped) -> Untyped:
        try:
            return action()
        except Exception as error:  # noqa: BLE001 - the driver is an extra: its errors have no name here
            state = getattr(error, "sqlstate", None) or ""
        raise Invalid(self.name, self._told(state))

    def _told(self, state: str) -> str:
        return STATES.get(state, LOST[Exception]).format(table=self.table)

    @contextmanager
    def _cursor(self) -> Iterator[Untyped]:
        driver = extra("adbc_driver_postgresql.dbapi", "postgresql", self.name)
        try:
            connection = self.patience.tried(lambda: self._connect(driver))
        except Unreached:
            unreached = True
        else:
            unreached = False
        if unreached:
            raise Invalid(self.name, "the server cannot be reached")
        with closing(connection), closing(connection.cursor()) as cursor:
            hint = {"adbc.postgresql.batch_size_hint_bytes": str(BATCH_BYTES)}
            cursor.adbc_statement.set_options(**hint)
            yield cursor

    def _connect(self, driver: Untyped) -> Untyped:
        try:
            return driver.connect(self.server.conninfo())
        except driver.Error as error:
            said = str(error)
        for sign, message in REFUSALS.items():
            if sign in said:
                raise Invalid(self.name, message)
        raise Unreached


def _text(said: pa.Field) -> str:
    """A column as the text of its values; moments with a zone in UTC."""
    column = f"t.{_quoted(said.name)}"
    if pa.types.is_timestamp(said.type) and said.type.tz:
        column = f"({column} AT TIME ZONE 'UTC')"
    return f"CAST({column} AS text)"


def _quoted(name: str) -> str:
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


def _conninfo(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
