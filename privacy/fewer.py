"""How much of a person's rows and values an average is over: what errs least.

Noise grows with the rows one person may have and with the range of their values.
Leaving rows out makes a cell smaller and shifts its average by what those rows are
different in; telling values past a bound as their average (`cut`) takes a count of
them, and leaves what a cell's may be different in. Which is worse is predicted from the
profile that publication released, and from public bounds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from math import hypot, inf, sqrt
from typing import Final

from privacy.accounting import NANO, Measure
from privacy.catalogue import Table, Unit
from privacy.contribution import Contribution
from privacy.cut import Cut, cut_at
from privacy.expression import Expression
from privacy.moments import ends_of
from privacy.plan import Cuts, Plan, plan_less
from privacy.profile import Profile, rows_within
from privacy.quantile import COVERAGE, normal_half_width
from privacy.query import Statistic
from privacy.relation import TableOf
from privacy.told import measured

_DIFFERENT: Final = 0.1
"""The rows left out are taken to have an average this far off, in half ranges."""

_VARIANCE: Final = 1 / 3
"""Of values and averages spread evenly over a range of half-width 1."""

_GAIN: Final = 0.8
"""Less is kept only where the error falls to this or less of what it would be."""

_WIDER: Final = 1.5
"""Values are told so only where intervals are predicted to be no wider than this."""

_UNLIKE: Final = 1 / 4
"""And where fewer of all values than this are past a bound: groups of which a third are
get no gain (`tails`)."""

_Z: Final = normal_half_width(COVERAGE)


@dataclass(frozen=True, slots=True)
class Chances:
    """What is predicted of an average over `rank` of a person's rows.

    Errors are root mean squares in half ranges of the value, for a cell of average
    size: of `noise`, of which rows are drawn (`lot`), of `bias`, and of `cut`, what
    values past a bound may be off by. `margin` is the half-width of the interval.
    """

    rank: int
    left_out: float
    noise: float
    lot: float
    bias: float
    cut: float = 0.0
    margin: float = 0.0

    @property
    def error(self) -> float:
        """All of them together."""
        return sqrt(self.noise**2 + self.lot**2 + self.bias**2 + self.cut**2)


def ranked(plan: Plan, measure: Measure, nano: int) -> Plan:
    """The plan, its averages over the rows and values that err least.

    As it was where nothing is gained or known: no profile, joins and subqueries,
    where a row's rank says nothing, or other aggregates, whose error a cap biases
    without bound. Values past a bound are told as their average only of plain columns,
    and of all rows of a table, as only theirs are measured. Public facts and the price
    decide.
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
    if cuts and _gains(asked.chances(shorter, cuts), kept):
        rank = shorter
    else:
        cuts = ()
    if rank == asked.cap and not cuts:
        return plan
    return plan_less(
        plan.bounded, plan.policy, rank if rank < asked.cap else None, cuts
    )


