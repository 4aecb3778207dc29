"""Choose what to compute in each cell, how far one person moves it, what proves it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final, TypeAlias

from privacy.averages import mean_reading, total_reading
from privacy.bound import BoundedQuery, cells
from privacy.catalogue import Type
from privacy.ceiling import Ceiling
from privacy.cut import Cut
from privacy.draft import Draft, count_of, sum_of
from privacy.errors import Refused
from privacy.expression import Expression
from privacy.moments import ends_of, product, together, unit_of
from privacy.policy import Policy
from privacy.query import (
    ORDERS,
    SPREADS,
    Aggregate,
    AggregateRef,
    BoundQuery,
    Constant,
    GroupingRef,
    KeyRef,
    Operation,
    Operator,
    Output,
    Post,
    Statistic,
)
from privacy.ranks import Choice, Order, Part, choices_of
from privacy.reading import (
    AnyReading,
    Component,
    Cross,
    Emerging,
    Reading,
    Side,
    Spread,
    Support,
    positions,
)
from privacy.relation import TableOf
from privacy.supports import support
from privacy.told import crowd_of

__all__ = [
    "Component",
    "Plan",
    "Reading",
    "Spread",
    "Support",
    "aggregates_in",
    "ends_of",
    "plan",
    "plan_less",
    "positions",
]


MOST_CELLS: Final = 10**6

MOST_CHOICES: Final = 2**14
"""Cells of a question times its choices, about a minute's work."""

_MISS: Final = Fraction(5, 100)
"""How often an interval may miss."""


_LEFT_SQUARE: Final = frozenset((Statistic.CORR,))
_RIGHT_SQUARE: Final = frozenset(
    (Statistic.CORR, Statistic.REGR_SLOPE, Statistic.REGR_INTERCEPT)
)

_NUMERIC: Final = frozenset(
    (
        Operator.ADD,
        Operator.SUBTRACT,
        Operator.MULTIPLY,
        Operator.DIVIDE,
        Operator.NEGATE,
        Operator.ROUND,
        Operator.NULLIF,
    )
)


Cuts: TypeAlias = tuple[tuple[Expression, Cut], ...]
"""For each column of which an AVG is told past a bound, past which: of AVG alone."""

Clips: TypeAlias = tuple[tuple[Expression, Ceiling], ...]
"""For each column of which a SUM's totals are clipped, where: of SUM alone."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is computed for a question, under which bounds and which policy.

    `readings` and `supports` follow the query's aggregates; `supports` is empty
    where the policy asks for no certificates. `choices` are made among candidates.
    Aggregates are read off `components`, or, where there are grouping sets
    (`levels`), off `told`, the same without `keys`: `components` are then what is
    measured to tell them.
    `rank` is how many of a person's rows averages are over; None for all that
    publication kept. `cuts` say past which bounds an average's values are told as their
    average, and `clips` where what people add up to in a sum is clipped.
    `emerging` is how keys come out that are not public, None where there are none.
    """

    bounded: BoundedQuery
    policy: Policy
    components: tuple[Component, ...]
    readings: tuple[AnyReading, ...]
    supports: tuple[Support, ...]
    choices: tuple[Choice, ...] = ()
    told: tuple[Component, ...] = ()
    rank: int | None = None
    emerging: Emerging | None = None
    cuts: Cuts = ()
    clips: Clips = ()

    @property
    def query(self) -> BoundQuery:
        """The question planned for."""
        return self.bounded.query

    @property
    def cells(self) -> int:
        """How many cells the answer has."""
        return cells(self.query)


def plan(bounded: BoundedQuery, policy: Policy) -> Plan:
    """Plan a bounded question under a policy.

    Sensitivities hold for one person added or removed, with at most
    `rows_per_person` = C rows, each in one cell, and at most `rows_per_cell` = r in
    any one; of a figure that is NULL but where a condition holds, as FILTER makes it,
    with as many as that leaves. COUNT moves by at most C in all and r in a cell, so
    Δ₁ = C and Δ₂² ≤ r·C; distinct people by 1 in each of at most c cells, so
    Δ₁ = c and Δ₂² = c; distinct values, of which there are k, by one for each of a
    person's rows and by k in each cell, so Δ₁ ≤ C and Δ₂² ≤ C·min(r, k); a sum of
    values in [lo, hi] by max(|lo|, |hi|) times as much in both. An average is a sum of
    differences from a public centre and a count, and what is about spread has sums
    of products of such differences besides, rounded to a public unit; each is
    noised and paid for. A quantile is chosen among public candidates, for whose
    distances `ranks` has the bound. A person with C rows is behind at most C
    combinations of keys that are not public. Refuses a question that has nothing to
    compute (`not_a_question`), a value too large for any noise to fit (`overflow`),
    quantiles of too many cells (`too_many_keys`), and an output computed from
    aggregates that is not a number (`unsupported`).
    """
    if not bounded.query.aggregates:
        raise Refused("not_a_question", "A question asks for at least one aggregate.")
    for output in bounded.query.outputs:
        _refuse_unless_number(output, bounded.query)
    return _planned(Draft(bounded, policy))


