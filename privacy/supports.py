"""The count that certifies an aggregate's cell."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from privacy.catalogue import Value
from privacy.draft import Draft, count_of, count_over
from privacy.expression import Expression
from privacy.lot import within
from privacy.moments import elsewhere, ends_of, presence, together
from privacy.plateaus import is_step, plateaus
from privacy.query import Aggregate, Statistic
from privacy.reading import Support
from privacy.relation import TableOf

_TOTALS: Final = frozenset((Statistic.SUM, Statistic.MEAN))

_COUNTS: Final = frozenset((Statistic.PRESENT, Statistic.PEOPLE))
"""They count the rows in which the argument is present, whatever its value."""

_MOST: Final = 4
"""Plateaus that are judged; of more, what is computed rests on all of the rows."""

_PAIR: Final = 2


def support(draft: Draft, aggregate: Aggregate) -> Support:
    """The counts that certify this aggregate's cell; added where none is asked.

    Only rows where a nullable argument is present are behind SUM(x), AVG(x) and
    COUNT(x), so only those are counted. Of an argument that the question makes one
    value in rows of its choice (`plateaus`), the others must be enough, too: a total
    is certified by them alone, what is about spread and order by all rows and by them.
    A sum of zeros and ones is that count. Otherwise people are better than rows, and
    what is computed anyway is better than what must be paid for.
    """
    if aggregate.argument is None or aggregate.statistic in _COUNTS:
        return _whole_support(draft, aggregate, aggregate.argument)
    kept = _kept(aggregate)
    if aggregate.statistic not in _TOTALS:
        whole = _whole_support(draft, aggregate, aggregate.argument)
        return replace(whole, besides=_counted(draft, kept))
    if not kept:
        return _whole_support(draft, aggregate, aggregate.argument)
    summed = draft.find(Statistic.SUM, aggregate.argument)
    if summed is not None and _is_indicator(aggregate.argument):
        return Support(summed, draft.of(aggregate.argument).rows_per_cell)
    first, *others = kept
    found = _whole_support(draft, aggregate, first)
    return replace(found, besides=_counted(draft, others))


def _kept(aggregate: Aggregate) -> list[Expression]:
    """The arguments where they are off a plateau: each is to be certified."""
    pair = [each for each in (aggregate.argument, aggregate.other) if each is not None]
    found = [
        elsewhere(each, value) for each in pair for value in _judged(aggregate, each)
    ]
    if aggregate.other is None:
        return found
    return [together(together(each, pair[0]), pair[1]) for each in found]


def _judged(aggregate: Aggregate, argument: Expression) -> tuple[Value, ...]:
    """The plateaus off which enough rows must be.

    Of a total of values that are all given by the question those at 0 alone do not
    count, as with FILTER; without a 0, two values are each other's rest.
    """
    found = plateaus(argument)
    if aggregate.statistic in _TOTALS and is_step(argument):
        return (0,) if 0 in found else found if len(found) == _PAIR else ()
    return found if len(found) <= _MOST else ()


def _counted(draft: Draft, kept: Iterable[Expression]) -> tuple[int, ...]:
    weight, counted = draft.policy.support_weight, []
    for each in kept:
        rows = draft.of(each).contribution
        if draft.ranked is not None:
            relation, rank = draft.ranked
            rows = rows.at_most(rank)
            each = within(each, relation.name, relation.table, rank)
        counted.append(draft.position(count_over(each, weight, rows)))
    return tuple(counted)


def _whole_support(
    draft: Draft, aggregate: Aggregate, argument: Expression | None
) -> Support:
    rows = draft.bounded.contribution
    if draft.ranked is not None and argument is not None:
        return _ranked_support(draft, aggregate, argument, *draft.ranked)
    if argument is not None and aggregate.other is not None:
        argument = together(argument, aggregate.other)
    if argument is not None and argument.domain.nullable:
        return _present_support(draft, argument)
    in_one = rows.in_one_cell
    for statistic, per_person in ((Statistic.PEOPLE, 1), (Statistic.ROWS, in_one)):
        found = draft.find(statistic, None)
        if found is not None:
            return Support(found, per_person)
    counted = Aggregate(Statistic.PEOPLE if rows.rows > 1 else Statistic.ROWS)
    count = count_of(draft, counted, draft.policy.support_weight)
    return Support(draft.position(count), 1)


def _present_support(draft: Draft, argument: Expression) -> Support:
    """The people, where they are counted anyway, or rows where it is present."""
    found = draft.find(Statistic.PEOPLE, presence(argument))
    if found is not None:
        return Support(found, 1)
    present = Aggregate(Statistic.PRESENT, argument)
    count = count_of(draft, present, draft.policy.support_weight)
    return Support(draft.position(count), draft.of(argument).rows_per_cell)


def _ranked_support(
    draft: Draft,
    aggregate: Aggregate,
    argument: Expression,
    relation: TableOf,
    rank: int,
) -> Support:
    """The rows an average of some of each person's rows is over, or those behind it."""
    if argument == aggregate.argument:
        argument = draft.averaged(argument)[0]
    kept = within(argument, relation.name, relation.table, rank)
    rows = draft.of(argument).contribution.at_most(rank)
    count = count_over(kept, draft.policy.support_weight, rows)
    return Support(draft.position(count), rows.in_one_cell)


def _is_indicator(argument: Expression) -> bool:
    whole = not (argument.domain.scale or argument.domain.nullable)
    return whole and ends_of(argument) == (0, 1)
