"""Say which value of a group is looked for: among which candidates, at which rank.

Candidates are the blocks of a public grid (`grid`), and then the buckets of one block.

With n rows in a group and c(x) of them below x, candidate [x, y) is as far from the
target T as T is from [b·c(x), b·c(y)], in units of 1/b row. T is a·n plus a public
shift. A row more moves b·c by b or by 0 and T by at least t and at most t', so that
the distance moves by at most max(t', b − t): for p = a/b, max(a, b − a). So one
person with C rows in all, of which k are in this group, moves every distance by at
most k·max(t', b − t) (Smith 2011, section 3; in integers so that no score is rounded).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from math import isqrt
from typing import Final

from privacy.catalogue import Domain
from privacy.contribution import Contribution
from privacy.expression import Expression
from privacy.grid import END_BLOCKS, FINE_BLOCKS, MOST_BLOCKS, Grid, grid_of
from privacy.query import Aggregate, Statistic
from privacy.told import Crowd

VALUE_WEIGHT: Final = Fraction(7, 8)
"""What of a quantile's price its value gets; the ends of its interval the rest."""


class Part(Enum):
    """Which part of an answer a choice is for."""

    LOW = "low"
    VALUE = "value"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class Target:
    """Where in a group a value is: `above`/`below` of the rows come before it.

    `inwards` is −1, 0 or 1: an extreme's value is looked for a public number of rows
    further up (MIN) or down (MAX), though never beyond the middle (`inwards`); else 0.
    """

    above: int
    below: int
    inwards: int = 0

    @property
    def per_row(self) -> int:
        """How far one row moves any distance, in units of 1/`below` row."""
        ends = sorted((self.above, self.above + self.inwards))
        return max(ends[1], self.below - ends[0])


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice of a candidate in every cell, to be made with noise.

    One person has at most so many `rows` over all cells. `miss` is the
    probability with which an end of an interval may be on the wrong part of the
    value; for a value it says how far from an extreme it is looked for. `weight` is
    its part of the price, and `crowd` what the profile tells of where rows are.
    """

    argument: Expression
    grid: Grid
    target: Target
    part: Part
    rows: Contribution
    miss: Fraction
    weight: Fraction
    crowd: Crowd | None = None

    @property
    def candidates(self) -> tuple[int, ...]:
        """How many candidates each selection has, at most.

        An end of an interval is that of a block: nothing is looked for inside.
        """
        blocks, widest = len(self.grid.starts), self.grid.widest
        refined = self.part is Part.VALUE and widest > 1
        return (blocks, widest) if refined else (blocks,)

    @property
    def moved(self) -> int:
        """How far one person moves the distances of all cells together."""
        return self.rows.rows * self.target.per_row

    @property
    def moved_in_squares(self) -> int:
        """The root of how far those of each cell, squared and added up; rounded up."""
        squared = self.rows.squared * self.target.per_row**2
        return isqrt(squared - 1) + 1


@dataclass(frozen=True, slots=True)
class Order:
    """How a quantile or an extreme is read: its value and the ends of its interval.

    Positions of choices; an end that is None is the public bound, as one person's
    row can be beyond all others.
    """

    statistic: Statistic
    domain: Domain
    value: int
    low: int | None
    high: int | None


def choices_of(
    aggregate: Aggregate,
    rows: Contribution,
    miss: Fraction,
    crowd: Crowd | None = None,
    *,
    cells: int = 1,
) -> tuple[Choice, ...]:
    """The choices that an aggregate needs: first its value, then ends of its interval.

    `miss` is how often the interval may miss, both sides together. Where the profile
    tells where rows are (`crowd`), candidates are as many there as it says, and more of
    them where few `cells` are asked.
    """
    argument = aggregate.argument
    if argument is None:
        raise TypeError("a quantile is of an argument")
    targets = _targets(aggregate)
    ends = len(targets) - 1
    values = None if crowd is None else crowd.values
    fine = FINE_BLOCKS if cells <= _FEW_CELLS else MOST_BLOCKS
    whole = grid_of(argument.domain, values, fine)
    coarse = grid_of(argument.domain, values, END_BLOCKS)
    return tuple(
        Choice(
            argument,
            whole if part is Part.VALUE else coarse,
            target,
            part,
            rows,
            _EXTREME_MISS if part is Part.VALUE else miss / ends,
            VALUE_WEIGHT if part is Part.VALUE else (1 - VALUE_WEIGHT) / ends,
            crowd,
        )
        for part, target in targets
    )


_FEW_CELLS: Final = 64
"""Cells up to which a choice among many candidates takes no time to speak of."""

_EXTREME_MISS: Final = Fraction(1, 4)
"""How often an extreme's value may come from where nobody is."""


def _targets(aggregate: Aggregate) -> tuple[tuple[Part, Target], ...]:
    match aggregate:
        case Aggregate(Statistic.MIN):
            return (Part.VALUE, Target(0, 2, 1)), (Part.HIGH, Target(0, 1))
        case Aggregate(Statistic.MAX):
            return (Part.VALUE, Target(2, 2, -1)), (Part.LOW, Target(1, 1))
        case Aggregate(at=Fraction() as at):
            found = Target(at.numerator, at.denominator)
            return tuple((part, found) for part in (Part.VALUE, Part.LOW, Part.HIGH))
        case _:
            raise TypeError("this aggregate is not one of the values")