def plan_less(
    bounded: BoundedQuery,
    policy: Policy,
    rank: int | None = None,
    cuts: Cuts = (),
    clips: Clips = (),
) -> Plan:
    """Plan over less of one table than publication kept.

    Averages are over the first `rank` of each person's rows. A row's rank was drawn
    by lot at publication and is from 1 to the table's cap within a person, so at most
    `rank` rows are kept and at most the cap less `rank` left out: sums and counts of
    either move by no more than that many rows do. What is left out is summed and
    counted too, for a small part of the price: over all cells it tells how far the
    average is off. None is all rows.

    `cuts` are of an AVG's column: values past a bound are told as what the profile
    says, so that they are between public numbers closer to each other, and counted, of
    one person as many as they have rows. `clips` are of a SUM's column: a row counts
    for min(1, bound/total) of itself, by its person's published total, toward zero:
    over all cells and whichever rows are kept, a person adds at most the bound, and
    to one cell what r rows do, m, and moves no weight of anybody else's, so Δ₁ is at
    most the bound and Δ₂² at most m times that. People over the
    bound are counted by the part that a row has of the total, in millionths toward
    zero, so that one person adds at most a million over all cells. Either touches no
    other figure. ValueError for a rank of anything but averages, or of several tables.
    """
    table = bounded.query.relation
    if not isinstance(table, TableOf):
        raise ValueError("only of one table is less kept than publication did")  # noqa: TRY004 (a question, and no type, is wrong)
    ranked = None if rank is None else (table, rank)
    if rank is not None:
        _check_rank(bounded, rank)
    draft = Draft(bounded, policy, ranked=ranked, cuts=dict(cuts), clips=dict(clips))
    return replace(_planned(draft), cuts=cuts, clips=clips)


def _check_rank(bounded: BoundedQuery, rank: int) -> None:
    if {each.statistic for each in bounded.query.aggregates} - {Statistic.MEAN}:
        raise ValueError("only averages of one table are over some of its rows")
    if not 1 <= rank < bounded.rows_per_person:
        raise ValueError("some of a person's rows are kept, and some are not")


def _planned(draft: Draft) -> Plan:
    bounded = draft.bounded
    readings = tuple(_reading(draft, each) for each in bounded.query.aggregates)
    supports = tuple(support(draft, each) for each in draft.supported())
    return Plan(
        bounded,
        draft.policy,
        tuple(draft.components),
        readings,
        supports,
        tuple(draft.choices),
        rank=None if draft.ranked is None else draft.ranked[1],
        emerging=_emerging(bounded, draft.policy),
    )


def _emerging(bounded: BoundedQuery, policy: Policy) -> Emerging | None:
    if all(key.domain.values is not None for key in bounded.query.keys):
        return None
    fewest = policy.threshold_people if policy.certificates else 1
    return Emerging(bounded.cells_per_person, fewest, policy.threshold_weight)


def most_cells(plan: Plan) -> int:
    """How many cells are answered at most, where keys that are not public come out."""
    made = len(plan.choices)
    return MOST_CHOICES // made if made else MOST_CELLS


def aggregates_in(post: Post) -> frozenset[int]:
    """The positions of the aggregates an expression depends on."""
    match post:
        case AggregateRef(position):
            return frozenset((position,))
        case Operation(_, arguments):
            return frozenset().union(*map(aggregates_in, arguments))
        case _:
            return frozenset()


def _reading(draft: Draft, aggregate: Aggregate) -> AnyReading:
    whole = Fraction(1)
    match aggregate:
        case Aggregate(Statistic.SUM, argument) if argument is not None:
            return total_reading(draft, argument)
        case Aggregate(Statistic.MEAN, argument) if argument is not None:
            return mean_reading(draft, argument)
        case Aggregate(Statistic.DISTINCT, argument) if argument is not None:
            return Reading(draft.position(_values(draft, argument)))
        case Aggregate(statistic) if statistic in SPREADS:
            return _spread(draft, aggregate)
        case Aggregate(statistic) if statistic in ORDERS:
            return _order(draft, aggregate)
        case _:
            return Reading(draft.position(count_of(draft, aggregate, whole)))


