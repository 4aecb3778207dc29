"""How much review a project needs, by what is publicly known of what it asks for.

    light        one agency's tables, nothing sensitive
    standard     one or two of: sensitive columns, several controllers, linked people
    heightened   all three

The rule is declared here and nowhere else; it looks at the catalogue's public facts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final

from privacy.catalogue import Table, Unit


class Route(Enum):
    """A route to approval."""

    LIGHT = "light"
    STANDARD = "standard"
    HEIGHTENED = "heightened"


@dataclass(frozen=True, slots=True)
class Review:
    """What a route takes, beside the approval of every dataset's controller.

    `members` of the committee approve; the committee looks at a running project again
    within `every_days`; where `argued`, the application gives an ethics review's
    reference and a reason for every sensitive column.
    """

    members: int
    every_days: int
    argued: bool


REVIEWS: Final[Mapping[Route, Review]] = MappingProxyType(
    {
        Route.LIGHT: Review(members=1, every_days=730, argued=False),
        Route.STANDARD: Review(members=1, every_days=365, argued=False),
        Route.HEIGHTENED: Review(members=2, every_days=182, argued=True),
    }
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A table an application asks for, the columns of it, and who answers for it."""

    table: Table
    columns: frozenset[str]
    controller: str

    def sensitive(self) -> Iterator[str]:
        """The sensitive columns asked for, in the table's order."""
        for column in self.table.columns:
            if column.sensitive and column.name in self.columns:
                yield column.name


def route(wanted: Collection[Wanted]) -> Route:
    """The route of an application that asks for these tables."""
    present = sum(
        (
            any(True for each in wanted for _ in each.sensitive()),
            len({each.controller for each in wanted}) > 1,
            len({w.table.dataset for w in wanted if w.table.unit is Unit.PERSON}) > 1,
        )
    )
    return (Route.LIGHT, Route.STANDARD, Route.STANDARD, Route.HEIGHTENED)[present]
