"""Parts of dates, and what is known of them from the dates' bounds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Final

from privacy.catalogue import Domain
from privacy.domains import number
from privacy.expression import Function
from privacy.semantics import value_of

PARTS: Final[Mapping[Function, tuple[int, int] | None]] = MappingProxyType(
    {
        Function.YEAR: None,
        Function.QUARTER: (1, 4),
        Function.MONTH: (1, 12),
        Function.DAY: (1, 31),
        Function.DAY_OF_WEEK: (1, 7),
        Function.HOUR: (0, 23),
    }
)
"""The values each part may have, where the calendar alone says so."""

NAMES: Final[Mapping[str, Function]] = MappingProxyType(
    {
        "YEAR": Function.YEAR,
        "QUARTER": Function.QUARTER,
        "MONTH": Function.MONTH,
        "DAY": Function.DAY,
        "ISODOW": Function.DAY_OF_WEEK,
        "HOUR": Function.HOUR,
    }
)
"""Parts by the name EXTRACT takes."""

_GROWING_IN_A_YEAR: Final = (Function.QUARTER, Function.MONTH)


def part_domain(function: Function, domain: Domain) -> Domain:
    """What is known of a part of a date, tighter where the bounds share a year.

    Engines have dates without parts, such as `infinity`; only a date between two
    known ends is surely none of them, and has every part.
    """
    lower, upper = domain.lower, domain.upper
    calendar = PARTS[function]
    known = isinstance(lower, date) and isinstance(upper, date)
    nullable = domain.nullable or not known
    if calendar is not None and not (
        known and _year(lower) == _year(upper) and function in _GROWING_IN_A_YEAR
    ):
        return number(*calendar, nullable=nullable)
    return number(_part(function, lower), _part(function, upper), nullable=nullable)


def _year(value: object) -> int | None:
    return value.year if isinstance(value, date) else None


def _part(function: Function, value: object) -> int | None:
    if not isinstance(value, date):
        return None
    part = value_of(function, (value,), (0,), 0)
    return part if isinstance(part, int) else None
