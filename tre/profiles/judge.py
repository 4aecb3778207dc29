"""What a profile's rules say of exact tables and models."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tre.profiles.profile import Concentration, Frequency, Inference, Profile, Verdict

Mask: TypeAlias = NDArray[np.bool_]
Reals: TypeAlias = NDArray[np.float64]
Compare: TypeAlias = Callable[[Any, Any], Any]

_COMPARE: Final[Mapping[str, Compare]] = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}


@dataclass(frozen=True, slots=True)
class Contributions:
    """What the dominance rules look at, for each cell of a table.

    `totals` and `negative` (how many values are below 0) have the table's shape;
    `largest` one axis more, last: the largest values of a cell, descending, at least
    two of them, 0 where a cell has fewer.
    """

    totals: Reals = field(repr=False)
    largest: Reals = field(repr=False)
    negative: NDArray[np.int64] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Judgement:
    """The cells that each rule fails, and whether a person has to judge instead."""

    fails: Mapping[str, Mask] = field(repr=False)
    review: bool = False

    @property
    def hidden(self) -> Mask:
        """The cells that any rule fails."""
        hidden: Mask = np.logical_or.reduce([*self.fails.values()])
        return hidden


def judge(
    profile: Profile,
    counts: NDArray[np.int64],
    contributions: Contributions | None = None,
) -> Judgement:
    """Judge the cells of a table of counts, or of sums or means where contributed.

    `counts` is how many there are behind each cell. Class disclosure by an empty
    cell concerns tables of counts, dominance the others.
    """
    fails = {"frequency": np.zeros(counts.shape, dtype=np.bool_)}
    if profile.frequency is not None:
        fails["frequency"] = below(profile.frequency, counts)
    if contributions is None:
        if profile.empty_discloses:
            fails["class"] = counts == 0
        return Judgement(fails)
    if profile.negative_is_reviewed and contributions.negative.any():
        return Judgement(fails, review=True)
    if profile.concentration is not None:
        fails["concentration"] = concentrated(profile.concentration, contributions)
    if profile.inference is not None:
        held = inferable(profile.inference, contributions)
        fails["inference"] = held & (counts > 0)
    return Judgement(fails)


def below(rule: Frequency, counts: NDArray[np.int64]) -> Mask:
    """The counts that fail; zero has a verdict of its own."""
    fails: Mask = _COMPARE[rule.fails](counts, rule.threshold)
    return np.where(counts == 0, rule.zero is Verdict.FAILS, fails)


def concentrated(rule: Concentration, contributions: Contributions) -> Mask:
    """The cells whose largest contributors hold too much; none of an empty total."""
    held = contributions.largest[..., : rule.largest].sum(axis=-1)
    share = np.divide(
        held,
        contributions.totals,
        out=np.zeros_like(held),
        where=contributions.totals != 0,
    )
    fails: Mask = _COMPARE[rule.fails](share, float(rule.share))
    return np.where(contributions.totals == 0, np.False_, fails)


def inferable(rule: Inference, contributions: Contributions) -> Mask:
    """The cells in which the second largest can tell the largest too closely."""
    first, second = contributions.largest[..., 0], contributions.largest[..., 1]
    rest = contributions.totals - (first + second)
    share = np.divide(rest, first, out=np.zeros_like(rest), where=first != 0)
    fails: Mask = _COMPARE[rule.fails](share, float(rule.share))
    return np.where(first == 0, rule.largest_zero is Verdict.FAILS, fails)


def model_fails(profile: Profile, observations: int, parameters: int) -> bool:
    """Whether a fitted model fails: too little freedom, or too many parameters."""
    freedom, share = profile.degrees_of_freedom, profile.parameters
    if freedom is not None:
        compare = _COMPARE[freedom.fails]
        if compare(observations - parameters, freedom.threshold):
            return True
    if share is not None:
        limit = float(share.share) * observations
        return bool(_COMPARE[share.fails](parameters, limit))
    return False
