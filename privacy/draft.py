"""What a plan computes, as it is found: each component once, with its sensitivity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Final

from privacy.beyond import replaced
from privacy.bound import BoundedQuery
from privacy.ceiling import Ceiling
from privacy.contribution import Contribution
from privacy.cut import Cut
from privacy.errors import Refused
from privacy.expression import ColumnOf, Expression
from privacy.moments import centred, centred_in_units, ends_of, presence
from privacy.policy import Policy
from privacy.present import demanded_by
from privacy.query import SPREADS, Aggregate, Statistic
from privacy.ranks import Choice
from privacy.reading import Component
from privacy.relation import TableOf
from privacy.totals import PERSON, beyond, clipped, over

LARGEST_SENSITIVITY: Final = 2**56
"""Beyond it no useful noise fits 64 bits."""


@dataclass(slots=True)
class Draft:
    """Components found so far; the same one is never computed twice."""

    bounded: BoundedQuery
    policy: Policy
    components: list[Component] = field(default_factory=list)
    choices: list[Choice] = field(default_factory=list)
    ranked: tuple[TableOf, int] | None = None
    cuts: Mapping[Expression, Cut] = field(default_factory=dict)
    clips: Mapping[Expression, Ceiling] = field(default_factory=dict)
    narrowed: dict[tuple[Expression, ...], BoundedQuery] = field(default_factory=dict)

    @property
    def aggregates(self) -> tuple[Aggregate, ...]:
        """The question's aggregates."""
        return self.bounded.query.aggregates

    def of(self, argument: Expression | None) -> BoundedQuery:
        """The bounds of the rows in which an argument is present."""
        demanded = tuple(demanded_by(argument))
        if demanded not in self.narrowed:
            self.narrowed[demanded] = self.bounded.of(argument)
        return self.narrowed[demanded]

    def supported(self) -> tuple[Aggregate, ...]:
        """The aggregates that need a certificate."""
        return self.aggregates if self.policy.certificates else ()

    def position(self, component: Component) -> int:
        """Where the component is, adding it where it is new.

        What is asked is added first, so a component keeps the weight it had.
        """
        found = self.find(component.statistic, component.argument)
        if found is None:
            self.components.append(component)
            return len(self.components) - 1
        return found

    def find(self, statistic: Statistic, argument: Expression | None) -> int | None:
        """Where a component like this is; None where it is not computed."""
        for position, each in enumerate(self.components):
            if (each.statistic, each.argument) == (statistic, argument):
                return position
        return None

    def asks_spread_of(self, argument: Expression) -> bool:
        """Whether a centred sum and a count are computed anyway."""
        return any(
            each.argument == argument and each.other is None
            for each in self.aggregates
            if each.statistic is Statistic.MEAN or each.statistic in SPREADS
        )

    def centred(self, argument: Expression) -> tuple[Expression, int]:
        """The centred argument, the same one for all that ask for it."""
        if Aggregate(Statistic.SUM, argument) in self.aggregates:
            return centred_in_units(argument)
        return centred(argument)

    def averaged(self, argument: Expression) -> tuple[Expression, int]:
        """The centred argument of an average, told past its bounds as that has it."""
        cut = self.cuts.get(argument)
        if cut is None:
            return self.centred(argument)
        return centred(replaced(argument, cut.tails))


def sum_of(draft: Draft, argument: Expression, weight: Fraction) -> Component:
    """A sum over all rows that publication kept, and in which it is present."""
    return sum_over(argument, weight, draft.of(argument).contribution)


def sum_over(argument: Expression, weight: Fraction, rows: Contribution) -> Component:
    """A sum in which one person has so many rows: a cell moves by each at most."""
    largest = max(1, *(abs(end) for end in ends_of(argument)))
    moved = rows.rows * largest
    return _sum(argument, weight, moved, rows.squared * largest**2)


def sum_clipped(
    argument: ColumnOf, relation: TableOf, bound: int, rows: Contribution
) -> Component:
    """A sum over all rows, to which one person adds at most `bound`, over all cells.

    And to one cell at most what their rows in it do, m, so that Δ₂² ≤ m·bound.
    """
    in_one = min(bound, rows.in_one_cell * ends_of(argument)[1])
    found = clipped(argument, relation.table, bound)
    return _sum(found, Fraction(1), bound, bound * max(1, in_one))


def sum_beyond(
    argument: ColumnOf, relation: TableOf, bound: int, weight: Fraction
) -> Component:
    """What clipping totals takes off all cells together."""
    lost, moved = beyond(argument, relation.table, bound)
    return replace(_sum(lost, weight, moved), whole=True)


def people_over(
    argument: ColumnOf, relation: TableOf, bound: int, weight: Fraction
) -> Component:
    """How many people's totals are over the bound, each once over all cells.

    A cell has the part of a person that its rows have of their total.
    """
    found = over(argument, relation.table, bound)
    if relation.table.rows_per_person == 1:
        return count_over(found, weight, Contribution(1, 1))
    return _sum(found, weight, PERSON)


def _sum(
    argument: Expression, weight: Fraction, moved: int, squared: int | None = None
) -> Component:
    if moved > LARGEST_SENSITIVITY:
        raise Refused(
            "overflow",
            "One person could move this sum too far for any noise to fit: narrow the "
            "value with CLAMP(x, low, high).",
        )
    scale = argument.domain.scale
    squared = moved**2 if squared is None else squared
    return Component(Statistic.SUM, argument, moved, squared, scale, weight)


def count_of(draft: Draft, aggregate: Aggregate, weight: Fraction) -> Component:
    """A count in its plainest form, so that equal counts are one component."""
    apart = draft.bounded.rows_per_person > 1 or bool(draft.bounded.query.sets)
    counted = _plainest(aggregate, people_apart=apart)
    bounded = draft.of(counted.argument)
    rows, people = bounded.contribution, bounded.cells_per_person
    match counted:
        case Aggregate(Statistic.PEOPLE, argument):
            return Component(Statistic.PEOPLE, argument, people, people, 0, weight)
        case Aggregate(statistic, argument):
            return Component(statistic, argument, rows.rows, rows.squared, 0, weight)


def count_over(argument: Expression, weight: Fraction, rows: Contribution) -> Component:
    """A count of rows where the argument is present, of one person so many."""
    present = presence(argument)
    return Component(Statistic.PRESENT, present, rows.rows, rows.squared, 0, weight)


def _plainest(aggregate: Aggregate, *, people_apart: bool) -> Aggregate:
    """COUNT(x) of what is never NULL, and people with one row each, are COUNT(*).

    Where a CASE keeps some rows, which value it keeps makes no difference. In grouping
    sets people stay people whatever the cap, and are told of each set by itself: who
    asks for figures that add up asks for COUNT(*).
    """
    argument = aggregate.argument
    people = aggregate.statistic is Statistic.PEOPLE and people_apart
    if argument is None or not argument.domain.nullable:
        return Aggregate(Statistic.PEOPLE if people else Statistic.ROWS)
    statistic = Statistic.PEOPLE if people else Statistic.PRESENT
    return Aggregate(statistic, presence(argument))