def _spread(draft: Draft, aggregate: Aggregate) -> Spread:
    """A count, sums, and sums of products, each noised and paid for."""
    statistic, (left, right) = aggregate.statistic, _pair(aggregate)
    sides = (_side(draft, left), _side(draft, right))
    present = Aggregate(Statistic.PRESENT, left if left.domain.nullable else right)
    count = draft.position(count_of(draft, present, Fraction(1)))
    cross = _cross(draft, left, right)
    squares = tuple(
        _cross(draft, each, each) if statistic in needing else None
        for each, needing in ((left, _LEFT_SQUARE), (right, _RIGHT_SQUARE))
    )
    return Spread(statistic, *sides, count, cross, (squares[0], squares[1]))


def _pair(aggregate: Aggregate) -> tuple[Expression, Expression]:
    """Both variables, each present where both are; one twice for a variance."""
    argument, other = aggregate.argument, aggregate.other
    if argument is None:
        raise TypeError("a spread is of an argument")
    if other is None:
        return argument, argument
    return together(argument, other), together(other, argument)


def _order(draft: Draft, aggregate: Aggregate) -> Order:
    """A value and the ends of its interval, each chosen on its own."""
    argument = aggregate.argument
    if argument is None:
        raise TypeError("a quantile is of an argument")
    rows, query = draft.of(argument).contribution, draft.bounded.query
    asked = cells(query)
    crowd = crowd_of(query, argument, asked)
    miss = _MISS / _parts(draft, aggregate)
    found = choices_of(aggregate, rows, miss, crowd, cells=asked)
    made = asked * (len(draft.choices) + len(found))
    if made > MOST_CHOICES:
        raise Refused(
            "too_many_keys",
            "A quantile takes time in every cell, and these are too many cells: "
            "group by fewer keys, or by coarser ones.",
        )
    places = {each.part: len(draft.choices) + n for n, each in enumerate(found)}
    draft.choices += found
    return Order(
        aggregate.statistic,
        argument.domain,
        places[Part.VALUE],
        places.get(Part.LOW),
        places.get(Part.HIGH),
    )


def _parts(draft: Draft, aggregate: Aggregate) -> int:
    """How many aggregates share an output with this one, at most: Bonferroni's m."""
    query = draft.bounded.query
    position = query.aggregates.index(aggregate)
    used = (aggregates_in(each.value) for each in query.outputs)
    return max((len(each) for each in used if position in each), default=1)


def _side(draft: Draft, argument: Expression) -> Side:
    moved, centre = draft.centred(argument)
    unit = unit_of(moved)
    lower, upper = (end * unit for end in ends_of(moved))
    total = draft.position(sum_of(draft, moved, Fraction(1)))
    return Side(total, centre * unit, lower, upper)


def _cross(draft: Draft, left: Expression, right: Expression) -> Cross:
    found = product(draft.centred(left)[0], draft.centred(right)[0])
    total = sum_of(draft, found.expression, Fraction(1))
    return Cross(draft.position(total), found.lift, found.rough)


def _values(draft: Draft, argument: Expression) -> Component:
    """How many different values there are: removing a row removes one at most."""
    bounded, listed = draft.of(argument), argument.domain.values
    rows, in_one_cell = bounded.rows_per_person, bounded.rows_per_cell
    if listed is not None:
        in_one_cell = max(1, min(in_one_cell, len(listed)))
    moved = min(rows, in_one_cell * bounded.cells_per_person)
    whole = Fraction(1)
    return Component(Statistic.DISTINCT, argument, moved, moved * in_one_cell, 0, whole)


def _refuse_unless_number(output: Output, query: BoundQuery) -> None:
    """Only numbers have intervals; truth values of noised figures would have none."""
    if aggregates_in(output.value) and not _is_number(output.value, query):
        raise Refused(
            "unsupported",
            "A column computed from aggregates is a number here: select these, and "
            "compare them in HAVING.",
            clause=output.name,
        )


def _is_number(post: Post, query: BoundQuery) -> bool:
    match post:
        case KeyRef(position):
            return query.keys[position].domain.type is Type.NUMBER
        case AggregateRef() | GroupingRef():
            return True
        case Constant(value):
            return value is None or isinstance(value, Fraction)
        case Operation(operator, arguments):
            return operator in _NUMERIC and all(
                _is_number(each, query) for each in arguments
            )
