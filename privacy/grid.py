"""The candidates among which quantiles are chosen, by public facts alone.

Between the bounds of an argument lie 2¹⁶ buckets of equal width at most, and these lie
in blocks. Where the profile says how a column's values are spread, half of the blocks
begin where every so many of its people are and half are even; else all are even. So a
column with wide bounds has no fewer candidates where its values are. Which blocks there
are changes what is chosen well, and no sensitivity.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final

from privacy.catalogue import Domain
from privacy.histogram import Histogram
from privacy.ordinal import ordinal_ends

MOST_BLOCKS: Final = 1_024
"""Candidates of one selection, and the values up to which each is one of its own."""

FINE_BLOCKS: Final = 4_096
"""Candidates where few cells are asked, each of which costs its time."""

END_BLOCKS: Final = 128
"""Candidates for the end of an interval, which fewer of them let aim nearer."""

MOST_BUCKETS: Final = 2**16


@dataclass(frozen=True, slots=True)
class Grid:
    """Buckets [lower + i·step, lower + (i + 1)·step) up to `upper`, in blocks.

    Numbers are ordinals; `starts` has the first bucket of each block, from 0 on.
    """

    lower: int
    upper: int
    step: int
    starts: tuple[int, ...]

    @property
    def buckets(self) -> int:
        """How many buckets there are."""
        return (self.upper - self.lower) // self.step + 1

    @property
    def edges(self) -> tuple[int, ...]:
        """Where blocks begin and where the last ends."""
        return (*self.starts, self.buckets)

    @property
    def widest(self) -> int:
        """The most buckets of a block."""
        return max(end - start for start, end in pairwise(self.edges))


@lru_cache(maxsize=1_024)
def grid_of(
    domain: Domain, values: Histogram | None = None, most: int = MOST_BLOCKS
) -> Grid:
    """The grid of a bounded domain, by its bounds and what is known of its values.

    It has at most so many blocks where values are known.
    """
    lower, upper = ordinal_ends(domain)
    step = -(-(upper - lower + 1) // MOST_BUCKETS)
    buckets = (upper - lower) // step + 1
    if values is None or buckets <= max(most, MOST_BLOCKS):
        own = MOST_BLOCKS if values is None else buckets
        return Grid(lower, upper, step, tuple(_even(buckets, own)))
    starts = {*_even(buckets, most // 2), *_crowded(values, lower, step, most // 2)}
    return Grid(lower, upper, step, tuple(sorted(starts)))


def _even(buckets: int, most: int) -> range:
    """At most so many blocks of equally many buckets; the last may have fewer."""
    return range(0, buckets, -(-buckets // most))


def _crowded(values: Histogram, lower: int, step: int, most: int) -> Iterator[int]:
    """At most so many blocks, each begun after as many people as the others."""
    held = [max(0, people) for people in values.people]
    total = max(1, sum(held))
    for people, (start, end) in zip(
        held, pairwise((*values.starts, values.most)), strict=True
    ):
        parts = people * most // total
        for part in range(parts):
            yield (start + (end - start) * part // parts - lower) // step
