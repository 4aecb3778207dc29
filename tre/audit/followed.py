"""Records of some kinds, followed: what was read once is not read again.

The log only grows, and its records are committed in their order. So what was read of
it stays so, and reading on from there gives what reading from the start would.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Generic, TypeVar

from sqlalchemy import Connection, func, select

from tre.audit.record import Record
from tre.control.tables import audit_record

_C = audit_record.c

T = TypeVar("T")


class Followed(Generic[T]):
    """What a pure function makes of each record of some kinds, in the log's order.

    One is for one log: whoever puts another log in its place makes another.
    Thread-safe.
    """

    def __init__(self, kinds: Sequence[str], read: Callable[[Record], T]) -> None:
        self._kinds = kinds
        self._read = read
        self._size = 0
        self._positions: list[int] = []
        self._made: list[T] = []
        self._lock = Lock()

    def made(self, connection: Connection) -> Sequence[T]:
        """Of all records that there are, as the connection's transaction sees it."""
        last = connection.execute(select(func.max(_C.position))).scalar()
        size = 0 if last is None else last + 1
        with self._lock:
            if size > self._size:
                self._go_on(connection, size)
            return self._made[: bisect_left(self._positions, size)]

    def _go_on(self, connection: Connection, size: int) -> None:
        rows = connection.execute(
            select(audit_record)
            .where(_C.position >= self._size, _C.position < size)
            .where(_C.kind.in_(self._kinds))
            .order_by(_C.position)
        )
        for row in rows.all():
            record = Record(
                row.position, row.at, row.actor, row.kind, row.subject, row.detail
            )
            self._made.append(self._read(record))
            self._positions.append(row.position)
        self._size = size
