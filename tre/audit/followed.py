"""Records of some kinds, followed: what was read once is not read again.

The log only grows, and its records are committed in their order. So what was read of
it stays so, and reading on from there gives what reading from the start would.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from threading import Lock
from typing import Final, Generic, TypeVar

from sqlalchemy import Connection, func, select

from tre.audit.record import Record
from tre.control.tables import audit_record

_C = audit_record.c

_AT_ONCE: Final = 1_000

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
        size = size_of(connection)
        with self._lock:
            if size > self._size:
                self._go_on(connection, size)
            return self._made[: bisect_left(self._positions, size)]

    def _go_on(self, connection: Connection, size: int) -> None:
        for record in records(connection, self._kinds, self._size, size):
            self._made.append(self._read(record))
            self._positions.append(record.position)
            self._size = record.position + 1
        self._size = size


def size_of(connection: Connection) -> int:
    """How many records there are, as the connection's transaction sees it."""
    last = connection.execute(select(func.max(_C.position))).scalar()
    return 0 if last is None else last + 1


def records(
    connection: Connection, kinds: Sequence[str], first: int, end: int
) -> Iterator[Record]:
    """The records of some kinds from position `first` to before `end`, in order."""
    if first >= end:
        return
    rows = connection.execute(
        select(audit_record)
        .where(_C.position >= first, _C.position < end, _C.kind.in_(kinds))
        .order_by(_C.position)
        .execution_options(yield_per=_AT_ONCE)
    )
    for row in rows:
        yield Record(row.position, row.at, row.actor, row.kind, row.subject, row.detail)
