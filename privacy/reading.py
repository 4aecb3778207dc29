"""What is computed in each cell, and how an aggregate is read off it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from privacy.ceiling import Ceiling
from privacy.cut import Cut, Tail
from privacy.expression import Expression
from privacy.query import Statistic
from privacy.ranks import Order


@dataclass(frozen=True, slots=True)
class Component:
    """One exact integer of each cell, to be noised.

    `statistic` is ROWS, PRESENT, PEOPLE, DISTINCT or SUM. `l1` and `l2_squared`
    bound, in the component's own unscaled units, how far the vector over all cells
    moves when one person and all their rows are added or removed. The unscaled
    integer stands for itself over 10^`scale`, which may be negative. `weight` is
    its part of the price. `keys` are the positions of the keys whose cells these
    are, where not all of the question's. Where it is `whole`, one number is noised,
    of all cells together, and is told in each.
    """

    statistic: Statistic
    argument: Expression | None
    l1: int
    l2_squared: int
    scale: int
    weight: Fraction
    keys: tuple[int, ...] | None = None
    whole: bool = False

    @property
    def adds_up(self) -> bool:
        """Whether the cells of a group add up to the group's.

        People may be in two, and so may values that are counted once each.
        """
        return self.statistic not in (Statistic.PEOPLE, Statistic.DISTINCT)

    @property
    def unit(self) -> Fraction:
        """What one unscaled unit stands for."""
        return Fraction(10) ** -self.scale


@dataclass(frozen=True, slots=True)
class Reading:
    """How a count, a sum or an average is read off the components, by position.

    Without `divisor` it is the component; with one (AVG) it is component ÷
    divisor plus `centre`, an unscaled integer at the component's scale, and it
    lies in [`lower`, `upper`] at the same scale. With `lifted` (a SUM beside an
    AVG) it is component plus `centre` times that count. With `left_out` it is of some
    of each person's rows, and those are the sum and count of the others. With `cut`
    an average's values are told as their average past a bound, and `past` counts what
    is past each. `clipped` says how a SUM's totals of people are clipped.
    """

    component: int
    divisor: int | None = None
    centre: int = 0
    lower: int = 0
    upper: int = 0
    lifted: int | None = None
    left_out: tuple[int, int] | None = None
    cut: Cut | None = None
    past: tuple[tuple[int, Tail], ...] = ()
    clipped: Clipped | None = None


@dataclass(frozen=True, slots=True)
class Clipped:
    """Where a SUM's totals are clipped, what all cells lose, and who is over in each.

    `lost` and `over` are positions of components.
    """

    ceiling: Ceiling
    lost: int
    over: int


@dataclass(frozen=True, slots=True)
class Side:
    """A variable of a spread: where Σ(x − centre) is, and the ends of x − centre."""

    component: int
    centre: Fraction
    lower: Fraction
    upper: Fraction

    @property
    def reach(self) -> Fraction:
        """The largest |x − centre|."""
        return max(abs(self.lower), abs(self.upper))


@dataclass(frozen=True, slots=True)
class Cross:
    """Where Σ(round((x − a)(y − b)) − lift) is; a row's rounding is at most `rough`."""

    component: int
    lift: Fraction
    rough: Fraction


@dataclass(frozen=True, slots=True)
class Spread:
    """How a variance, covariance, correlation or regression is read.

    `left` is the argument and `right` the second one, the same for a variance;
    `cross` is of both, and `squares` of the left and of the right alone where they
    are needed (both None for a variance, whose cross is its square). `count` is the
    number of rows where both are present.
    """

    statistic: Statistic
    left: Side
    right: Side
    count: int
    cross: Cross
    squares: tuple[Cross | None, Cross | None] = (None, None)

    @property
    def square(self) -> bool:
        """Whether both sides are one variable."""
        return self.left == self.right


AnyReading: TypeAlias = Reading | Spread | Order


def positions(reading: AnyReading) -> frozenset[int]:
    """The components an aggregate is read off."""
    match reading:
        case Reading(component, divisor, lifted=lifted):
            known = (component, divisor, lifted)
            asked = frozenset(each for each in known if each is not None)
            return asked | left_out(reading) | past(reading)
        case Spread(_, left, right, count, cross, squares):
            found = [each.component for each in (cross, *squares) if each is not None]
            return frozenset((left.component, right.component, count, *found))
        case Order():
            return frozenset()


def left_out(reading: AnyReading) -> frozenset[int]:
    """The components that only tell what leaving rows out or clipping does."""
    match reading:
        case Reading(left_out=(total, count)):
            return frozenset((total, count))
        case Reading(clipped=Clipped(lost=lost)):
            return frozenset((lost,))
        case _:
            return frozenset()


def past(reading: AnyReading) -> frozenset[int]:
    """The components that only tell how many are past a bound."""
    match reading:
        case Reading(clipped=Clipped(over=over)):
            return frozenset((over,))
        case Reading(past=found):
            return frozenset(position for position, _ in found)
        case _:
            return frozenset()


@dataclass(frozen=True, slots=True)
class Emerging:
    """How keys come out that are not public: those that at least `fewest` people have.

    One person has at most `keys_per_person` of their combinations. `weight` is what
    it takes of the price.
    """

    keys_per_person: int
    fewest: int
    weight: Fraction


@dataclass(frozen=True, slots=True)
class Support:
    """The count that certifies an aggregate's cell, by position of the component.

    One person adds at most `per_person` to it, so people ≥ count ÷ `per_person`.
    `besides` are counts of rows that have to prove as many people, each on its own.
    """

    component: int
    per_person: int
    besides: tuple[int, ...] = ()
