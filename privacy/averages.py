"""How a sum and an average are read, over all rows or less than publication kept."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Final

from privacy.draft import (
    Draft,
    count_of,
    count_over,
    sum_beyond,
    sum_clipped,
    sum_of,
    sum_over,
)
from privacy.expression import ColumnOf, Expression
from privacy.lot import past, within
from privacy.moments import ends_of
from privacy.query import Aggregate, Statistic
from privacy.reading import Reading
from privacy.relation import TableOf

_CHECK_WEIGHT: Final = Fraction(1, 20)
"""The part of the price that a sum or count gets which only tells a bias."""

LOST_WEIGHT: Final = Fraction(1, 4)
"""The same for what clipping totals loses, which is one number for all cells."""


def total_reading(draft: Draft, argument: Expression) -> Reading:
    """SUM: from the centred sum and the count where these are computed anyway.

    With h half the span and c the middle, the noise of both is √(h² + c²) of a
    unit's, where that of the plain sum, h + |c|, is always more.
    """
    cut, relation = draft.cuts.get(argument), draft.bounded.query.relation
    if cut and isinstance(argument, ColumnOf) and isinstance(relation, TableOf):
        kept = sum_clipped(argument, relation, cut.upper)
        beyond = sum_beyond(argument, relation, cut.upper, LOST_WEIGHT)
        at = draft.position(kept)
        return Reading(at, cut=cut, lost=draft.position(beyond))
    if not draft.asks_spread_of(argument):
        return Reading(draft.position(sum_of(draft, argument, Fraction(1))))
    moved, centre = draft.centred(argument)
    total = draft.position(sum_of(draft, moved, Fraction(1)))
    if centre == 0:
        return Reading(total)
    present = Aggregate(Statistic.PRESENT, argument)
    count = draft.position(count_of(draft, present, Fraction(1)))
    return Reading(total, centre=centre, lifted=count)


def mean_reading(draft: Draft, argument: Expression) -> Reading:
    """AVG: a centred sum, which is less noisy, over a count."""
    if draft.ranked is not None:
        return _ranked_mean(draft, argument, *draft.ranked)
    moved, _ = draft.centred(argument)
    total = draft.position(sum_of(draft, moved, Fraction(1)))
    count = draft.position(
        count_of(draft, Aggregate(Statistic.PRESENT, argument), Fraction(1))
    )
    return replace(_mean_of(draft, argument), component=total, divisor=count)


def _ranked_mean(
    draft: Draft, argument: Expression, relation: TableOf, rank: int
) -> Reading:
    """AVG of some of each person's rows, and what the others sum and count to."""
    moved, _ = draft.centred(argument)
    name, table = relation.name, relation.table
    rest = draft.bounded.rows_per_person - rank
    kept = within(moved, name, table, rank)
    out = past(moved, name, table, rank)
    total = draft.position(sum_over(kept, Fraction(1), rank))
    count = draft.position(count_over(kept, Fraction(1), rank))
    checks = (
        draft.position(sum_over(out, _CHECK_WEIGHT, rest)),
        draft.position(count_over(out, _CHECK_WEIGHT, rest)),
    )
    read = replace(_mean_of(draft, argument), component=total, divisor=count)
    return replace(read, left_out=checks)


def _mean_of(draft: Draft, argument: Expression) -> Reading:
    """What an average is read with: its centre, its public ends, and any cut."""
    moved, centre = draft.centred(argument)
    lower, upper = ends_of(argument)
    finer = 10 ** (moved.domain.scale - argument.domain.scale)
    return Reading(
        0,
        centre=centre,
        lower=lower * finer,
        upper=upper * finer,
        cut=draft.cuts.get(argument),
    )
