"""Who is who once more: known people merged and parted, by what has been found since.

Kruskal's way (On the shortest spanning subtree, 1956): pairs are taken strongest
first, and each joins two groups unless that would bring records together that must
stay apart. Pure: it sees numbers of records, and no identifier.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

Pair: TypeAlias = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of some people's records, and of no others.

    `people` has the person of each record. `same` and `apart` are what people decided.
    `agreeing` are pairs of records that were found to agree, strongest first;
    `contradicting` are pairs of two people that say they are two.
    """

    people: Mapping[int, int]
    same: Sequence[Pair] = ()
    apart: Sequence[Pair] = ()
    agreeing: Sequence[Pair] = ()
    contradicting: Sequence[Pair] = ()


@dataclass(frozen=True, slots=True)
class Regrouped:
    """The group of each record, named by its lowest; and decisions that fit no others.

    `overruled` are pairs that are decided to be the same person, and that other
    decisions keep apart.
    """

    groups: Mapping[int, int]
    overruled: tuple[Pair, ...]


def regroup(evidence: Evidence) -> Regrouped:
    """Groups of records, each to be one person.

    Decisions come first. Then people stay who they are, except where it was decided
    that two of their records are two people's: those are parted where the records hold
    together least. Last, two people become one where records of theirs agree and none
    contradict each other.
    """
    groups = _Groups(evidence.people, evidence.apart, evidence.contradicting)
    overruled = [pair for pair in evidence.same if not groups.join(*pair)]
    within, across = _parted(evidence.agreeing, evidence.people)
    for pair in (*within, *_held_together(evidence.people)):
        groups.join(*pair)
    for pair in across:
        groups.join_unless_contradicted(*pair)
    return Regrouped(groups.named(), tuple(overruled))


def _parted(
    pairs: Iterable[Pair], people: Mapping[int, int]
) -> tuple[list[Pair], list[Pair]]:
    """Pairs of one person's records, and pairs of two people's."""
    within: list[Pair] = []
    across: list[Pair] = []
    for a, b in pairs:
        (within if people[a] == people[b] else across).append((a, b))
    return within, across


def _held_together(people: Mapping[int, int]) -> list[Pair]:
    """What is left of links whose records were forgotten: the weakest of all."""
    lowest: dict[int, int] = {}
    for record in sorted(people):
        lowest.setdefault(people[record], record)
    return [(lowest[people[record]], record) for record in sorted(people)]


@dataclass(slots=True)
class _Groups:
    """Disjoint sets of records, and the records that each must not meet."""

    _parent: dict[int, int] = field(init=False)
    _apart: dict[int, set[int]] = field(init=False)
    _doubtful: dict[int, set[int]] = field(init=False)

    def __init__(
        self, records: Iterable[int], apart: Iterable[Pair], doubtful: Iterable[Pair]
    ) -> None:
        self._parent = {record: record for record in records}
        self._apart = _both_ways(apart)
        self._doubtful = _both_ways(doubtful)

    def join(self, a: int, b: int) -> bool:
        """Make the groups of two records one, unless it was decided otherwise."""
        return self._join(self._root(a), self._root(b), (self._apart,))

    def join_unless_contradicted(self, a: int, b: int) -> bool:
        """The same, unless any two records of theirs contradict each other."""
        both = (self._apart, self._doubtful)
        return self._join(self._root(a), self._root(b), both)

    def named(self) -> dict[int, int]:
        """Each record's group, by its lowest record."""
        lowest: dict[int, int] = {}
        for record in sorted(self._parent):
            lowest.setdefault(self._root(record), record)
        return {record: lowest[self._root(record)] for record in self._parent}

    def _root(self, record: int) -> int:
        while self._parent[record] != record:
            self._parent[record] = self._parent[self._parent[record]]
            record = self._parent[record]
        return record

    def _join(self, a: int, b: int, kept: Sequence[dict[int, set[int]]]) -> bool:
        if a == b:
            return True
        if any(self._root(other) == b for each in kept for other in each.get(a, ())):
            return False
        for each in (self._apart, self._doubtful):
            each.setdefault(a, set()).update(each.pop(b, ()))
        self._parent[b] = a
        return True


def _both_ways(pairs: Iterable[Pair]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {}
    for a, b in pairs:
        found.setdefault(a, set()).add(b)
        found.setdefault(b, set()).add(a)
    return found
