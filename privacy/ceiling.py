"""Where people's totals are clipped, and what a released histogram says that loses."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import sqrt

from privacy.histogram import Histogram


@dataclass(frozen=True, slots=True)
class Ceiling:
    """People's totals clipped at `bound`, where they might be up to `most`.

    Unscaled integers at `scale`. For one person, in the same units: `mean` is left on
    average, `above` is lost, and `deviation` is the loss's root mean square. There are
    about `people` in all.
    """

    bound: int
    most: int
    scale: int
    mean: float
    above: float
    deviation: float
    people: float

    @property
    def unit(self) -> Fraction:
        """What one unscaled unit stands for."""
        return Fraction(10) ** -self.scale


@lru_cache(maxsize=4096)
def ceiling_at(histogram: Histogram, bound: int) -> Ceiling:
    """What clipping at a bound does; it is the start of a class, or the end of all."""
    total, middles = histogram.total, histogram.middles
    lost = [max(0.0, middle - bound) for middle in middles]

    def mean(numbers: list[float]) -> float:
        pairs = zip(histogram.people, numbers, strict=True)
        return max(0.0, sum(held * each for held, each in pairs) / total)

    return Ceiling(
        bound=bound,
        most=histogram.most,
        scale=histogram.scale,
        mean=mean([min(middle, float(bound)) for middle in middles]),
        above=mean(lost),
        deviation=sqrt(mean([each**2 for each in lost])),
        people=total,
    )
