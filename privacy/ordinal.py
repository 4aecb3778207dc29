"""Number values in their order: dates by day, times by microsecond, numbers as held."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from privacy.catalogue import Domain, Type, Value

_FIRST_DAY: Final = date(1970, 1, 1)
_FIRST_MOMENT: Final = datetime(1970, 1, 1)  # noqa: DTZ001 (the engine's have no zone)
_MICROSECOND: Final = timedelta(microseconds=1)


def ordinal(value: Value) -> int:
    """The number of a value that is a number, a date (from 1970 on) or a time.

    >>> ordinal(date(1970, 1, 2)), ordinal(datetime(1970, 1, 1, 0, 0, 1)), ordinal(7)
    (1, 1000000, 7)
    """
    match value:
        case datetime():
            return (value - _FIRST_MOMENT) // _MICROSECOND
        case date():
            return (value - _FIRST_DAY).days
        case int():
            return value
        case _:
            raise TypeError("this value has no place in an order")


def at_ordinal(kind: Type, number: int) -> Value:
    """The value of a number: the inverse of `ordinal`.

    >>> at_ordinal(Type.DATE, 1)
    datetime.date(1970, 1, 2)
    """
    match kind:
        case Type.DATE:
            return _FIRST_DAY + timedelta(days=number)
        case Type.DATETIME:
            return _FIRST_MOMENT + number * _MICROSECOND
        case _:
            return number


def ordinal_ends(domain: Domain) -> tuple[int, int]:
    """The numbers of both ends of a bounded domain; ValueError where one is missing."""
    if domain.lower is None or domain.upper is None:
        raise ValueError("only what is bounded on both sides has ends")
    return ordinal(domain.lower), ordinal(domain.upper)
