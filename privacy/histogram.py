"""People by one number of each, in classes that public bounds fix.

Classes widen by √2 away from 0, or from the bound nearest to it, so that sixteen of
them reach from the largest number to a 256th of it, wherever most people are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import pairwise
from math import isqrt
from typing import Final

_STEPS: Final = 16

_LIKELY: Final = 2
_SURE: Final = 4
"""Standard errors of noise past which somebody is likely in a class, and surely."""


@dataclass(frozen=True)
class Histogram:
    """Noised numbers of people by a number that each of them has of one column.

    `people[i]` have at least `starts[i]` and less than the next start; the last class
    ends at `most`. Numbers are unscaled integers at the column's `scale`. Each figure
    is noised, of a standard deviation of at most `deviation`, and may be below 0.
    """

    column: str
    scale: int
    starts: tuple[int, ...]
    most: int
    people: tuple[int, ...]
    deviation: int

    @cached_property
    def total(self) -> float:
        """How many people there are, about; never below 1."""
        return max(1.0, float(sum(self.people)))

    @cached_property
    def middles(self) -> tuple[float, ...]:
        """The middle of each class, which people are taken to be spread about."""
        return tuple((start + last) / 2 for start, last in self._classes)

    @cached_property
    def widths(self) -> tuple[int, ...]:
        """How far the last number of each class is from its first."""
        return tuple(last - start for start, last in self._classes)

    @cached_property
    def _classes(self) -> tuple[tuple[int, int], ...]:
        inner = ((start, end - 1) for start, end in pairwise(self.starts))
        return (*inner, (self.starts[-1], self.most))

    @property
    def likely(self) -> Histogram:
        """The classes in which somebody is likely: noise makes one in 44 by itself."""
        return self._past(_LIKELY)

    @property
    def surely(self) -> Histogram:
        """The classes in which somebody surely is: noise makes one in 30,000."""
        return self._past(_SURE)

    def _past(self, errors: int) -> Histogram:
        least = errors * self.deviation
        return replace(self, people=tuple(n if n > least else 0 for n in self.people))

    def is_of(self, lower: int, upper: int, scale: int) -> bool:
        """Whether it is of numbers with these public bounds, and of no earlier ones."""
        same = self.scale == scale and self.most == upper
        return same and self.starts == ladder(lower, upper)


@lru_cache(maxsize=1024)
def ladder(lower: int, upper: int) -> tuple[int, ...]:
    """The least number of each class of numbers from `lower` to `upper`.

    >>> ladder(0, 100)[-5:]
    (17, 25, 35, 50, 70)
    >>> ladder(-40, 0)[:3]
    (-40, -28, -20)
    """
    nearest = min(max(0, lower), upper)
    above, below = upper - nearest, nearest - lower
    steps = range(1, _STEPS + 1)
    starts = {lower, nearest}
    starts.update(nearest + isqrt(above**2 >> step) for step in steps)
    starts.update(nearest - isqrt(below**2 >> step) for step in steps)
    return tuple(sorted(starts))
