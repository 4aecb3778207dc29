"""Where persons' totals are clipped, so that a sum errs least.

A sum over all rows has noise for the largest rows that one person might have, which
nobody may come near. Clipping totals lowers the noise and loses what is past the
bound; which is worse is predicted from the released profile, and from public bounds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import hypot, sqrt
from typing import Final

from privacy.accounting import NANO, Measure
from privacy.averages import LOST_WEIGHT, OVER_WEIGHT
from privacy.catalogue import Table, Unit
from privacy.ceiling import Ceiling, ceiling_at
from privacy.cut import UNEVEN
from privacy.draft import sum_clipped, sum_over
from privacy.expression import ColumnOf, Expression
from privacy.histogram import Histogram
from privacy.moments import ends_of
from privacy.plan import Component, Plan, aggregates_in, plan_less
from privacy.profile import Profile
from privacy.query import AggregateRef, Statistic
from privacy.reading import Reading, left_out, past, positions
from privacy.relation import TableOf
from privacy.told import measured
from privacy.totals import PERSON, fits

_GAIN: Final = 0.8
"""Totals are clipped only where the error falls to this or less of what it would be."""


@dataclass(frozen=True, slots=True)
class Clip:
    """What is predicted of a sum whose totals are clipped at `cut.bound`.

    Errors are root mean squares in unscaled units, in a cell of average size: of
    `noise`, and of what is `lost`; `size` is what such a cell sums to.
    """

    cut: Ceiling
    noise: float
    lost: float
    size: float

    @property
    def error(self) -> float:
        """Both together."""
        return sqrt(self.noise**2 + self.lost**2)


def clipped(plan: Plan, measure: Measure, nano: int) -> Plan:
    """The plan, with people's totals clipped in each sum where that errs least.

    As it was where nothing is gained or known: no profile, joins and subqueries,
    values that may be negative, sums that further figures are computed from, or keys
    and conditions that single out other rows than were measured. Public facts and the
    price decide.
    """
    found = clips_of(plan, measure, nano)
    cuts = tuple(
        (argument, best.cut)
        for argument, (*clips, whole) in found
        if (best := min(clips, key=_error, default=whole)).error <= _GAIN * whole.error
    )
    return plan_less(plan.bounded, plan.policy, clips=cuts) if cuts else plan


def clips_of(
    plan: Plan, measure: Measure, nano: int
) -> tuple[tuple[Expression, tuple[Clip, ...]], ...]:
    """What is predicted of each sum at each bound, the largest last: no clipping."""
    table = _summed(plan)
    if table is None or table.profile is None:
        return ()
    asked = _Asked(plan, measure, _noise(plan, measure, nano))
    return tuple(
        (argument, tuple(_clips(histogram, argument, asked)))
        for argument in _arguments(plan)
        if (histogram := _totals(plan, table, table.profile, argument)) is not None
    )


def _error(clip: Clip) -> float:
    return clip.error


def _summed(plan: Plan) -> Table | None:
    """The one table of people that is asked, without keys yet to come out."""
    if plan.told or plan.emerging is not None or plan.choices:
        return None
    match plan.query.relation:
        case TableOf(table=table) if table.unit is not Unit.NONE:
            return table
        case _:
            return None


def _arguments(plan: Plan) -> Iterator[ColumnOf]:
    """The columns whose sums are shown as they are, and read off one component."""
    outputs = [each.value for each in plan.query.outputs]
    further = [each for each in outputs if not isinstance(each, AggregateRef)]
    computed = frozenset[int]().union(*map(aggregates_in, further))
    pairs = zip(plan.query.aggregates, plan.readings, strict=True)
    for position, (aggregate, reading) in enumerate(pairs):
        shown = position not in computed and _alone(plan, position)
        plain = isinstance(reading, Reading) and reading.lifted is None
        argument, is_sum = aggregate.argument, aggregate.statistic is Statistic.SUM
        if is_sum and shown and plain and isinstance(argument, ColumnOf):
            yield argument


def _alone(plan: Plan, position: int) -> bool:
    """Whether nothing else is read off the same components, whatever it is."""
    mine = positions(plan.readings[position])
    others = (each for at, each in enumerate(plan.readings) if at != position)
    return not any(mine & positions(each) for each in others)


def _totals(
    plan: Plan, table: Table, profile: Profile, argument: ColumnOf
) -> Histogram | None:
    """People by their totals of a column: where they have one row, by its values."""
    lower, upper = ends_of(argument)
    if lower < 0:
        return None
    if table.rows_per_person == 1:
        return measured(plan.query, argument, profile.values, (lower, upper))
    most = table.rows_per_person * upper
    return measured(plan.query, argument, profile.totals, (0, most))


@dataclass(frozen=True, slots=True)
class _Asked:
    """Sums over the cells of a plan, and the noise where one person moves by one."""

    plan: Plan
    measure: Measure
    noise: float

    def moved(self, component: Component) -> float:
        """How far one person moves a component, as the noise has it."""
        pure = self.measure is Measure.PURE
        return component.l1 if pure else sqrt(component.l2_squared)

    def whole(self, argument: ColumnOf) -> float:
        """How far one person moves a sum of whole rows."""
        rows = self.plan.bounded.contribution
        return self.moved(sum_over(argument, Fraction(1), rows))

    def clipped(self, argument: ColumnOf, bound: int) -> float:
        """How far one person moves a sum whose totals are clipped at a bound."""
        relation, rows = self.plan.query.relation, self.plan.bounded.contribution
        if not isinstance(relation, TableOf):
            raise TypeError("only sums of one table are clipped")
        return self.moved(sum_clipped(argument, relation, bound, rows))


def _clips(histogram: Histogram, argument: ColumnOf, asked: _Asked) -> Iterator[Clip]:
    """Each bound of a class past the first, the largest total of all last.

    What is lost by people of whom there is no more than the histogram's noise is not
    predicted: it is measured with the answer, as all of the loss is.
    """
    largest, noise, cells = ends_of(argument)[1], asked.noise, asked.plan.cells
    lowest, most, likely = histogram.starts[0], histogram.most, histogram.likely
    people = histogram.total / cells
    shared = float(1 + LOST_WEIGHT + OVER_WEIGHT)
    for bound in (*histogram.starts, most):
        possible = bound == most or fits(largest, max(bound, PERSON))
        if bound > max(0, lowest) and possible:
            cut = ceiling_at(likely, bound)
            uneven = people * (UNEVEN - 1) * cut.above
            chance = cut.deviation * sqrt(people)
            told = noise * shared / float(LOST_WEIGHT) * (most - bound) / cells
            each = noise * (
                shared * asked.clipped(argument, bound)
                if bound < most
                else asked.whole(argument)
            )
            size = people * (cut.mean + cut.above)
            yield Clip(cut, each, hypot(uneven, chance, told), size)


def _noise(plan: Plan, measure: Measure, nano: int) -> float:
    """The standard deviation of an asked component's noise that one moves by one.

    Without what is only for the clipping.
    """
    told = frozenset().union(*(left_out(e) | past(e) for e in plan.readings))
    known = [e.weight for at, e in enumerate(plan.components) if at not in told]
    spent = nano / NANO / max(1.0, float(sum(known)))
    return sqrt(2) / spent if measure is Measure.PURE else 1 / sqrt(2 * spent)
