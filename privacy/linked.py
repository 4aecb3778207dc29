"""How the people of a table were linked with other data, as everybody may know it.

Measured with a table's profile, under differential privacy, for people as the spine has
them, with the weights that its pairs were given. A person is in one class. Doubtful
pairs are counted over a matching, in which nobody is twice: whoever is in several
doubtful pairs would else move the count by as many.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist
from typing import Final

CLASSES: Final = (
    "in no other dataset",
    "by a local id",
    "by equal identifiers or a deterministic pass",
    "by encodings",
    "by weight, from 0.99 on",
    "by weight, from 0.95 to 0.99",
    "by weight, below 0.95",
)
"""The classes that people of a table are in, by the least sure of their links."""

UNLINKED: Final = 0
_WEIGHED: Final = {4: (0.99, 1.0), 5: (0.95, 0.99), 6: (0.0, 0.95)}
"""The probabilities of the classes of people who were linked by weight."""


@dataclass(frozen=True, slots=True)
class Subgroups:
    """Noised numbers of people by a column, and by whether they are in other data.

    `keys` has the column's public values in words, last None for a missing one. In the
    same order `linked` are in another dataset and `unlinked` in none; None where that
    may be too few people to be shown. A person counts where one row of theirs is,
    drawn by lot. Noise is discrete Gaussian of this `deviation`, rounded up.
    """

    column: str
    keys: tuple[str | None, ...]
    linked: tuple[int | None, ...]
    unlinked: tuple[int | None, ...]
    deviation: int


@dataclass(frozen=True, slots=True)
class Linked:
    """Noised figures of how a table's people were linked when it was published.

    `people[i]` were in the i-th of `CLASSES`. `doubtful` counts pairs, nobody in two of
    them, that were likely and not sure enough to be linked. `missing` says of how many
    people an identifier was missing, by kind. Each is a whole number plus discrete
    Gaussian noise of the deviation beside it, rounded up, so it may be below 0.
    `subgroups` are by the columns that the manifest names.
    """

    people: tuple[int, ...]
    people_deviation: int
    doubtful: int
    doubtful_deviation: int
    missing: tuple[tuple[str, int], ...]
    missing_deviation: int
    subgroups: tuple[Subgroups, ...] = ()


_ALL_TWICE: Final = NormalDist().inv_cdf(1 - 0.05 / 4)
"""Standard deviations within which two figures are at once, 95 times in 100."""


@dataclass(frozen=True, slots=True)
class Rate:
    """The share of people who are in another dataset, and how far it may be off.

    `share` ± `margin` covers the exact share 95 times in 100, or more.
    """

    share: float
    margin: float


def match_rate(linked: Linked) -> Rate:
    """The match rate of everybody: classes of who is linked are added up."""
    unlinked, *others = linked.people
    off = _ALL_TWICE * linked.people_deviation
    return _rate(sum(others), unlinked, off * sqrt(len(others)), off)


def rates(subgroups: Subgroups) -> tuple[Rate | None, ...]:
    """The match rate of each subgroup; None where either of its figures is hidden."""
    off = _ALL_TWICE * subgroups.deviation
    return tuple(
        None
        if linked is None or unlinked is None
        else _rate(linked, unlinked, off, off)
        for linked, unlinked in zip(subgroups.linked, subgroups.unlinked, strict=True)
    )


def _rate(linked: int, unlinked: int, off_linked: float, off_unlinked: float) -> Rate:
    """The share, and its distance from what both figures' margins make it at most.

    It rises with the linked and falls with the others. Both are within their margins,
    95 times in 100, where either is not 2.5 times in 100 (Bonferroni).
    """
    share = _share(linked, unlinked)
    low = _share(linked - off_linked, unlinked + off_unlinked)
    high = _share(linked + off_linked, unlinked - off_unlinked)
    return Rate(share, max(share - low, high - share))


def _share(linked: float, unlinked: float) -> float:
    """Of nobody, nothing; noise below 0 counts as nobody."""
    everybody = max(0, linked) + max(0, unlinked)
    return max(0, linked) / everybody if everybody else 0.0


def weighed_from(linked: Linked, threshold: float) -> int:
    """How many people fewer would be linked at a threshold of 0.95 or 0.99, about."""
    return sum(
        max(0, linked.people[at])
        for at, (_, most) in _WEIGHED.items()
        if most <= threshold
    )


def false_matches(linked: Linked, threshold: float) -> float:
    """How many people are linked wrongly, about, as far as weights can tell.

    Each link by weight is wrong with what its probability leaves, taken in the middle
    of its class, of which the lowest begins at `threshold`. What passes join, and what
    encodings do, has no weight and is not in it.
    """
    found = 0.0
    for at, (low, high) in _WEIGHED.items():
        middle = (max(low, min(threshold, high)) + high) / 2
        found += max(0, linked.people[at]) * (1 - middle)
    return found


def missed_matches(linked: Linked, review: float, threshold: float) -> float:
    """How many doubtful pairs are one person, about: in the middle of their range."""
    return max(0, linked.doubtful) * (review + threshold) / 2


def matching(pairs: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Pairs taken in their order, each unless one of its two was taken before.

    One person more, or one less, in the pairs that are given moves how many are taken
    by at most one: what differs is one path, on which the pairs of either side
    alternate (greedy maximal matching under the removal of a vertex).
    """
    taken: set[int] = set()
    found = []
    for a, b in pairs:
        if a not in taken and b not in taken and a != b:
            taken |= {a, b}
            found.append((a, b))
    return tuple(found)
