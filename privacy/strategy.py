"""Which grouping sets to measure, and how precisely, so that all are told best.

A strategy gives each measured set a share of the price; every set asked is then read
off the least-squares fit to all of them. Sums over sets of keys commute, so the fit
has a closed form in the spaces of "what the keys S do together beyond what fewer of
them do" (McKenna, Miklau, Hay, Machanavajjhala 2018, arXiv 1808.03537, section 7.1;
Xiao, Chen, Huang 2023, arXiv 2305.08175). In space S, a measured set T ⊇ S of
precision p gives information p · Π of the sizes of the keys outside T.

Precisions are inverse variances of one cell's noise. Public facts alone go in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import combinations
from math import prod
from typing import Final

import numpy as np
from numpy.typing import NDArray

from privacy.grouping import KeySet
from privacy.mechanism import Kind

_STEPS: Final = 500
_GRAIN: Final = 1_000
"""Shares are whole multiples of its inverse; smaller ones are left out."""


def subsets(keys: KeySet) -> tuple[KeySet, ...]:
    """Every set of some of these keys, smallest first."""
    sizes = range(len(keys) + 1)
    return tuple(each for size in sizes for each in combinations(keys, size))


def information(
    sizes: Sequence[int], precisions: Mapping[KeySet, float], space: KeySet
) -> float:
    """What all measured sets together know of a space."""
    return sum(
        precision * outside(sizes, kept)
        for kept, precision in precisions.items()
        if set(space) <= set(kept)
    )


def outside(sizes: Sequence[int], kept: KeySet) -> int:
    """How many cells of all keys one cell of a set is the sum of."""
    return prod(size for key, size in enumerate(sizes) if key not in kept)


def variance(
    sizes: Sequence[int], precisions: Mapping[KeySet, float], kept: KeySet
) -> float:
    """The variance of one cell of a set in the least-squares fit; inf if unknown."""
    total = 0.0
    for space in subsets(kept):
        part = _part(sizes, kept, space)
        if part:
            known = information(sizes, precisions, space)
            total += part / known if known else float("inf")
    return total * outside(sizes, kept)


def shares(
    sizes: Sequence[int], asked: Sequence[KeySet], kind: Kind
) -> Mapping[KeySet, Fraction]:
    """Shares of the price that keep the total variance over all asked cells least.

    They add up to one. Under zCDP precision is proportional to the share, the
    problem is convex, and it is solved. Under pure DP it goes with the square of the
    share, and the best of a few strategies is taken: one set alone, all evenly, and
    the shares that are best under zCDP.
    """
    every = tuple(range(len(sizes)))
    measured = tuple(dict.fromkeys((every, *asked)))
    solved = _solved(sizes, asked, measured)
    if kind is Kind.GAUSSIAN:
        return _whole(solved, sizes, asked)
    rooted = {kept: share**0.5 for kept, share in solved.items()}
    drafts: list[Mapping[KeySet, float]] = [
        {every: 1.0},
        dict.fromkeys(asked, 1.0),
        dict.fromkeys(measured, 1.0),
        solved,
        rooted,
    ]
    whole = [_whole(each, sizes, asked) for each in drafts]
    return min(whole, key=lambda each: _total(sizes, asked, each))


def _part(sizes: Sequence[int], kept: KeySet, space: KeySet) -> float:
    """The share of a cell's variance that lies in a space, were all known alike."""
    inside = prod(1 - 1 / sizes[each] for each in space)
    return inside / prod(sizes[each] for each in kept if each not in space)


def _total(
    sizes: Sequence[int], asked: Iterable[KeySet], shared: Mapping[KeySet, Fraction]
) -> float:
    """The total variance where precision goes with the square of the share."""
    precisions = {kept: float(share) ** 2 for kept, share in shared.items()}
    cells = prod(sizes)
    return sum(
        variance(sizes, precisions, kept) * (cells / outside(sizes, kept))
        for kept in asked
    )


def _solved(
    sizes: Sequence[int], asked: Sequence[KeySet], measured: Sequence[KeySet]
) -> Mapping[KeySet, float]:
    """Minimise Σ cost / information over shares by multiplicative steps.

    The total T is convex and of degree −1 in the shares, so that Σ share · −∂T = T,
    and share ← share · √(−∂T / T) descends (Silvey, Titterington, Torsney 1978).
    """
    spaces = sorted({space for kept in asked for space in subsets(kept)})
    cost = np.array(
        [sum(_part(sizes, k, s) for k in asked if set(s) <= set(k)) for s in spaces]
    )
    gains: NDArray[np.float64] = np.array(
        [
            [
                outside(sizes, kept) if set(space) <= set(kept) else 0.0
                for space in spaces
            ]
            for kept in measured
        ]
    )
    share = np.full(len(measured), 1 / len(measured))
    for _ in range(_STEPS):
        known = share @ gains
        slope = gains @ (cost / known**2)
        share = share * np.sqrt(slope)
        share /= share.sum()
    return dict(zip(measured, share.tolist(), strict=True))


def _whole(
    drafted: Mapping[KeySet, float], sizes: Sequence[int], asked: Sequence[KeySet]
) -> Mapping[KeySet, Fraction]:
    """Shares as exact fractions, tiny ones left out where the rest know enough."""
    total = sum(drafted.values())
    rounded = {k: round(_GRAIN * share / total) for k, share in drafted.items()}
    kept = {key: Fraction(share) for key, share in rounded.items() if share}
    known = {key: float(share) for key, share in kept.items()}
    if any(variance(sizes, known, each) == float("inf") for each in asked):
        kept = dict.fromkeys(drafted, Fraction(1))
    whole = sum(kept.values(), Fraction(0))
    return {key: share / whole for key, share in kept.items()}
