"""Choose candidates with noise, from counts by bucket. Runs where these counts are."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from privacy.mechanism import LARGEST, choose
from privacy.ranks import Target
from privacy.selection import Selector, Stage
from privacy.table import Tally

_WORKERS: Final = 2
"""OpenDP releases the GIL while it draws."""


def pick(tally: Tally, selector: Selector, draws: int, cells: int) -> NDArray[np.int64]:
    """The bucket chosen in each cell, `draws` times over: shape (draws, cells).

    Each draw costs the selector's whole loss.
    """
    with ThreadPoolExecutor(_WORKERS) as pool:
        found = pool.map(
            lambda counts: _picked(counts, selector, draws), row_counts(tally, cells)
        )
        return np.stack([*found], axis=1)


@dataclass(frozen=True, slots=True)
class Counts:
    """The rows of one cell: buckets that have any, and how many come before each."""

    buckets: NDArray[np.int64]
    before: NDArray[np.int64]

    def below(self, buckets: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many rows there are below each of these buckets."""
        return self.before[np.searchsorted(self.buckets, buckets)]

    @property
    def rows(self) -> int:
        """How many rows there are in all."""
        return int(self.before[-1])


def row_counts(tally: Tally, cells: int) -> Iterator[Counts]:
    """The rows of each cell in turn."""
    order = np.lexsort((tally.buckets, tally.cells))
    buckets, rows = tally.buckets[order], tally.rows[order]
    ends = np.searchsorted(tally.cells[order], np.arange(cells + 1))
    for start, end in pairwise(ends):
        before = np.concatenate(([0], np.cumsum(rows[start:end])))
        yield Counts(buckets[start:end], before)


def _picked(counts: Counts, selector: Selector, draws: int) -> NDArray[np.int64]:
    """The chosen buckets of one cell, shape (draws,)."""
    grid = selector.grid
    first, *others = selector.stages
    edges = np.array(grid.edges)
    coarse = distances(counts, edges, selector.target, first)
    chosen = [int(edges[choose(first.selection, -coarse)]) for _ in range(draws)]
    for stage in others:
        chosen = _refined(counts, selector, stage, chosen)
    return np.array(chosen, dtype=np.int64)


def _refined(
    counts: Counts, selector: Selector, stage: Stage, blocks: list[int]
) -> list[int]:
    """A bucket inside each chosen block, given by its first bucket."""
    ends = dict(pairwise(selector.grid.edges))
    scored = {}
    for block in set(blocks):
        edges = np.arange(block, ends[block] + 1)
        scored[block] = -distances(counts, edges, selector.target, stage)
    return [block + choose(stage.selection, scored[block]) for block in blocks]


def distances(
    counts: Counts, edges: NDArray[np.int64], target: Target, stage: Stage
) -> NDArray[np.int64]:
    """How far the target is from each candidate, of which `edges` are the ends.

    The first candidate stands for all that is below, too, and the last for all above.
    """
    aim = target.above * counts.rows + _shifted(target, stage.shift, counts.rows)
    ranks = target.below * counts.below(edges)
    low, high = ranks[:-1].copy(), ranks[1:].copy()
    low[0], high[-1] = -LARGEST, LARGEST
    return np.maximum(0, np.maximum(low - aim, aim - high))


def _shifted(target: Target, shift: int, rows: int) -> int:
    return shift if not target.inwards else max(-rows, min(rows, shift))
