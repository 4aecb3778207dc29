"""What is lost where numbers are cut off at bounds, told by a released histogram.

A clamped value, or a clipped total of a person, is nearer to the others than it was.
How much is lost in all follows from the profile, at no cost, and figures are
corrected by that. One cell may lose nothing, or more than others, so what it loses is
taken to be anything from nothing to `UNEVEN` times the average.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import hypot, sqrt
from typing import Final

from privacy.histogram import Histogram

UNEVEN: Final = 3
"""A cell is taken to lose at most so many times what cells do on average."""

_BETWEEN: Final = 0.2
"""How far cells are taken to be apart, in half ranges: about a third of evenly."""

_SURE: Final = 2
"""How many standard errors are allowed for in what the histogram says of a loss."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Numbers of people cut off at `lower` and `upper`, and what that does to them.

    Bounds are unscaled integers at `scale`, and the other figures so many of the same
    units, for one person: what is left is `mean` on average, `above` and `below` is
    lost past either bound, less or more by `error`, the standard deviation of the
    histogram's noise in it. One person's loss is `deviation`, as a root mean square.
    """

    lower: int
    upper: int
    scale: int
    mean: float
    above: float
    below: float
    error: float
    deviation: float

    @property
    def unit(self) -> Fraction:
        """What one unscaled unit stands for."""
        return Fraction(10) ** -self.scale

    @property
    def half(self) -> float:
        """Half of what is between the bounds."""
        return (self.upper - self.lower) / 2

    @property
    def centre(self) -> float:
        """The middle between the bounds."""
        return (self.upper + self.lower) / 2

    @property
    def off_centre(self) -> float:
        """How far an average is likely to be from the middle, in halves of the range.

        A cell's is about all cells' average, and some of the range beside.
        """
        return hypot((self.mean - self.centre) / self.half, _BETWEEN)

    @property
    def shift(self) -> float:
        """How far what is left is below what there was, on average."""
        return self.above - self.below

    @property
    def most_above(self) -> float:
        """The most that a cell is taken to lose past the upper bound."""
        return UNEVEN * self.above + _SURE * self.error if self.error else 0.0

    @property
    def most_below(self) -> float:
        """The most that a cell is taken to lose past the lower bound."""
        return UNEVEN * self.below + _SURE * self.error if self.error else 0.0

    @property
    def part(self) -> float:
        """How much is lost above on average, in parts of what is left; 1 at most."""
        return min(1.0, self.above / max(self.mean, 1.0))

    @property
    def doubt(self) -> float:
        """How far off a corrected cell is predicted to be, as a standard deviation.

        As much as the uneven loss may be, and the error of what the histogram says.
        """
        return hypot((UNEVEN - 1) * max(self.above, self.below), self.error)


@lru_cache(maxsize=4096)
def cut_at(histogram: Histogram, lower: int, upper: int) -> Cut:
    """What cutting off at two bounds does; these are starts of classes, or ends."""
    total, held = histogram.total, histogram.people
    above = [max(0.0, middle - upper) for middle in histogram.middles]
    below = [max(0.0, lower - middle) for middle in histogram.middles]
    lost = [high - low for high, low in zip(above, below, strict=True)]
    left = [m - each for m, each in zip(histogram.middles, lost, strict=True)]

    def mean(numbers: list[float]) -> float:
        return sum(n * each for n, each in zip(held, numbers, strict=True)) / total

    return Cut(
        lower=lower,
        upper=upper,
        scale=histogram.scale,
        mean=min(max(mean(left), lower), upper),
        above=max(0.0, mean(above)),
        below=max(0.0, mean(below)),
        error=histogram.deviation * sqrt(sum(each**2 for each in lost)) / total,
        deviation=sqrt(max(0.0, mean([each**2 for each in lost]))),
    )
