"""Say of quantiles and extremes how far off they may be, in rows of a group."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, log

from privacy.catalogue import Domain, Type
from privacy.literals import written
from privacy.price import Price
from privacy.query import Statistic
from privacy.ranks import Choice, Order
from privacy.selection import Selector

_LIKELY = Fraction(5, 100)


@dataclass(frozen=True, slots=True)
class Reach:
    """How far from the rank asked for a value may be, and how far its interval goes.

    In rows, 95 times in 100; `inwards` is the rank at which an extreme's value is
    looked for, 0 for a quantile. All are public, and the same in every cell.
    """

    value: int
    ends: int
    inwards: int


def reach(order: Order, price: Price) -> Reach:
    """The reach of one quantile or extreme at this price."""
    choice, chosen = price.plan.choices[order.value], price.selectors[order.value]
    ends = [
        max(abs(stage.shift) for stage in price.selectors[place].stages)
        / price.plan.choices[place].target.below
        for place in (order.low, order.high)
        if place is not None
    ]
    shifts = [abs(stage.shift) for stage in chosen.stages]
    inwards = ceil(max(shifts) / choice.target.below)
    return Reach(_likely(choice, chosen), ceil(max(ends)), inwards)


def order_words(order: Order, price: Price) -> str:
    """What the column shows, in words."""
    found = reach(order, price)
    if order.statistic in (Statistic.MIN, Statistic.MAX):
        way = "below" if order.statistic is Statistic.MIN else "above"
        said = (
            "an extreme quantile, as one row alone decides the true extreme: the value "
            f"that about {found.inwards:,} rows of a group are {way}, within "
            f"{found.value:,} rows, 95 times in 100"
        )
    else:
        said = f"within {found.value:,} rows of the rank asked for, 95 times in 100"
    apart = _apart(price.selectors[order.value].grid.step, order.domain)
    return f"{said}; the interval reaches about {found.ends:,} rows{apart}"


def _apart(step: int, domain: Domain) -> str:
    """How far apart candidates are, where they are not all the values there are."""
    if step == 1:
        return ""
    units = {Type.DATE: " days", Type.DATETIME: " microseconds"}
    said = written(step, domain.scale) + units.get(domain.type, "")
    return f"; values are told in steps of {said}"


def _likely(choice: Choice, chosen: Selector) -> int:
    """Rows off the target but for 5%, where every candidate has rows of its own.

    Looking inside a block adds no more than the block's rows, where they are known.
    """
    surely = log(1 / float(_LIKELY)) / choice.target.below
    first, *others = (stage.selection.scale * surely for stage in chosen.stages)
    if choice.crowd is not None and choice.crowd.rows is not None:
        block = 2 * choice.crowd.rows / len(choice.grid.starts)
        others = [min(each, block) for each in others]
    return ceil(first + sum(others))
