"""Proofs about the log as it is kept, for whoever holds one of its heads."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from privacy.errors import Refused
from tre.audit.act import log_size
from tre.audit.merkle import (
    Head,
    NodeReader,
    consistency_proof,
    inclusion_proof,
    root_of,
)
from tre.control.tables import audit_node


@dataclass(frozen=True, slots=True)
class Inclusion:
    """Hashes that lead from the leaf of the record at `position` to the head's root."""

    position: int
    leaf: bytes
    head: Head
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Consistency:
    """Hashes that show the whole of the earlier tree to begin the later one."""

    earlier: Head
    later: Head
    path: tuple[bytes, ...]


def head_at(connection: Connection, size: int | None = None) -> Head:
    """The log's head when it had so many records; now, where nothing is said.

    Refused with not_in_log where it never had as many.
    """
    there = log_size(connection)
    wanted = there if size is None else size
    if not 0 <= wanted <= there:
        raise _absent(there)
    return Head(wanted, root_of(wanted, _nodes(connection)))


def inclusion(
    connection: Connection, position: int, size: int | None = None
) -> Inclusion:
    """The proof that the log of `size` records has one at `position`."""
    head = head_at(connection, size)
    if not 0 <= position < head.size:
        raise _absent(head.size)
    node = _nodes(connection)
    path = inclusion_proof(position, head.size, node)
    return Inclusion(position, node(0, position), head, path)


def consistency(
    connection: Connection, earlier: int, later: int | None = None
) -> Consistency:
    """The proof that nothing of the first `earlier` records was changed since."""
    last = head_at(connection, later)
    if not 0 <= earlier <= last.size:
        raise _absent(last.size)
    path = consistency_proof(earlier, last.size, _nodes(connection))
    return Consistency(head_at(connection, earlier), last, path)


def _nodes(connection: Connection) -> NodeReader:
    def node(level: int, position: int) -> bytes:
        found: bytes = connection.execute(
            select(audit_node.c.hash).where(
                audit_node.c.level == level, audit_node.c.position == position
            )
        ).scalar_one()
        return found

    return node


def _absent(there: int) -> Refused:
    return Refused(
        "not_in_log",
        f"The log has the records 0 to {there - 1:,}, and heads of up to {there:,}.",
    )
