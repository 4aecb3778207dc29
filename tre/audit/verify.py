"""Checking the whole log, offline, with the public key and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import starmap
from typing import Final, TypeAlias

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection, select

from tre.audit.checkpoint import Checkpoint
from tre.audit.merkle import Frontier, Head, Node
from tre.audit.note import Note
from tre.audit.record import Record
from tre.audit.told import Discrepancy
from tre.control.tables import audit_head, audit_node, audit_record, audit_tree

_MANY: Final = 1_000
_NODES: Final = (
    select(audit_node.c.level, audit_node.c.position, audit_node.c.hash)
    .order_by(audit_node.c.level, audit_node.c.position)
    .execution_options(yield_per=_MANY)
)

_Chains: TypeAlias = dict[int, bytes]
"""A digest over the nodes of each level: there are too many nodes to keep."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What the check found. Sound where there is no problem and no difference.

    `problem` says what is wrong with the log and `position` names the first record it
    shows at; None where no single record can be named. `differences` are what the
    environment acts on otherwise than the log says; they are looked for only where
    the log itself stands. `unsaid` is what could not be compared, because a record is
    of an earlier version of the program and does not say it.
    """

    records: int
    problem: str = ""
    position: int | None = None
    differences: tuple[Discrepancy, ...] = ()
    unsaid: tuple[Discrepancy, ...] = ()

    @property
    def sound(self) -> bool:
        """Whether the log is what was signed, and all else as the log says."""
        return not self.problem and not self.differences


def verify(
    connection: Connection,
    key: Ed25519PublicKey,
    checkpoint: Checkpoint | Note | None = None,
) -> Verification:
    """Check every record, the tree over them, and the signed heads.

    A flipped, dropped, added or reordered record is named by its position. Records
    cut off the end together with their heads show only against a `checkpoint` kept
    somewhere else. Reads in one transaction; memory grows with the signed heads.
    """
    if checkpoint is not None and not checkpoint.signed_by(key):
        return Verification(0, "the checkpoint was not signed by this log")
    heads = _heads(connection)
    roots = {head.size: head.root for head in heads}
    promised = checkpoint.head if checkpoint else None
    frontier, sound = Frontier(), 0
    chains: _Chains = {}
    for record, leaf in _records(connection):
        problem = _fault(record, leaf, frontier.size)
        if problem:
            return Verification(frontier.size, problem, frontier.size)
        frontier, nodes = frontier.append(leaf)
        _chain(chains, nodes)
        head = Head(frontier.size, frontier.root())
        if roots.get(head.size, head.root) != head.root:
            problem = "the records from here on are not those that were signed"
            return Verification(head.size, problem, sound)
        if promised and promised.size == head.size and promised != head:
            problem = "the records are not those of the checkpoint"
            return Verification(head.size, problem)
        sound = head.size if head.size in roots else sound
    return (
        _unsigned(heads, key, frontier)
        or _cut_off(heads, checkpoint, frontier)
        or _tree_differs(connection, frontier, chains)
        or Verification(frontier.size)
    )


def _fault(record: Record, leaf: bytes, expected: int) -> str:
    """What is wrong with the record that should be at `expected`; empty if nothing."""
    if record.position != expected:
        return "a record is missing here"
    try:
        same = record.leaf() == leaf
    except (TypeError, ValueError, RecursionError):
        same = False
    return "" if same else "this record is not the one that was written"


def _unsigned(
    heads: Sequence[Checkpoint], key: Ed25519PublicKey, frontier: Frontier
) -> Verification | None:
    """The problem where the newest head, which vouches for all, is not signed."""
    if not heads or heads[-1].signed_by(key):
        return None
    good = 0
    for head in heads:
        if not head.signed_by(key):
            break
        good = head.size
    return Verification(frontier.size, "the records from here on are not signed", good)


def _cut_off(
    heads: Sequence[Checkpoint],
    checkpoint: Checkpoint | Note | None,
    frontier: Frontier,
) -> Verification | None:
    signed = heads[-1].size if heads else 0
    if frontier.size > signed:
        problem = "the records from here on are not signed"
        return Verification(frontier.size, problem, signed)
    if frontier.size < max(signed, checkpoint.size if checkpoint else 0):
        problem = "the records from here on are missing"
        return Verification(frontier.size, problem, frontier.size)
    return None


def _chain(chains: _Chains, nodes: Iterable[Node]) -> None:
    """Take nodes in, each level's in the order of their positions."""
    for node in nodes:
        before = chains.get(node.level, b"")
        chains[node.level] = sha256(before + repr(node).encode()).digest()


def _tree_differs(
    connection: Connection, frontier: Frontier, chains: _Chains
) -> Verification | None:
    """The problem where proofs would be made, or the tree continued, from another."""
    row = connection.execute(
        select(audit_tree.c.size, audit_tree.c.frontier)
    ).one_or_none()
    held = (row.size, row.frontier) if row else (0, b"")
    stored: _Chains = {}
    _chain(stored, starmap(Node, connection.execute(_NODES)))
    if (*held, stored) == (frontier.size, b"".join(frontier.hashes), chains):
        return None
    return Verification(frontier.size, "the tree is not that of the records")


def _heads(connection: Connection) -> tuple[Checkpoint, ...]:
    rows = connection.execute(select(audit_head).order_by(audit_head.c.size))
    return tuple(Checkpoint(row.size, row.root, row.at, row.signature) for row in rows)


def _records(connection: Connection) -> Iterator[tuple[Record, bytes]]:
    """Every record in order, with the leaf the tree holds for it; empty for none."""
    query = (
        select(audit_record, audit_node.c.hash)
        .join(
            audit_node,
            (audit_node.c.level == 0)
            & (audit_node.c.position == audit_record.c.position),
            isouter=True,
        )
        .order_by(audit_record.c.position)
    )
    # Whoever stops reading closes the server's cursor with it.
    with connection.execution_options(yield_per=_MANY).execute(query) as rows:
        for row in rows:
            record = Record(
                row.position, row.at, row.actor, row.kind, row.subject, row.detail
            )
            yield record, row.hash or b""
