"""The engine intake runs on: one DuckDB connection, with zones attached to it.

Nothing it says reaches anybody: its error texts quote values, so only the kind of
an error leaves this module.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa

from connectors.errors import Invalid
from tre.encryption import crypto_extension
from tre.intake.sql import Tree

ATTACH: Final = "ATTACH '{file}' AS \"{zone}\" (ENCRYPTION_KEY ?{access})"


@dataclass(frozen=True, slots=True)
class Engine:
    """A connection that reads and writes encrypted zone files and nothing else."""

    _connection: duckdb.DuckDBPyConnection = field(repr=False)

    @classmethod
    def open(cls, scratch: Path, *, memory_mib: int, threads: int) -> Engine:
        """An engine that spills, encrypted, into `scratch` alone."""
        connection = duckdb.connect(
            ":memory:",
            config={
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                "memory_limit": f"{memory_mib}MiB",
                "preserve_insertion_order": "false",
                "python_enable_replacements": "false",
                "temp_directory": str(scratch),
                "threads": str(threads),
            },
        )
        connection.execute(f"LOAD '{_quoted(crypto_extension())}'")
        connection.execute("SET temp_file_encryption = true")
        with suppress(duckdb.InvalidInputException):  # Jupyter shows none anyway
            connection.execute("SET enable_progress_bar = false")
        return cls(connection)

    def close(self) -> None:
        """Let go of every file."""
        self._connection.close()

    def attach(self, zone: str, file: Path, key: bytes) -> None:
        """Open, or create, an encrypted file as `zone`."""
        statement = ATTACH.format(file=_quoted(file), zone=zone, access="")
        self._run(statement, [key.hex()])

    def attach_for_reading(self, zone: str, file: Path, key: bytes) -> None:
        """Open an encrypted file as `zone`, beside whoever else reads it."""
        access = ", READ_ONLY"
        statement = ATTACH.format(file=_quoted(file), zone=zone, access=access)
        self._run(statement, [key.hex()])

    def detach(self, zone: str) -> None:
        """Write everything to the zone's file and let go of it."""
        self._run(f'CHECKPOINT "{zone}"')
        self._run(f'DETACH "{zone}"')

    def drop(self, zone: str) -> None:
        """Let go of a zone whose file is about to be removed, if it is attached."""
        self._run(f'DETACH DATABASE IF EXISTS "{zone}"')

    @contextmanager
    def transient(self) -> Iterator[None]:
        """Tables written in this block live for one intake: none is compressed.

        Compressing what is read back once costs more than it saves: an intake of
        five million rows takes a third less time without it.
        """
        self._run("SET force_compression = 'uncompressed'")
        try:
            yield
        finally:
            self._run("SET force_compression = 'auto'")

    @contextmanager
    def together(self) -> Iterator[None]:
        """Changes of one zone in this block are written once, at its end, or never."""
        self._run("BEGIN TRANSACTION")
        try:
            yield
        except BaseException:
            self._run("ROLLBACK")
            raise
        self._run("COMMIT")

    @contextmanager
    def lent(self, zone: str) -> Iterator[duckdb.DuckDBPyConnection]:
        """The connection itself, for a library that writes its tables into `zone`.

        An error of the library's may quote values, so only its kind leaves here.
        """
        self._run(f'USE "{zone}"')
        failure = None
        try:
            yield self._connection
        except Invalid:
            raise
        except Exception as error:  # noqa: BLE001 - a library's, of any kind
            failure = type(error).__name__
        finally:
            self._run("USE memory")
        if failure is not None:
            raise _failed(failure)

    def run(
        self, statement: Tree | str, parameters: Mapping[str, object] | None = None
    ) -> list[tuple[Any, ...]]:
        """The rows a statement gives; `$name` in it is a parameter."""
        text = statement if isinstance(statement, str) else statement.sql("duckdb")
        return self._run(text, parameters)

    def count(self, statement: Tree | str) -> int:
        """The one whole number a statement gives; NULL is 0."""
        return int(self.run(statement)[0][0] or 0)

    def tables(self, zone: str) -> frozenset[str]:
        """The names of the tables of an attached zone."""
        query = "SELECT table_name FROM duckdb_tables() WHERE database_name = $zone"
        return frozenset(name for (name,) in self.run(query, {"zone": zone}))

    def has_column(self, zone: str, table: str, name: str) -> bool:
        """Whether a table of an attached zone has a column of this name."""
        query = """
        SELECT count(*) FROM duckdb_columns()
        WHERE database_name = $zone AND table_name = $table AND column_name = $name
        """
        ((found,),) = self.run(query, {"zone": zone, "table": table, "name": name})
        return bool(found)

    def table(self, statement: Tree | str) -> pa.Table:
        """The rows a statement gives, as Arrow."""
        text = statement if isinstance(statement, str) else statement.sql("duckdb")
        try:
            return self._connection.execute(text).to_arrow_table()
        except duckdb.Error as error:
            failure = type(error).__name__
        raise _failed(failure)

    def register(self, name: str, rows: pa.RecordBatchReader | pa.Table) -> None:
        """Let statements read Arrow rows as the relation `name`."""
        self._connection.register(name, rows)

    def unregister(self, name: str) -> None:
        """Forget a registered relation."""
        self._connection.unregister(name)

    def _run(self, text: str, parameters: object = None) -> list[tuple[Any, ...]]:
        try:
            return self._connection.execute(text, parameters).fetchall()
        except duckdb.Error as error:
            failure = type(error).__name__
        raise _failed(failure)


_OF_THE_MACHINE: Final = frozenset({"IOException", "OutOfMemoryException"})
"""Errors that are of no row, and pass."""


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _failed(failure: str) -> Invalid:
    """What may be said of an engine's error: its kind.

    Raised outside the handler, so that the error itself, whose text quotes values,
    is not its context.
    """
    full = "; see whether disk or memory is full" if failure in _OF_THE_MACHINE else ""
    return Invalid("", f"the engine could not go on ({failure}){full}")
