"""The count that certifies an aggregate's cell."""

from __future__ import annotations

from typing import Final

from privacy.draft import Draft, count_of, count_over
from privacy.expression import Expression
from privacy.lot import within
from privacy.moments import behind, ends_of, presence, together
from privacy.query import Aggregate, Statistic
from privacy.reading import Support
from privacy.relation import TableOf

_TOTALS: Final = frozenset((Statistic.SUM, Statistic.MEAN))


def support(draft: Draft, aggregate: Aggregate) -> Support:
    """The one count that certifies this aggregate's cell; added where none is asked.

    Only rows where a nullable argument is present are behind SUM(x), AVG(x) and
    COUNT(x), and only those that a CASE does not take for 0, so only those are
    counted; a sum of zeros and ones is that count. Otherwise people are better than
    rows, and what is computed anyway is better than what must be paid for.
    """
    rows = draft.bounded.rows_per_person
    argument = aggregate.argument
    if argument is not None and aggregate.statistic in _TOTALS:
        summed = draft.find(Statistic.SUM, argument)
        if summed is not None and _is_indicator(argument):
            return Support(summed, rows)
        argument = behind(argument)
    if draft.ranked is not None and argument is not None:
        return _ranked_support(draft, aggregate, argument, *draft.ranked)
    if argument is not None and aggregate.other is not None:
        argument = together(argument, aggregate.other)
    if argument is not None and argument.domain.nullable:
        return _present_support(draft, argument)
    for statistic, per_person in ((Statistic.PEOPLE, 1), (Statistic.ROWS, rows)):
        found = draft.find(statistic, None)
        if found is not None:
            return Support(found, per_person)
    people = Aggregate(Statistic.PEOPLE)
    count = count_of(draft, people, draft.policy.support_weight)
    return Support(draft.position(count), 1)


def _present_support(draft: Draft, argument: Expression) -> Support:
    """The people, where they are counted anyway, or rows where it is present."""
    found = draft.find(Statistic.PEOPLE, presence(argument))
    if found is not None:
        return Support(found, 1)
    present = Aggregate(Statistic.PRESENT, argument)
    count = count_of(draft, present, draft.policy.support_weight)
    return Support(draft.position(count), draft.bounded.rows_per_person)


def _ranked_support(
    draft: Draft,
    aggregate: Aggregate,
    argument: Expression,
    relation: TableOf,
    rank: int,
) -> Support:
    """The rows an average of some of each person's rows is over, or those behind it."""
    if argument == aggregate.argument:
        argument = draft.centred(argument)[0]
    kept = within(argument, relation.name, relation.table, rank)
    count = count_over(kept, draft.policy.support_weight, rank)
    return Support(draft.position(count), rank)


def _is_indicator(argument: Expression) -> bool:
    whole = not (argument.domain.scale or argument.domain.nullable)
    return whole and ends_of(argument) == (0, 1) and behind(argument) != argument
