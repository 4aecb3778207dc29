"""How a sum and an average are read, over all rows or less than publication kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import Final

from privacy.beyond import is_past
from privacy.contribution import Contribution
from privacy.cut import Tail
from privacy.draft import (
    Draft,
    count_of,
    count_over,
    people_over,
    sum_beyond,
    sum_clipped,
    sum_of,
    sum_over,
)
from privacy.expression import ColumnOf, Expression
from privacy.lot import past, within
from privacy.moments import ends_of
from privacy.query import Aggregate, Statistic
from privacy.reading import Clipped, Reading
from privacy.relation import TableOf

_CHECK_WEIGHT: Final = Fraction(1, 20)
"""The part of the price that a sum or count gets which only tells a bias."""

LOST_WEIGHT: Final = Fraction(1, 4)
"""The same for what clipping totals loses, which is one number for all cells."""

OVER_WEIGHT: Final = Fraction(1, 5)
"""The same for how many people's totals in a cell are over the bound."""


def total_reading(draft: Draft, argument: Expression) -> Reading:
    """SUM: from the centred sum and the count where these are computed anyway.

    With h half the span and c the middle, the noise of both is √(h² + c²) of a
    unit's, where that of the plain sum, h + |c|, is always more.
    """
    clip, relation = draft.clips.get(argument), draft.bounded.query.relation
    if clip and isinstance(argument, ColumnOf) and isinstance(relation, TableOf):
        at = clip.bound
        parts = (
            sum_clipped(argument, relation, at, draft.bounded.contribution),
            sum_beyond(argument, relation, at, LOST_WEIGHT),
            people_over(argument, relation, at, OVER_WEIGHT),
        )
        kept, lost, over = map(draft.position, parts)
        return Reading(kept, clipped=Clipped(clip, lost, over))
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
    moved, _ = draft.averaged(argument)
    total = draft.position(sum_of(draft, moved, Fraction(1)))
    count = draft.position(
        count_of(draft, Aggregate(Statistic.PRESENT, argument), Fraction(1))
    )
    rows = draft.of(argument).contribution
    found = _past(draft, argument, rows, lambda each: each)
    read = _mean_of(draft, argument)
    return replace(read, component=total, divisor=count, past=found)


def _ranked_mean(
    draft: Draft, argument: Expression, relation: TableOf, rank: int
) -> Reading:
    """AVG of some of each person's rows, and what the others sum and count to.

    Of a table capped at C rows, ranks are from 1 to C: so many rows are within the
    rank and so many past it at most, whichever of a person's rows a question keeps.
    """
    moved, _ = draft.averaged(argument)
    name, table = relation.name, relation.table
    rows = draft.of(argument).contribution
    inside = rows.at_most(rank)
    rest = rows.at_most(table.rows_per_person - rank)
    kept = within(moved, name, table, rank)
    out = past(moved, name, table, rank)
    total = draft.position(sum_over(kept, Fraction(1), inside))
    count = draft.position(count_over(kept, Fraction(1), inside))
    checks = (
        draft.position(sum_over(out, _CHECK_WEIGHT, rest)),
        draft.position(count_over(out, _CHECK_WEIGHT, rest)),
    )
    kept_of = partial(within, name=name, table=table, rank=rank)
    found = _past(draft, argument, inside, kept_of)
    read = replace(_mean_of(draft, argument), component=total, divisor=count)
    return replace(read, left_out=checks, past=found)


def _past(
    draft: Draft,
    argument: Expression,
    rows: Contribution,
    kept: Callable[[Expression], Expression],
) -> tuple[tuple[int, Tail], ...]:
    """How many of the values that are averaged are past each bound, of so many rows."""
    cut = draft.cuts.get(argument)
    if cut is None:
        return ()
    counts = (
        count_over(kept(is_past(argument, each)), cut.weight_of(each), rows)
        for each in cut.tails
    )
    return tuple(zip(map(draft.position, counts), cut.tails, strict=True))


def _mean_of(draft: Draft, argument: Expression) -> Reading:
    """What an average is read with: its centre, its public ends, and any cut."""
    moved, centre = draft.averaged(argument)
    lower, upper = ends_of(argument)
    finer = 10 ** (moved.domain.scale - argument.domain.scale)
    return Reading(
        0,
        centre=centre,
        lower=lower * finer,
        upper=upper * finer,
        cut=draft.cuts.get(argument),
    )
