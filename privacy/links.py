"""How it is measured how a table's people were linked: which figures, with what noise.

Adding or removing a person moves one class by one, the size of a matching by at most
one, and the people who lack each kind of identifier by at most one. By each column
that the manifest names they are in one subgroup, that of one row of theirs which was
drawn by lot, and linked there or not: one cell is moved by one. Every figure is
noised for its share of a fixed ρ.

What is told of subgroups goes through the gateway's certificates as a question's
cells would (`privacy.certificates`): too few people are not shown, nor who is almost
all of one sensitive category.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import Final

from privacy.accounting import NANO
from privacy.catalogue import Column, Domain, Type, Value
from privacy.linked import CLASSES, Linked, Subgroups
from privacy.mechanism import Mechanism, gaussian
from privacy.policy import GATEWAY, Policy
from privacy.quantile import sum_half_width, upper_quantile

LINKED_NANO: Final = 1_000_000
"""What measuring how a table's people were linked may cost: ρ = 0.001."""

SUBGROUPS_NANO: Final = 1_000_000
"""What match rates by all the columns named may cost besides: ρ = 0.001."""

IN_ANOTHER: Final = Domain(Type.BOOLEAN, 0, nullable=False, values=(False, True))
"""Whether somebody is in another dataset: the inner key of a column's cells."""

KINDS: Final = Domain(Type.NUMBER, 0, nullable=False, values=tuple(range(len(CLASSES))))
"""The classes that people are in."""


@dataclass(frozen=True, slots=True)
class Compared:
    """A column by which match rates are told, and what its cells have to prove.

    Shown is a noised count of `least` or more, beside which, of a sensitive column,
    other categories have `least_besides` or more.
    """

    column: Column
    mechanism: Mechanism
    least: int
    least_besides: int | None

    def counted(self, cells: list[int]) -> Subgroups:
        """The subgroups that noised cells make: of each value, unlinked and linked."""
        values = self.column.domain.values or ()
        missing = (None,) if self.column.domain.nullable else ()
        return Subgroups(
            self.column.name,
            (*(_said(each, self.column.domain.scale) for each in values), *missing),
            unlinked=self._shown(cells[0::2]),
            linked=self._shown(cells[1::2]),
            deviation=ceil(self.mechanism.scale),
        )

    def _shown(self, people: list[int]) -> tuple[int | None, ...]:
        """What is certified; nothing underneath what is not."""
        besides = self.least_besides
        return tuple(
            n
            if n >= self.least and (besides is None or sum(people) - n >= besides)
            else None
            for n in people
        )


@dataclass(frozen=True, slots=True)
class Links:
    """What is measured of how people were linked, and of identifiers they lack.

    `people` noises the classes, of which a person is in one; `doubtful` the pairs of a
    matching; `missing` the people who lack each of the kinds `identifiers`; and
    `compared` has the columns by which match rates are told.
    """

    identifiers: tuple[str, ...]
    people: Mechanism
    doubtful: Mechanism
    missing: Mechanism
    compared: tuple[Compared, ...] = ()

    @property
    def sums(self) -> tuple[Mechanism, ...]:
        """The mechanisms of the sums: doubtful pairs, then each kind."""
        return (self.doubtful, *((self.missing,) * len(self.identifiers)))

    @property
    def mechanisms(self) -> tuple[Mechanism, ...]:
        """All that is drawn, once each: what it costs is the sum of their maps."""
        return (self.people, *self.sums, *(each.mechanism for each in self.compared))

    def counted(
        self, people: list[int], sums: list[int], cells: list[list[int]]
    ) -> Linked:
        """The statement that noised figures make; `cells` are of each column."""
        doubtful, *missing = sums
        pairs = zip(self.compared, cells, strict=True)
        return Linked(
            people=tuple(people),
            people_deviation=ceil(self.people.scale),
            doubtful=doubtful,
            doubtful_deviation=ceil(self.doubtful.scale),
            missing=tuple(zip(self.identifiers, missing, strict=True)),
            missing_deviation=ceil(self.missing.scale),
            subgroups=tuple(each.counted(held) for each, held in pairs),
        )


def links(
    identifiers: tuple[str, ...],
    compared: tuple[Column, ...] = (),
    policy: Policy = GATEWAY,
) -> Links:
    """Plan what is measured of people who were linked by these kinds of identifiers.

    Half is for the classes; of the rest, half for doubtful pairs. Match rates by the
    columns `compared`, whose values are listed, share a price of their own.
    """
    whole = Fraction(LINKED_NANO, NANO)
    each = Fraction(LINKED_NANO // 4 // len(identifiers), NANO)
    return Links(
        identifiers=identifiers,
        people=gaussian(1, whole / 2),
        doubtful=gaussian(1, whole / 4),
        missing=gaussian(1, each),
        compared=tuple(_compared(each, len(compared), policy) for each in compared),
    )


def _compared(column: Column, columns: int, policy: Policy) -> Compared:
    noise = gaussian(1, Fraction(SUBGROUPS_NANO // columns, NANO))
    least = policy.threshold_people + upper_quantile(noise, policy.confidence)
    others = len(column.domain.values or ()) + column.domain.nullable - 1
    if not column.sensitive or not others:
        return Compared(column, noise, least, None)
    covered = float(2 * policy.confidence - 1)
    margin = sum_half_width(((Fraction(1), noise),) * others, covered)
    return Compared(column, noise, least, policy.threshold_people + ceil(margin))


def _said(value: Value, scale: int) -> str:
    """A public value as it is written in words."""
    match value:
        case bool():
            return str(value).lower()
        case int():
            return str(Decimal(value).scaleb(-scale))
        case date():
            return value.isoformat()
        case _:
            return value
