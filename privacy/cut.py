"""Numbers past a bound count for their average, which a released histogram tells.

Few numbers are far out, and noise is made for the farthest that may be. So each number
past a bound is told as the average of those past it: what one person moves is smaller,
and a cell is right however many it has past the bound, where these exceed it as they
do in all cells together. How far a cell may be from that is in the intervals, by a
count of its own that is noised with the rest (`tails`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from math import hypot, sqrt
from typing import Final

from privacy.histogram import Histogram

UNEVEN: Final = 3
"""What a cell has past a bound is taken to exceed it at most so many times as far as
all cells' does on average."""

SURE: Final = 2
"""How many standard errors are allowed for in what the histogram says of an average."""

_BETWEEN: Final = 0.2
"""How far cells are taken to be apart, in half ranges: about a third of evenly."""

_KNOWN: Final = 4
"""Fewer people than so many standard deviations of their noise have no average."""

_MOST_WEIGHT: Final = Fraction(3, 4)
_FINE: Final = 1_000


@dataclass(frozen=True, slots=True)
class Tail:
    """The numbers past one bound, each told as `told`, no nearer than the bound.

    Past an upper bound is what is at least that much, past a lower what is less. Bounds
    are unscaled integers at `scale`; `farthest` is the public bound on that
    side. `share` is the part of all people past it, `error` the standard deviation of
    the histogram's noise in `told`, and `deviation` one number's distance from it, as
    a root mean square.
    """

    bound: int
    told: int
    farthest: int
    scale: int
    share: float
    error: float
    deviation: float

    @property
    def is_upper(self) -> bool:
        """Whether it is of large numbers, not of small ones."""
        return self.farthest > self.bound

    @property
    def unit(self) -> Fraction:
        """What one unscaled unit stands for."""
        return Fraction(10) ** -self.scale

    @property
    def excess(self) -> int:
        """How far past the bound they are on average; a cell's may be at it."""
        return abs(self.told - self.bound)

    @property
    def doubt(self) -> float:
        """How far off a cell's are predicted to be: at the bound, or twice as far."""
        return hypot(self.excess, self.error)

    @property
    def further(self) -> float:
        """How much further out than told a cell's are taken to be at most."""
        most = (UNEVEN - 1) * self.excess + SURE * self.error
        return min(most, self.worst)

    @property
    def worst(self) -> int:
        """How much further out than told numbers can be by public bounds."""
        return abs(self.farthest - self.told)

    def weight(self, reach: float) -> Fraction:
        """What their count gets of the price, beside a sum whose values reach so far.

        An interval is narrowest where that is as the two thirds power of what one
        counted may be off by, under Laplace noise, or as the first, under Gaussian. A
        half at most, as the figure itself has no use of it.
        """
        part = (self.doubt / max(1.0, reach)) ** (2 / 3)
        return min(
            _MOST_WEIGHT, max(Fraction(1, 20), Fraction(part))
        ).limit_denominator(_FINE)


@dataclass(frozen=True, slots=True)
class Cut:
    """Numbers of people told as their average past one bound, or past either.

    What is left is from `low` to `high` and `mean` on average, in unscaled units.
    """

    low: int
    high: int
    mean: float
    lower: Tail | None = None
    upper: Tail | None = None

    @property
    def scale(self) -> int:
        """Of the column; 0 where nothing is past any bound, and no number is told."""
        return next((each.scale for each in self.tails), 0)

    @property
    def tails(self) -> tuple[Tail, ...]:
        """What is told as its average, on either side."""
        return tuple(each for each in (self.lower, self.upper) if each is not None)

    @property
    def half(self) -> float:
        """Half of what is left of the range."""
        return (self.high - self.low) / 2

    @property
    def off_centre(self) -> float:
        """How far an average is likely to be from the middle, in halves of the range.

        A cell's is about all cells' average, and some of the range beside.
        """
        middle = (self.high + self.low) / 2
        return hypot((self.mean - middle) / self.half, _BETWEEN)

    def weight_of(self, tail: Tail) -> Fraction:
        """What an average's count of values past a bound gets, beside its sum."""
        return tail.weight(self.half)

    @property
    def doubt(self) -> float:
        """How far off a number is predicted to be on average, for what is past."""
        return hypot(*(each.share * each.doubt for each in self.tails))

    @property
    def deviation(self) -> float:
        """How far one person's number is from what is told for it, as a rms."""
        return sqrt(sum(each.share * each.deviation**2 for each in self.tails))


@lru_cache(maxsize=4096)
def cut_at(histogram: Histogram, lower: int, upper: int) -> Cut | None:
    """Telling numbers below `lower` and above `upper` as their averages.

    Both are starts of classes, or ends. None where too few are past either for the
    histogram to tell their average, or nothing is left between.
    """
    lowest, highest = histogram.starts[0], histogram.most
    below = None if lower == lowest else _tail(histogram, lower, lowest)
    above = None if upper == highest else _tail(histogram, upper, highest)
    unknown = (below is None and lower != lowest) or (above is None and upper < highest)
    if unknown or upper <= lower:
        return None
    low = lowest if below is None else below.told
    high = highest if above is None else above.told
    middles = (
        low if middle < lower else high if middle >= upper else middle
        for middle in histogram.middles
    )
    pairs = zip(histogram.people, middles, strict=True)
    mean = sum(held * middle for held, middle in pairs) / histogram.total
    return Cut(low, high, min(max(mean, low), high), below, above)


def _tail(histogram: Histogram, bound: int, farthest: int) -> Tail | None:
    is_upper = farthest > bound
    every = zip(histogram.people, histogram.middles, histogram.widths, strict=True)
    classes = [
        _Class(held, abs(middle - bound), width)
        for held, middle, width in every
        if (middle >= bound if is_upper else middle < bound)
    ]
    found = _gathered(classes if is_upper else classes[::-1], histogram.deviation)
    people = sum(each.held for each in classes)
    if people <= _KNOWN * histogram.deviation * sqrt(len(classes)):
        return None
    average = sum(each.held * each.past for each in found) / people
    excess = round(min(max(average, 0.0), abs(farthest - bound)))
    squares = sum(
        max(0, each.held) * ((each.past - excess) ** 2 + each.width**2 / 12)
        for each in found
    )
    doubt = sqrt(sum((each.past - excess) ** 2 for each in classes))
    return Tail(
        bound=bound,
        told=bound + (excess if is_upper else -excess),
        farthest=farthest,
        scale=histogram.scale,
        share=min(1.0, people / histogram.total),
        error=histogram.deviation * doubt / people,
        deviation=sqrt(squares / people),
    )


@dataclass(frozen=True, slots=True)
class _Class:
    """People whose numbers are so far past a bound, about, in a class so wide."""

    held: int
    past: float
    width: int


def _gathered(classes: list[_Class], deviation: int) -> list[_Class]:
    """Classes outwards, all beyond which nobody may be taken into the last that is.

    Noise far out, where few people are, would be most of an average. Those whom it
    hides are no more than the errors that an interval has room for.
    """
    held, kept = 0, list(classes)
    while kept:
        last = kept.pop()
        held += last.held
        if held >= SURE * deviation * sqrt(len(classes) - len(kept)):
            return [*kept, replace(last, held=held)]
    return []
