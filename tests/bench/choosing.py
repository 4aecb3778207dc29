"""What choosing pairs by a noisy maximum over the data would gain for synthetic rows.

Three ways to spend one price on half of the census extract: two rounds as synthetic
rows have them, where noised answers choose; MST's, with a third each for single
columns, for choosing by noisy maximum, and for the pairs chosen; and a choice that is
always right and costs nothing, than which no mechanism chooses better. Noise is drawn
here, on exact counts, as wide as the gateway's, and cells are hidden that it would
hide. Run as `python -m tests.bench.choosing 15`.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import combinations, pairwise
from math import inf, prod, sqrt
from typing import Final, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from privacy.accounting import NANO, rho_for_epsilon
from tests.bench.synthesising import COLUMNS, banded, distance, halves
from tre.synthesis.asked import Pair
from tre.synthesis.marginals import Marginal, Marginals
from tre.synthesis.model import MOST_MEGABYTES, fitted, likeliest
from tre.synthesis.rounds import LOOK

Counts: TypeAlias = NDArray[np.float64]

RHO: Final = rho_for_epsilon(Fraction(1), 5 * 10**11) / NANO
_LEAST: Final = 10
_SURE: Final = 2.33
"""Scales of noise past which a cell has to be, so as to be shown: 99%."""
_NOISE: Final = np.random.default_rng()


class Records:
    """Records as codes, shape (records, columns), and the sizes of their columns."""

    def __init__(self, rows: pd.DataFrame, names: Sequence[str]) -> None:
        coded = [pd.factorize(rows[name]) for name in names]
        self.names = names
        self.codes = np.stack([codes for codes, _ in coded], axis=1)
        self.sizes = [len(values) for _, values in coded]

    def counts(self, columns: Sequence[int]) -> Counts:
        """How many records have each combination of these columns' values."""
        shape = [self.sizes[each] for each in columns]
        cells = np.ravel_multi_index([self.codes[:, each] for each in columns], shape)
        found = np.bincount(cells, minlength=prod(shape)).reshape(shape)
        return found.astype(np.float64)

    def noised(self, pairs: Sequence[Pair], rho: float) -> Marginals:
        """Pairs' counts with noise for their parts of ρ, and hidden as in a gateway."""
        weights = [sqrt(self.sizes[one] * self.sizes[other]) for one, other in pairs]
        found = []
        for pair, weight in zip(pairs, weights, strict=True):
            scale = sqrt(sum(weights) / (2 * rho * weight))
            counts = self.counts(pair)
            counts += np.rint(scale * _NOISE.standard_normal(counts.shape))
            counts[counts < _LEAST + _SURE * scale] = np.nan
            found.append(Marginal(pair, counts, scale))
        values: tuple[tuple[object, ...], ...] = tuple(
            map(tuple, map(range, self.sizes))
        )
        return Marginals(values, tuple(found), float(len(self.codes)))

    def apart(self, rho: float) -> Mapping[Pair, float]:
        """MST's score of every pair: Σ |its counts − what single columns would make|.

        Single columns are noised for ρ, so one person moves a score by one at most.
        """
        scale = sqrt(len(self.sizes) / (2 * rho))
        single = [
            np.maximum(c + scale * _NOISE.standard_normal(c.shape), 0)
            for c in (self.counts([each]) for each in range(len(self.sizes)))
        ]
        people = len(self.codes)
        return {
            (one, other): float(
                np.abs(
                    self.counts([one, other])
                    - np.outer(single[one], single[other]) / people
                ).sum()
            )
            for one, other in combinations(range(len(self.sizes)), 2)
        }


def holds(sizes: Sequence[int], pairs: Sequence[Pair]) -> bool:
    """Whether a model of these pairs of columns is small enough to be fitted."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of JAX, about the machine it finds
        import mbi
        from mbi.junction_tree import hypothetical_model_size

    domain = mbi.Domain([str(each) for each in range(len(sizes))], sizes)
    cliques = [tuple(map(str, each)) for each in pairs]
    return bool(hypothetical_model_size(domain, cliques) <= MOST_MEGABYTES)


def chosen(
    scores: Mapping[Pair, float], sizes: Sequence[int], rho: float, more: int
) -> list[Pair]:
    """A spanning tree by noisy maximum, and so many further pairs as the model holds.

    Each choice has its part of ρ: Gumbel noise of scale 1/√(2ρ/choices).
    """
    scale = 1 / sqrt(2 * rho / (len(sizes) - 1 + more))
    component = list(range(len(sizes)))
    found: list[Pair] = []

    def best(pairs: Sequence[Pair]) -> Pair:
        return max(pairs, key=lambda pair: scores[pair] + scale * _NOISE.gumbel())

    for _ in pairwise(sizes):
        one, other = best([p for p in scores if component[p[0]] != component[p[1]]])
        found.append((one, other))
        gone, kept = component[other], component[one]
        component = [kept if each == gone else each for each in component]
    for _ in range(more):
        others = (pair for pair in scores if pair not in found)
        left = [pair for pair in others if holds(sizes, [*found, pair])]
        if not left:
            break
        found.append(best(left))
    return found


def two_rounds(records: Records) -> tuple[Marginals, Sequence[Pair]]:
    """A quarter for every pair, and the rest for those that seem to matter."""
    every = list(combinations(range(len(records.sizes)), 2))
    likely = likeliest(records.noised(every, RHO * float(LOOK)))
    return records.noised(likely, RHO * float(1 - LOOK)), likely


def mst(records: Records) -> tuple[Marginals, Sequence[Pair]]:
    """A third each for single columns, for choosing a tree, and for its pairs."""
    pairs = chosen(records.apart(RHO / 3), records.sizes, RHO / 3, 0)
    return records.noised(pairs, RHO / 3), pairs


def perfect(records: Records, more: int) -> tuple[Marginals, Sequence[Pair]]:
    """The best tree and so many more pairs, by exact scores, with all of the price."""
    pairs = chosen(records.apart(inf), records.sizes, inf, more)
    return records.noised(pairs, RHO), pairs


def main(columns: int = 15) -> None:
    """Print how far rows of each way are off, and how many pairs they are made of."""
    inside, _ = halves()
    names = COLUMNS[columns]
    records = Records(banded(inside, names), names)
    truth = pd.DataFrame(records.codes, columns=[*names])
    every = len(list(combinations(names, 2)))
    ways = {
        "MST": mst(records),
        "a perfect tree": perfect(records, 0),
        "a perfect choice of twice as many": perfect(records, columns - 1),
        "a perfect choice of all that fit": perfect(records, every),
        "two rounds": two_rounds(records),
    }
    for way, (known, pairs) in ways.items():
        codes = fitted(known, pairs, len(records.codes)).codes
        made = pd.DataFrame(codes, columns=[*names])
        off = ", ".join(f"{distance(made, truth, of):.2%}" for of in (1, 2, 3))
        print(f"{columns} columns, {way}: {len(pairs)} pairs; off by {off}", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
