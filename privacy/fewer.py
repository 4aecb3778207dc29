"""How much of a person's rows and values an average is over: what errs least.

Noise grows with the rows one person may have and with the range of their values.
Leaving rows out makes a cell smaller and shifts its average by what those rows are
different in; cutting values off shifts it by what is lost. Which is worse is predicted
from the profile that publication released, and from public bounds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from math import hypot, sqrt
from typing import Final, TypeAlias

from privacy.accounting import NANO, Measure
from privacy.catalogue import Table, Unit
from privacy.cut import Cut, cut_at
from privacy.expression import Expression
from privacy.histogram import Histogram
from privacy.moments import ends_of
from privacy.plan import Plan, plan_less
from privacy.profile import Profile, rows_within
from privacy.query import Statistic
from privacy.relation import TableOf
from privacy.told import measured

_DIFFERENT: Final = 0.1
"""The rows left out are taken to have an average this far off, in half ranges."""

_VARIANCE: Final = 1 / 3
"""Of values and averages spread evenly over a range of half-width 1."""

_GAIN: Final = 0.8
"""Less is kept only where the error falls to this or less of what it would be."""

Cuts: TypeAlias = tuple[tuple[Expression, Cut], ...]


@dataclass(frozen=True, slots=True)
class Chances:
    """What is predicted of an average over `rank` of a person's rows.

    Errors are root mean squares in half ranges of the value, for a cell of average
    size: of `noise`, of which rows are drawn (`lot`), of `bias`, and of `cut`, what
    is lost where values are cut off.
    """

    rank: int
    left_out: float
    noise: float
    lot: float
    bias: float
    cut: float = 0.0

    @property
    def error(self) -> float:
        """All of them together."""
        return sqrt(self.noise**2 + self.lot**2 + self.bias**2 + self.cut**2)


def ranked(plan: Plan, measure: Measure, nano: int) -> Plan:
    """The plan, its averages over the rows and values that err least.

    As it was where nothing is gained or known: no profile, joins and subqueries,
    where a row's rank says nothing, or other aggregates, whose error a cap biases
    without bound. Values are cut off only of a column that nothing else in the
    question depends on, and of all rows of a table, as only theirs are measured.
    Public facts and the price decide.
    """
    asked = _asked(plan, measure, nano)
    if asked is None:
        return plan
    whole = asked.chances(asked.cap, ())
    rank = asked.best_rank(())
    kept = asked.chances(rank, ())
    if kept.error > _GAIN * whole.error:
        rank, kept = asked.cap, whole
    tried = asked.best_cuts(rank)
    shorter = asked.best_rank(tried)
    cuts = asked.best_cuts(shorter)
    if cuts and asked.chances(shorter, cuts).error <= _GAIN * kept.error:
        rank = shorter
    else:
        cuts = ()
    if rank == asked.cap and not cuts:
        return plan
    return plan_less(
        plan.bounded, plan.policy, rank if rank < asked.cap else None, cuts
    )


def chances_of(plan: Plan, measure: Measure, nano: int) -> tuple[Chances, ...]:
    """What is predicted for each number of rows, the cap last; empty where unknown.

    With values cut off as the plan has them.
    """
    asked = _asked(plan, measure, nano)
    if asked is None:
        return ()
    return tuple(asked.chances(rank, plan.cuts) for rank in asked.ranks)


def _asked(plan: Plan, measure: Measure, nano: int) -> _Asked | None:
    table = _averaged(plan)
    if table is None or table.profile is None:
        return None
    averaged = tuple(
        e.argument for e in plan.query.aggregates if e.argument is not None
    )
    return _Asked(plan, table, table.profile, measure, nano / NANO, averaged)


def _averaged(plan: Plan) -> Table | None:
    """The table of people whose averages alone are asked."""
    statistics = {aggregate.statistic for aggregate in plan.query.aggregates}
    if plan.told or plan.emerging is not None or statistics != {Statistic.MEAN}:
        return None
    match plan.query.relation:
        case TableOf(table=table) if table.unit is not Unit.NONE:
            return table
        case _:
            return None


@dataclass(frozen=True, slots=True)
class _Asked:
    """Averages of one table's columns, and what is known before they are told."""

    plan: Plan
    table: Table
    profile: Profile
    measure: Measure
    spent: float
    averaged: tuple[Expression, ...]

    @property
    def cap(self) -> int:
        return self.table.rows_per_person

    @property
    def ranks(self) -> tuple[int, ...]:
        """Numbers of rows to weigh up: few, and the cap last."""
        steps = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128)
        return (*(step for step in steps if step < self.cap), self.cap)

    def best_rank(self, cuts: Cuts) -> int:
        return min(self.ranks, key=lambda rank: self.chances(rank, cuts).error)

    def best_cuts(self, rank: int) -> Cuts:
        """Where each average errs least with its values cut off; some may not be."""
        found = ((each, self._best_cut(rank, each)) for each in self.averaged)
        return tuple((each, cut) for each, cut in found if cut is not None)

    def _best_cut(self, rank: int, argument: Expression) -> Cut | None:
        values, ends = self.profile.values, ends_of(argument)
        histogram = measured(self.plan.query, argument, values, ends)
        if histogram is None:
            return None

        def error(cut: Cut) -> float:
            return self.chance(rank, argument, cut).error

        lowest, highest = histogram.starts[0], histogram.most
        uncut = cut_at(histogram, lowest, highest)
        best = _best(histogram, lambda end: cut_at(histogram, lowest, end), error)
        best = _best(histogram, lambda end: cut_at(histogram, end, best.upper), error)
        return best if error(best) < error(uncut) else None

    def chances(self, rank: int, cuts: Cuts) -> Chances:
        """Of all averages together: the root mean square of each kind of error."""
        known = dict(cuts)
        found = [self.chance(rank, each, known.get(each)) for each in self.averaged]

        return Chances(
            rank,
            found[0].left_out,
            noise=_mean(each.noise for each in found),
            lot=_mean(each.lot for each in found),
            bias=_mean(each.bias for each in found),
            cut=_mean(each.cut for each in found),
        )

    def chance(self, rank: int, argument: Expression, cut: Cut | None) -> Chances:
        """The noise of a centred sum and a count at their best split, over the rows."""
        whole = rows_within(self.profile, self.cap) / self.plan.cells
        left = rows_within(self.profile, rank) / self.plan.cells
        out = max(0.0, 1 - left / whole)
        narrow, centred, lost = _narrowed(argument, cut, max(1.0, left))
        return Chances(
            rank=rank,
            left_out=out,
            noise=narrow * rank * self._each(centred) / left,
            lot=narrow * sqrt(_VARIANCE * out / max(1.0, left)),
            bias=narrow * _DIFFERENT * out,
            cut=lost,
        )

    def _each(self, centred: float) -> float:
        """The noise of one row, for an average so far from the centre."""
        averages = len(self.averaged)
        if self.measure is Measure.PURE:
            split: float = (1 + centred ** (2 / 3)) ** 1.5
            return sqrt(2) * split / self.spent * averages
        return (1 + centred) / sqrt(2 * self.spent) * sqrt(averages)


def _mean(errors: Iterable[float]) -> float:
    known = list(errors)
    return hypot(*known) / sqrt(len(known))


def _narrowed(
    argument: Expression, cut: Cut | None, rows: float
) -> tuple[float, float, float]:
    """What a cut leaves of the range; how far off centre values are; what it may cost.

    The last in half ranges, the one before in halves of what is left.
    """
    if cut is None:
        return 1.0, sqrt(_VARIANCE), 0.0
    lower, upper = ends_of(argument)
    half = (upper - lower) / 2
    lost = hypot(cut.doubt, cut.deviation / sqrt(rows)) / half
    return cut.half / half, cut.off_centre, lost


def _best(
    histogram: Histogram, cut: Callable[[int], Cut], error: Callable[[Cut], float]
) -> Cut:
    ends = _ends(histogram)
    found = [each for each in map(cut, ends) if each.upper > each.lower]
    return min(found, key=error)


def _ends(histogram: Histogram) -> Iterator[int]:
    yield from histogram.starts
    yield histogram.most
