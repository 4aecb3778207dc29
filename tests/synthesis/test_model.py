"""Pairs that matter are told from noise, whatever their size."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from tre.synthesis.asked import Pair
from tre.synthesis.marginals import Marginal, Marginals
from tre.synthesis.model import association, likeliest

SIZES = (4, 4, 4, 40)
PEOPLE = 20_000
NOISE = 50.0


def counted(columns: np.ndarray, *, seed: int) -> Marginals:
    """The noised counts of every two columns of some people, shape (people, 4)."""
    drawn = np.random.default_rng(seed)

    def counts(pair: Pair) -> Marginal:
        found = np.zeros([SIZES[place] for place in pair])
        np.add.at(found, tuple(columns[:, place] for place in pair), 1.0)
        noise = np.rint(NOISE * drawn.standard_normal(found.shape))
        return Marginal(pair, found + noise, NOISE)

    pairs = tuple(counts(pair) for pair in combinations(range(4), 2))
    return Marginals(tuple(tuple(range(size)) for size in SIZES), pairs, PEOPLE)


def test_noise_alone_is_no_association() -> None:
    """Columns that have nothing to do with each other are told apart by noise only.

    The noise of a large table moves more people than that of a small one, and is
    taken off: neither looks like more than three hundredths of all people.
    """
    drawn = np.random.default_rng(1)
    columns = np.stack([drawn.integers(0, size, PEOPLE) for size in SIZES], axis=1)
    for marginal in counted(columns, seed=2).pairs:
        assert abs(association(marginal)) < 0.03 * PEOPLE


def test_columns_are_joined_by_what_they_tell_of_each_other() -> None:
    """Each column like the one before it three times in four: the tree is the chain."""
    drawn = np.random.default_rng(3)
    first = drawn.integers(0, 4, PEOPLE)
    found = [first]
    for size in SIZES[1:]:
        other = drawn.integers(0, size, PEOPLE)
        found.append(np.where(drawn.random(PEOPLE) < 0.75, found[-1], other))
    known = counted(np.stack(found, axis=1), seed=4)
    assert set(likeliest(known)[:3]) == {(0, 1), (1, 2), (2, 3)}
