"""What numbers past a bound may add to an interval, of averages and clipped sums.

Every cell has a noised count of its own of them, beside its figure.

An average's values past a bound are told as their average (`cut`). Those of a cell
exceed the bound by anything from nothing to `UNEVEN` times what they do on average,
and two standard errors of the profile's, so an end is moved by so much for each
counted. The count's noise adds to that of the figure in squares, and so does the chance
of which numbers they are: n of them are √n times one's deviation off. Where a third of
a cell's values are past, it is unlike the rest, and how far they are is anybody's
guess: its interval reaches to the public bound. Where noise hides that, they are so few
that the count's own noise has room for them.

What clipping a sum's totals loses is measured with it, over all cells together. A cell
lost nothing, or up to `UNEVEN` times its share by what is left of it; or, where it
surely has more people over the bound than that share of them, as much for each as
`UNEVEN` times all lose on average: the public worst where they have most of its sum.

What reaches so far is wide, and so `unreliable` by any policy that says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from privacy.cut import UNEVEN, Tail
from privacy.evidence import Ends, Evidence, Numbers, point
from privacy.form import Linear, Ratio
from privacy.mechanism import LARGEST
from privacy.quantile import (
    COVERAGE,
    half_width,
    normal_half_width,
    sum_half_width,
)
from privacy.reading import Clipped, Reading

_MOST_OF_SUM: Final = Fraction(2, 3)
"""A cell is unlike the rest where people past the bound have so much of its sum."""

_MOST_OF_ROWS: Final = Fraction(1, 3)
"""An average is unlike the rest where so many of its values are past a bound."""


@dataclass(frozen=True, slots=True)
class Lost:
    """What a cell's clipped totals lost, in unscaled units, and how sure that is.

    `share` is what it is raised by, `most` the most that it is taken to have lost;
    `doubt` is the half-width of the noise in the first, and of the chance of who is in
    the cell. Shape (draws, cells).
    """

    share: Numbers
    most: Numbers
    doubt: Numbers


def lost_of(reading: Reading, clipped: Clipped, evidence: Evidence) -> Lost:
    """Share out what all cells lost together; never below nothing.

    By what is left of each cell, or by whom it has over the bound, where these are
    surely more than that part of all.
    """
    ceiling, crowd = clipped.ceiling, _crowd(clipped, evidence)
    kept = np.maximum(_noised(reading.component, evidence), 0.0)
    lost = np.maximum(_noised(clipped.lost, evidence), 0.0)
    width = float(half_width(evidence.price.mechanisms[clipped.lost]))
    parts = kept / np.maximum(kept.sum(axis=-1, keepdims=True), 1.0)
    crowded = crowd.least > parts * crowd.most_of_all
    parts = np.where(crowded, crowd.people / crowd.all, parts)
    most_of_sum = crowd.people * ceiling.bound > float(_MOST_OF_SUM) * kept
    worst = float(ceiling.most - ceiling.bound)
    each = np.minimum(UNEVEN * (lost + width) / crowd.least_of_all, worst)
    counted = np.where(most_of_sum, worst, each) * crowd.most
    noise = float(half_width(evidence.price.mechanisms[reading.component]))
    doubtful = noise / np.maximum(kept.sum(axis=-1, keepdims=True), 1.0)
    likely = np.minimum(parts + doubtful, 1.0)
    told = UNEVEN * likely * lost
    most = np.where(crowded, np.maximum(told, counted), told)
    chance = (
        normal_half_width(COVERAGE)
        * ceiling.deviation
        * np.sqrt(ceiling.people * likely)
    )
    return Lost(parts * lost, most, np.hypot(likely * width, chance))


def total_ends(reading: Reading, lost: Lost, evidence: Evidence) -> Ends:
    """The ends of the interval of a sum of clipped totals, in unscaled units."""
    kept = _noised(reading.component, evidence)
    width = float(half_width(evidence.price.mechanisms[reading.component]))
    half = np.hypot(width, lost.doubt)
    return kept - half, kept + half + lost.most


@dataclass(frozen=True, slots=True)
class _Crowd:
    """The people over the bound, of each cell and of all, by noised counts.

    With the least and most that the counts' noise leaves likely.
    """

    people: Numbers
    least: Numbers
    most: Numbers
    all: Numbers
    least_of_all: Numbers
    most_of_all: Numbers


def _crowd(clipped: Clipped, evidence: Evidence) -> _Crowd:
    unit = float(evidence.price.plan.components[clipped.over].unit)
    noised = _noised(clipped.over, evidence) * unit
    width = half_width(evidence.price.mechanisms[clipped.over]) * unit
    people = np.maximum(noised, 0.0)
    every = np.maximum(people.sum(axis=-1, keepdims=True), 1.0)
    doubt = width * sqrt(noised.shape[-1])
    return _Crowd(
        people,
        noised - width,
        people + width,
        every,
        np.maximum(noised.sum(axis=-1, keepdims=True) - doubt, 1.0),
        every + doubt,
    )


def _noised(position: int, evidence: Evidence) -> Numbers:
    values = np.clip(evidence.noised.values[position], -LARGEST, LARGEST)
    return values.astype(np.float64)


def average_ends(ratio: Ratio, evidence: Evidence, ends: Ends, coverage: float) -> Ends:
    """The ends of an average's interval, with what values past its bounds may add."""
    rows = np.maximum(
        point(ratio.denominator, evidence)
        - _width(ratio.denominator, evidence, coverage),
        1.0,
    )
    middle, half = _halves(ends)
    low, high = np.square(half), np.square(half)
    down, up = np.zeros_like(half), np.zeros_like(half)
    for counted, tail in ratio.past:
        outwards, inwards = _moved(ratio, counted, tail, evidence)
        number = np.maximum(point(counted, evidence), 0.0) / rows
        width = _width(counted, evidence, coverage)
        chance = _chance(float(tail.unit) * tail.deviation, number * rows, width) / rows
        above, below = (outwards, inwards) if tail.is_upper else (inwards, outwards)
        up, down = up + above * number, down + below * number
        high = high + np.square(above * width / rows) + np.square(chance)
        low = low + np.square(below * width / rows) + np.square(chance)
    return middle - np.sqrt(low) - down, middle + np.sqrt(high) + up


