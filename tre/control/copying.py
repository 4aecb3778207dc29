"""All rows of one control database, in one view of it, into an empty other one."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, func, insert, select, text

from tre.control.tables import account, metadata

_MANY: Final = 1_000


def copy_rows(source: Connection, target: Connection) -> None:
    """Copy every table, SQLite's or PostgreSQL's, in the transactions of both.

    What is copied is of one moment, since a reading transaction has one view.
    """
    for table in metadata.sorted_tables:
        reading = source.execution_options(yield_per=_MANY)
        for rows in reading.execute(select(table)).mappings().partitions():
            target.execute(insert(table), [dict(row) for row in rows])
    if target.dialect.name == "postgresql":
        _number_on(target)


def _number_on(target: Connection) -> None:
    """Have the server number new accounts after those that were copied."""
    newest = target.execute(select(func.max(account.c.id))).scalar_one()
    if newest is not None:
        target.execute(
            text("SELECT setval(pg_get_serial_sequence('account', 'id'), :newest)"),
            {"newest": newest},
        )
