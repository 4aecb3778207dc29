"""How many of a person's rows an average is taken over: those that err least.

Noise grows with the rows one person may have; leaving rows out makes a cell smaller
and shifts its average by what the rows left out are different in. Which is worse is
predicted from the profile that publication released, and from public bounds.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Final

from privacy.accounting import NANO, Measure
from privacy.catalogue import Table, Unit
from privacy.plan import Plan, plan_ranked
from privacy.profile import Profile, rows_within
from privacy.query import Statistic
from privacy.relation import TableOf

_DIFFERENT: Final = 0.1
"""The rows left out are taken to have an average this far off, in half ranges."""

_VARIANCE: Final = 1 / 3
"""Of values and averages spread evenly over a range of half-width 1."""

_GAIN: Final = 0.8
"""Rows are left out only where the error falls to this or less of what it would be."""


@dataclass(frozen=True, slots=True)
class Chances:
    """What is predicted of an average over `rank` of a person's rows.

    Errors are root mean squares in half ranges of the value, for a cell of average
    size: of `noise`, of which rows are drawn (`lot`), and of `bias`.
    """

    rank: int
    left_out: float
    noise: float
    lot: float
    bias: float

    @property
    def error(self) -> float:
        """All three together."""
        return sqrt(self.noise**2 + self.lot**2 + self.bias**2)


def ranked(plan: Plan, measure: Measure, nano: int) -> Plan:
    """The plan, its averages over the number of a person's rows that errs least.

    As it was where nothing is gained or known: no profile, joins and subqueries,
    where a row's rank says nothing, or other aggregates, whose error a cap biases
    without bound. Public facts and the price decide.
    """
    chances = chances_of(plan, measure, nano)
    if not chances:
        return plan
    best = min(chances, key=lambda each: each.error)
    everything = chances[-1]
    if best.error > _GAIN * everything.error:
        return plan
    return plan_ranked(plan.bounded, plan.policy, best.rank)


def chances_of(plan: Plan, measure: Measure, nano: int) -> tuple[Chances, ...]:
    """What is predicted for each number of rows, the cap last; empty where unknown."""
    table = _ranked_table(plan)
    if table is None or table.profile is None:
        return ()
    cap = table.rows_per_person
    return tuple(
        _chances(plan, table.profile, cap, rank, (measure, nano))
        for rank in _ranks(cap)
    )


def _ranked_table(plan: Plan) -> Table | None:
    """The table of people whose averages alone are asked."""
    statistics = {aggregate.statistic for aggregate in plan.query.aggregates}
    if plan.told or plan.emerging is not None:
        return None
    match plan.query.relation:
        case TableOf(table=table) if statistics == {Statistic.MEAN}:
            many = table.unit is Unit.PERSON and table.rows_per_person > 1
            return table if many else None
        case _:
            return None


def _ranks(cap: int) -> tuple[int, ...]:
    """Numbers of rows to weigh up: few, and the cap last."""
    steps = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128)
    return (*(step for step in steps if step < cap), cap)


def _chances(
    plan: Plan, profile: Profile, cap: int, rank: int, price: tuple[Measure, int]
) -> Chances:
    """The noise of a centred sum and a count at their best split, over the rows."""
    measure, nano = price
    spent, averages = nano / NANO, len(plan.query.aggregates)
    whole = rows_within(profile, cap) / plan.cells
    left = rows_within(profile, rank) / plan.cells
    centre = sqrt(_VARIANCE)
    if measure is Measure.PURE:
        each = sqrt(2) * (1 + centre ** (2 / 3)) ** 1.5 / spent * averages
    else:
        each = (1 + centre) / sqrt(2 * spent) * sqrt(averages)
    out = max(0.0, 1 - left / whole)
    return Chances(
        rank=rank,
        left_out=out,
        noise=rank * each / left,
        lot=sqrt(_VARIANCE * out / max(1.0, left)),
        bias=_DIFFERENT * out,
    )