def _gains(cut: Chances, kept: Chances) -> bool:
    narrow = cut.margin <= _WIDER * kept.margin
    return narrow and cut.error <= _GAIN * kept.error


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
    rows = {each: plan.bounded.of(each).contribution for each in averaged}
    return _Asked(plan, table, table.profile, measure, nano / NANO, averaged, rows)


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
    rows: Mapping[Expression, Contribution]
    """A person's rows in each, as many as there are before any is left out."""

    @property
    def cap(self) -> int:
        return self.table.rows_per_person

    @property
    def ranks(self) -> tuple[int, ...]:
        """Numbers of rows to weigh up: few, and the cap last.

        Fewer than a question keeps of a person's anyway.
        """
        steps = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128)
        most = min(self.cap, max(each.rows for each in self.rows.values()))
        return (*(step for step in steps if step < most), self.cap)

    def moved(self, rank: int, argument: Expression) -> float:
        """How many rows' worth of noise one person's take, of this rank at most."""
        rows = self.rows[argument].at_most(rank)
        return rows.rows if self.measure is Measure.PURE else sqrt(rows.squared)

    def best_rank(self, cuts: Cuts) -> int:
        return min(self.ranks, key=lambda rank: self.chances(rank, cuts).error)

    def best_cuts(self, rank: int) -> Cuts:
        """Where each average errs least with a cut; some may have none."""
        found = ((each, self._best_cut(rank, each)) for each in self.averaged)
        return tuple((each, cut) for each, cut in found if cut is not None)

    def _best_cut(self, rank: int, argument: Expression) -> Cut | None:
        values, ends = self.profile.values, ends_of(argument)
        histogram = measured(self.plan.query, argument, values, ends)
        whole = self.chance(rank, argument, None)
        if histogram is None or whole is None:
            return None

        def best(cuts: Iterable[Cut | None]) -> Cut | None:
            tried = (each for each in cuts if each is None or each.tails)
            found = ((each, self.chance(rank, argument, each)) for each in tried)
            fit = [(e, c) for e, c in found if c and c.margin <= _WIDER * whole.margin]
            return min(fit, key=lambda each: each[1].error)[0]

        lowest, highest = histogram.starts[0], histogram.most
        ends_of_classes = (*histogram.starts, highest)
        first = best([None, *(cut_at(histogram, lowest, e) for e in ends_of_classes)])
        upper = highest if first is None or first.upper is None else first.upper.bound
        return best([first, *(cut_at(histogram, e, upper) for e in ends_of_classes)])

    def chances(self, rank: int, cuts: Cuts) -> Chances:
        """Of all averages together: the root mean square of each kind of error."""
        known = dict(cuts)
        tried = [self.chance(rank, each, known.get(each)) for each in self.averaged]
        found = [each for each in tried if each is not None]
        if len(found) < len(tried):
            return Chances(rank, 1.0, inf, inf, inf, inf, inf)
        return Chances(
            rank,
            found[0].left_out,
            noise=_mean(each.noise for each in found),
            lot=_mean(each.lot for each in found),
            bias=_mean(each.bias for each in found),
            cut=_mean(each.cut for each in found),
            margin=_mean(each.margin for each in found),
        )

    def chance(
        self, rank: int, argument: Expression, cut: Cut | None
    ) -> Chances | None:
        """The noise of a centred sum and a count at their best split, over the rows.

        None where most of a group's values may be past a bound of the cut.
        """
        whole = rows_within(self.profile, self.cap) / self.plan.cells
        left = rows_within(self.profile, rank) / self.plan.cells
        out = max(0.0, 1 - left / whole)
        rows, span = max(1.0, left), _half_of(argument)
        narrow = 1.0 if cut is None else cut.half / span
        centred = sqrt(_VARIANCE) if cut is None else cut.off_centre
        weights = () if cut is None else tuple(map(cut.weight_of, cut.tails))
        noise = (
            narrow
            * self.moved(rank, argument)
            * self._each(centred, sum(weights))
            / left
        )
        lot, bias = narrow * sqrt(_VARIANCE * out / rows), narrow * _DIFFERENT * out
        found = Chances(
            rank, out, noise, lot, bias, margin=_Z * hypot(noise, lot, bias)
        )
        if cut is None:
            return found
        counted = [
            self.moved(rank, argument)
            * self._counted(float(weight), float(sum(weights)))
            / rows
            for weight in weights
        ]
        return _cut(found, cut, span, rows, counted)

    def _each(self, centred: float, besides: Fraction | int) -> float:
        """The noise of one row, for an average so far from the centre."""
        averages = len(self.averaged)
        left = self.spent * 2 / (2 + float(besides))
        if self.measure is Measure.PURE:
            split: float = (1 + centred ** (2 / 3)) ** 1.5
            return sqrt(2) * split / left * averages
        return (1 + centred) / sqrt(2 * left) * sqrt(averages)

    def _counted(self, weight: float, besides: float) -> float:
        """The noise of a count of one row each, which has this weight."""
        part = self.spent * weight / (2 + besides) / len(self.averaged)
        return sqrt(2) / part if self.measure is Measure.PURE else 1 / sqrt(2 * part)


def _cut(
    found: Chances, cut: Cut, span: float, rows: float, counted: list[float]
) -> Chances | None:
    """With what values past each bound may be off by, whose counts are so noised."""
    pairs = [*zip(cut.tails, counted, strict=True)]
    if any(tail.share > _UNLIKE for tail in cut.tails):
        return None
    chance = cut.deviation / sqrt(rows)
    apart = sum((each.further + each.excess) / 2 * each.share for each in cut.tails)
    wide = hypot(*(tail.further * noise for tail, noise in pairs), chance)
    return replace(
        found,
        cut=hypot(cut.doubt, chance) / span,
        margin=hypot(found.margin, _Z * wide / span) + apart / span,
    )


def _half_of(argument: Expression) -> float:
    lower, upper = ends_of(argument)
    return (upper - lower) / 2


def _mean(errors: Iterable[float]) -> float:
    known = list(errors)
    return hypot(*known) / sqrt(len(known))
