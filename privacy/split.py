"""Split a question's price among its components, for the least predicted error.

To first order the error of an aggregate is a sum of its components' noise, times
coefficients. Over all aggregates, each relative to the size it is likely to have, the
variance is Σ A/ρ over components (zCDP, where σ² = Δ²/2ρ) or Σ A/ε² (pure DP, where
the variance is 2Δ²/ε²). At a fixed Σρ or Σε it is least at ρ ∝ √A or ε ∝ A^⅓ (by
Lagrange's multipliers). Likely sizes follow from public bounds alone: where nothing
else is known, values and averages are taken to be spread evenly between their bounds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from math import sqrt
from typing import Final

from privacy.accounting import Measure
from privacy.expression import Expression
from privacy.form import Linear, Ratio, form_of
from privacy.moments import ends_of, unit_of
from privacy.plan import Component, Plan
from privacy.query import ORDERS, Aggregate, Statistic
from privacy.ranks import Order
from privacy.reading import Reading, Side, Spread, positions

_FEWEST: Final = 0.02
"""No component that is asked for gets less than this of an even part."""

_FINE: Final = 10**6


def split(plan: Plan, measure: Measure) -> tuple[Fraction, ...]:
    """Each component's part of the price, relative to the others'.

    What only certifies or only checks keeps its weight. The rest have, together, as
    much as an even split would give them; of several grouping sets each has what
    `strategy` gave it. No data is involved.
    """
    if plan.told:
        return tuple(component.weight for component in plan.components)
    asked = sorted(frozenset().union(*map(positions, plan.readings)))
    asked = [each for each in asked if plan.components[each].weight == 1]
    needs = _needs(plan, measure)
    power = 1 / 3 if measure is Measure.PURE else 1 / 2
    wanted = {each: needs.get(each, 0.0) ** power for each in asked}
    total = sum(wanted.values())
    found = [component.weight for component in plan.components]
    for each, want in wanted.items():
        part = len(asked) * want / total if total else 1.0
        found[each] = Fraction(max(_FEWEST, part)).limit_denominator(_FINE)
    return tuple(found)


def spread_evenly(lower: float, upper: float) -> float:
    """The root mean square of values spread evenly between two ends."""
    return sqrt((lower * lower + lower * upper + upper * upper) / 3)


def _needs(plan: Plan, measure: Measure) -> Mapping[int, float]:
    """A of each component: its relative variance at ρ = ½, or ε = √2."""
    needs: dict[int, float] = {}
    for position, aggregate in enumerate(plan.query.aggregates):
        size = _size(aggregate)
        for place, coefficient in _effects(plan, position):
            relative = abs(coefficient) / size
            moved = _moved(plan.components[place], measure)
            needs[place] = needs.get(place, 0.0) + (relative * moved) ** 2
    return needs


def _moved(component: Component, measure: Measure) -> float:
    pure = measure is Measure.PURE
    return float(component.l1) if pure else sqrt(component.l2_squared)


def _effects(plan: Plan, position: int) -> Iterator[tuple[int, float]]:
    """Components an aggregate's error depends on, and how much, for one row."""
    reading = plan.readings[position]
    if isinstance(reading, Spread):
        yield from _spread(reading, plan)
        return
    if isinstance(reading, Order):
        return  # what it is chosen by is no component
    match form_of(reading, plan):
        case Linear(terms):
            yield from ((place, float(c)) for place, c in terms)
        case Ratio(numerator, denominator):
            yield from ((place, float(c)) for place, c in numerator.terms)
            centred = _centred(reading, plan)
            yield from ((place, float(c) * centred) for place, c in denominator.terms)
        case None:
            return


def _centred(reading: Reading, plan: Plan) -> float:
    """How far an average is likely to be from its centre."""
    unit = float(plan.components[reading.component].unit)
    if reading.cut is not None:
        return reading.cut.off_centre * reading.cut.half / 10.0**reading.cut.scale
    ends = (reading.lower - reading.centre, reading.upper - reading.centre)
    return spread_evenly(*(end * unit for end in ends))


def _spread(spread: Spread, plan: Plan) -> Iterator[tuple[int, float]]:
    """Of a second moment: the product's sum, both sums at the other's mean, the count.

    A correlation depends half as much on each square, a regression as much on one.
    """
    left, right = (_likely(side) for side in (spread.left, spread.right))
    lift = float(spread.cross.lift)
    effects = [
        (spread.cross.component, 1.0),
        (spread.left.component, right),
        (spread.right.component, left),
        (spread.count, sqrt(lift * lift + (left * right) ** 2)),
    ]
    share = 0.5 if spread.statistic is Statistic.CORR else 1.0
    for square, ratio in zip(spread.squares, (right / left, left / right), strict=True):
        if square is not None:
            effects.append((square.component, share * ratio))
    for place, coefficient in effects:
        yield place, coefficient * float(plan.components[place].unit)


def _likely(side: Side) -> float:
    found = spread_evenly(float(side.lower), float(side.upper))
    return found or 1.0


def _size(aggregate: Aggregate) -> float:
    """How large an aggregate is likely to be, for one row."""
    argument, other = aggregate.argument, aggregate.other
    counts = (Statistic.PRESENT, Statistic.PEOPLE, Statistic.DISTINCT)
    if argument is None or aggregate.statistic in ORDERS.union(counts):
        return 1.0
    if aggregate.statistic in (Statistic.SUM, Statistic.MEAN):
        lower, upper = (float(end * unit_of(argument)) for end in ends_of(argument))
        return spread_evenly(lower, upper) or 1.0
    spans = (_span(each) for each in (argument, other or argument))
    left, right = spans
    return left * right / 12 or 1.0


def _span(argument: Expression) -> float:
    lower, upper = ends_of(argument)
    return float((upper - lower) * unit_of(argument))
