"""Merkle trees as in RFC 6962 (and RFC 9162, which says how proofs are checked).

Pure: no disk, no clock, no key. A tree is known by its `Frontier`, the roots of its
perfect subtrees from largest to smallest, and by its nodes: node (level, position)
is the root of leaves position * 2^level and the next 2^level - 1.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Final, NamedTuple, TypeAlias

HASH_BYTES: Final = 32

NodeReader: TypeAlias = Callable[[int, int], bytes]
"""The hash of the complete node at (level, position)."""


class Node(NamedTuple):
    """A complete node: every leaf under it is in the tree, so it never changes."""

    level: int
    position: int
    hash: bytes


class Head(NamedTuple):
    """A tree as it was: how many leaves, and the root over them."""

    size: int
    root: bytes


def leaf_hash(entry: bytes) -> bytes:
    """The hash of one entry."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees, the left one holding the earlier entries."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """What must be kept of a tree to append to it: O(log n) hashes."""

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def append(self, leaf: bytes) -> tuple[Frontier, tuple[Node, ...]]:
        """The tree with one more leaf hash, and the nodes that it completed."""
        hashes = list(self.hashes)
        nodes = [Node(0, self.size, leaf)]
        position, level = self.size, 0
        while position & 1:
            leaf = node_hash(hashes.pop(), leaf)
            position, level = position >> 1, level + 1
            nodes.append(Node(level, position, leaf))
        return Frontier(self.size + 1, (*hashes, leaf)), tuple(nodes)

    def nodes(self) -> tuple[Node, ...]:
        """The hashes, as nodes of the tree."""
        levels = [
            level
            for level in range(self.size.bit_length() - 1, -1, -1)
            if self.size >> level & 1
        ]
        return tuple(
            Node(level, (self.size >> level) - 1, value)
            for level, value in zip(levels, self.hashes, strict=True)
        )

    def root(self) -> bytes:
        """The tree's hash; of an empty tree, the hash of nothing."""
        if not self.hashes:
            return hashlib.sha256(b"").digest()
        return reduce(lambda right, left: node_hash(left, right), self.hashes[::-1])


def root_of(size: int, node: NodeReader) -> bytes:
    """The root over the first `size` leaves."""
    return _subtree(0, size, node) if size else Frontier().root()


def inclusion_proof(index: int, size: int, node: NodeReader) -> tuple[bytes, ...]:
    """The hashes that lead from leaf `index` to the root of the first `size` leaves."""
    if not 0 <= index < size:
        raise ValueError("the leaf is not in the tree")
    return _path(index, 0, size, node)


def consistency_proof(earlier: int, later: int, node: NodeReader) -> tuple[bytes, ...]:
    """The hashes that show the first `earlier` leaves unchanged among `later`."""
    if not 0 <= earlier <= later:
        raise ValueError("a tree does not shrink")
    if earlier in (0, later):
        return ()
    return _consistency(earlier, 0, later, node, known=True)


def verify_inclusion(
    leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes
) -> bool:
    """Whether the leaf hash is at `index` in the tree of that size and root."""
    if not 0 <= index < size:
        return False
    position, last, computed = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if position & 1 or position == last:
            computed = node_hash(sibling, computed)
            position, last = _skip_left_edge(position, last)
        else:
            computed = node_hash(computed, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and computed == root


def verify_consistency(earlier: Head, later: Head, path: Sequence[bytes]) -> bool:
    """Whether the later tree begins with the whole of the earlier one."""
    if earlier.size > later.size:
        return False
    if earlier.size == later.size:
        return not path and earlier.root == later.root
    if earlier.size == 0:
        return not path and earlier.root == Frontier().root()
    return _consistent(earlier, later, list(path))


def _consistent(earlier: Head, later: Head, path: list[bytes]) -> bool:
    if earlier.size & (earlier.size - 1) == 0:
        path.insert(0, earlier.root)
    if not path:
        return False
    position, last = earlier.size - 1, later.size - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            position, last = _skip_left_edge(position, last)
        else:
            new = node_hash(new, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and old == earlier.root and new == later.root


def _skip_left_edge(position: int, last: int) -> tuple[int, int]:
    """Climb past the levels where the last node has no sibling."""
    while position and not position & 1:
        position, last = position >> 1, last >> 1
    return position, last


def _largest_power_below(size: int) -> int:
    return 1 << ((size - 1).bit_length() - 1)


def _subtree(start: int, size: int, node: NodeReader) -> bytes:
    """The root of `size` leaves from `start`, a multiple of a power of two >= size."""
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return node(level, start >> level)
    split = _largest_power_below(size)
    left = _subtree(start, split, node)
    return node_hash(left, _subtree(start + split, size - split, node))


def _path(index: int, start: int, size: int, node: NodeReader) -> tuple[bytes, ...]:
    if size == 1:
        return ()
    split = _largest_power_below(size)
    if index < split:
        sibling = _subtree(start + split, size - split, node)
        return (*_path(index, start, split, node), sibling)
    sibling = _subtree(start, split, node)
    return (*_path(index - split, start + split, size - split, node), sibling)


def _consistency(
    earlier: int, start: int, size: int, node: NodeReader, *, known: bool
) -> tuple[bytes, ...]:
    if earlier == size:
        return () if known else (_subtree(start, size, node),)
    split = _largest_power_below(size)
    if earlier <= split:
        sibling = _subtree(start + split, size - split, node)
        return (*_consistency(earlier, start, split, node, known=known), sibling)
    sibling = _subtree(start, split, node)
    rest = _consistency(earlier - split, start + split, size - split, node, known=False)
    return (*rest, sibling)
