"""The only way to change the control database: attributed, dated, and recorded.

    with acting(control, "steward@example.org", now) as act:
        withdraw_dataset(act, "earnings")

The change, its log records and the newly signed head are one transaction. An act
that recorded nothing is rolled back: a change nobody can see is a mistake.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, bindparam, insert, select, update

from tre.audit.checkpoint import sign_head
from tre.audit.kinds import KINDS
from tre.audit.merkle import HASH_BYTES, Frontier, Head, Node, inclusion_proof
from tre.audit.record import Record
from tre.control.canonical import Json, canonical
from tre.control.database import LOST, Control, unavailable
from tre.control.tables import (
    audit_head,
    audit_node,
    audit_record,
    audit_tree,
    instant_text,
)

# Statements on a question's path are built once: building them costs more than SQLite.
_LOG_SIZE: Final = select(audit_tree.c.size)
_READ_TREE: Final = select(audit_tree.c.size, audit_tree.c.frontier).with_for_update()
_ADD_RECORDS: Final = insert(audit_record)
_ADD_NODES: Final = insert(audit_node)
_BEGIN_TREE: Final = insert(audit_tree)
_GROW_TREE: Final = update(audit_tree).where(audit_tree.c.id == bindparam("tree"))
_ADD_HEAD: Final = insert(audit_head)


class NothingRecorded(Exception):
    """A writing transaction ended without saying what it did."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A record in its place, and the proof that the tree of `head` holds it there."""

    record: Record
    head: Head
    path: tuple[bytes, ...]


@dataclass(slots=True)
class Act:
    """Somebody's transaction: use `connection` to change, `record` to say so."""

    connection: Connection
    actor: str
    now: datetime
    _frontier: Frontier
    _records: list[Record] = field(default_factory=list)
    _nodes: list[Node] = field(default_factory=list)
    _known: dict[tuple[int, int], bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._remember(self._frontier.nodes())

    def record(self, kind: str, subject: str, detail: Mapping[str, Json]) -> int:
        """Add a record of a known kind; its position in the log comes back."""
        if kind not in KINDS:
            raise ValueError(f"{kind} is not a kind of record")
        at = instant_text(self.now)
        position = self._frontier.size
        entry = Record(position, at, self.actor, kind, subject, canonical(detail))
        self._frontier, nodes = self._frontier.append(entry.leaf())
        self._records.append(entry)
        self._nodes.extend(nodes)
        self._remember(nodes)
        return position

    def proven(self, position: int) -> Entry:
        """A record of this act, with its proof in the log as it now stands."""
        first = self._records[0].position
        size = self._frontier.size
        # What lies left of a new record is the frontier this act began with, or new.
        path = inclusion_proof(position, size, lambda *place: self._known[place])
        head = Head(size, self._frontier.root())
        return Entry(self._records[position - first], head, path)

    @property
    def records(self) -> tuple[Record, ...]:
        """What has been recorded so far."""
        return tuple(self._records)

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The nodes of the tree that the records completed."""
        return tuple(self._nodes)

    @property
    def frontier(self) -> Frontier:
        """The tree with the records so far."""
        return self._frontier

    def _remember(self, nodes: tuple[Node, ...]) -> None:
        self._known.update({(node.level, node.position): node.hash for node in nodes})


@contextmanager
def acting(control: Control, actor: str, now: datetime) -> Iterator[Act]:
    """A transaction of `actor` at `now`, committed with its records at the end.

    Any exception rolls everything back. NothingRecorded where no record was made;
    Refused with unavailable where the database cannot be written, InDoubt where it
    was lost while committing.
    """
    try:
        with control.writing() as connection:
            act = Act(connection, actor, now, _read_frontier(connection))
            yield act
            _seal(act, control)
    except LOST:
        raise unavailable() from None


def log_size(connection: Connection) -> int:
    """How many records there are. While it stays the same, nothing has changed."""
    return connection.execute(_LOG_SIZE).scalar_one_or_none() or 0


def _read_frontier(connection: Connection) -> Frontier:
    row = connection.execute(_READ_TREE).one_or_none()
    if row is None:
        return Frontier()
    hashes = range(0, len(row.frontier), HASH_BYTES)
    return Frontier(
        row.size, tuple(row.frontier[at : at + HASH_BYTES] for at in hashes)
    )


def _seal(act: Act, control: Control) -> None:
    if not act.records:
        raise NothingRecorded(act.actor)
    connection, frontier = act.connection, act.frontier
    connection.execute(
        _ADD_RECORDS,
        [
            {
                "position": record.position,
                "at": record.at,
                "actor": record.actor,
                "kind": record.kind,
                "subject": record.subject,
                "detail": record.detail,
            }
            for record in act.records
        ],
    )
    connection.execute(_ADD_NODES, [node._asdict() for node in act.nodes])
    tree = {"size": frontier.size, "frontier": b"".join(frontier.hashes)}
    if frontier.size == len(act.records):
        connection.execute(_BEGIN_TREE, {"id": 1, **tree})
    else:
        connection.execute(_GROW_TREE, {"tree": 1, **tree})
    head = Head(frontier.size, frontier.root())
    signed = sign_head(control.signing_key, head, instant_text(act.now))
    connection.execute(
        _ADD_HEAD,
        {
            "size": signed.size,
            "root": signed.root,
            "at": signed.at,
            "signature": signed.signature,
        },
    )