def _moved(
    ratio: Ratio, counted: Linear, tail: Tail, evidence: Evidence
) -> tuple[Numbers, float]:
    """How much further out, and nearer, each value past a bound may be than told."""
    unit = float(tail.unit)
    unlike = _is_most(ratio.denominator, counted, _MOST_OF_ROWS, evidence)
    return np.where(unlike, tail.worst, tail.further) * unit, tail.excess * unit


def _is_most(
    total: Linear, counted: Linear, share: Fraction, evidence: Evidence
) -> NDArray[np.bool_]:
    """Whether what is counted seems to be more than this share of all there is."""
    over = _with(_times(counted, 1 / share), total, -1.0)
    found: NDArray[np.bool_] = point(over, evidence) > 0
    return found


def _halves(ends: Ends) -> Ends:
    """The middles and half-widths of intervals; infinite where they have no ends."""
    half = (ends[1] - ends[0]) / 2
    known = np.isfinite(half)
    middle = np.where(known, (ends[0] + ends[1]) / 2, 0.0)
    return middle, np.where(known, half, np.inf)


def _chance(deviation: float, counted: Numbers, width: float) -> Numbers:
    """How far off a sum of so many is, for which they are, as a half-width."""
    chance: Numbers = normal_half_width(COVERAGE) * deviation * np.sqrt(counted + width)
    return chance


def _width(value: Linear, evidence: Evidence, coverage: float) -> float:
    mechanisms = evidence.price.mechanisms
    terms = tuple((c, mechanisms[position]) for position, c in value.terms if c)
    return sum_half_width(terms, coverage)


def _with(value: Linear, other: Linear, times: float) -> Linear:
    """One sum of components and so many times another."""
    return Linear((*value.terms, *_times(other, Fraction(times)).terms))


def _times(value: Linear, factor: Fraction) -> Linear:
    return Linear(tuple((position, c * factor) for position, c in value.terms))
