"""Read the constants of a question, exactly."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime
from typing import Final

from privacy.catalogue import Domain, Type
from privacy.domains import constant, fits, number
from privacy.expression import Expression, Literal
from privacy.misfit import Misfit

MAX_SCALE: Final = 18
_NUMBER: Final = re.compile(r"(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?", re.ASCII)
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DATETIME: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?", re.ASCII
)

NULL: Final = Literal(None, Domain(Type.TEXT, nullable=True, values=()))
"""NULL as written, before its surroundings give it a type."""


def number_literal(text: str) -> Literal:
    """Read a number as an unscaled integer at the coarsest scale that holds it.

    Raises Misfit (`invalid_value`) for what is no decimal number, has more than
    18 decimals, or does not fit 64 bits.
    """
    digits, decimals = _decimal(text.replace("_", ""))
    while decimals > 0 and digits % 10 == 0:
        digits, decimals = digits // 10, decimals - 1
    if decimals < 0:
        digits, decimals = digits * 10**-decimals, 0
    if decimals > MAX_SCALE or not fits(digits):
        raise _too_large(text)
    return Literal(digits, number(digits, digits, scale=decimals, nullable=False))


ONE: Final = Literal(1, number(1, 1, nullable=False))
"""What stands for a row where only its presence counts."""


def text_literal(value: str) -> Literal:
    """Make a text constant."""
    return Literal(value, constant(Type.TEXT, value))


def boolean_literal(value: bool) -> Literal:  # noqa: FBT001 - a value
    """Make TRUE or FALSE."""
    return Literal(value, constant(Type.BOOLEAN, value))


def date_literal(text: str) -> Literal:
    """Read an ISO date; Misfit (`invalid_value`) where it is none."""
    stripped = text.strip()
    try:
        value = date.fromisoformat(stripped if _DATE.fullmatch(stripped) else "")
    except ValueError:
        raise Misfit("invalid_value", "A date is written DATE '2020-12-31'.") from None
    return Literal(value, constant(Type.DATE, value))


def datetime_literal(text: str) -> Literal:
    """Read an ISO date and time, or a date as its midnight; Misfit where it is none."""
    stripped = text.strip()
    iso = _DATETIME.fullmatch(stripped) or _DATE.fullmatch(stripped)
    try:
        value = datetime.fromisoformat(stripped if iso else "")
    except ValueError:
        raise Misfit(
            "invalid_value",
            "A date and time is written TIMESTAMP '2020-12-31 23:59:59'.",
        ) from None
    return Literal(value, constant(Type.DATETIME, value))


def is_null(expression: Expression) -> bool:
    """Whether an expression is the constant NULL."""
    return isinstance(expression, Literal) and expression.value is None


def typed_null(like: Domain) -> Literal:
    """Return NULL of the type and scale of a domain."""
    return Literal(None, Domain(like.type, like.scale, nullable=True, values=()))


def coerced(expression: Expression, kind: Type) -> Expression:
    """Read a text constant as a date or time where one is called for.

    A DATE constant becomes its midnight where a time is called for. Anything else
    is returned as it is.
    """
    if not isinstance(expression, Literal):
        return expression
    value = expression.value
    if kind is Type.DATE and isinstance(value, str):
        return date_literal(value)
    if kind is Type.DATETIME and isinstance(value, str):
        return datetime_literal(value)
    if kind is Type.DATETIME and expression.domain.type is Type.DATE:
        return datetime_literal(str(value))
    return expression


def negated(literal: Literal) -> Literal:
    """Return minus a number."""
    if not isinstance(literal.value, int):
        raise TypeError("only numbers have a sign")
    value = -literal.value
    domain = number(value, value, scale=literal.domain.scale, nullable=False)
    return replace(literal, value=value, domain=domain)


def written(value: int, scale: int) -> str:
    """Write an unscaled number in decimals, as SQL does."""
    sign = "-" if value < 0 else ""
    whole, part = divmod(abs(value), 10**scale)
    decimals = f".{part:0{scale}d}".rstrip("0") if part else ""
    return f"{sign}{whole}{decimals}"


def _decimal(text: str) -> tuple[int, int]:
    """The digits as a whole number, and how many of them are decimals."""
    found = _NUMBER.fullmatch(text)
    if not found or not (found[1] or found[2]) or len(text) > 64:  # noqa: PLR2004 - longer is no number
        raise _too_large(text)
    exponent = int(found[3] or 0)
    if abs(exponent) > 64:  # noqa: PLR2004 - nor is this
        raise _too_large(text)
    return int((found[1] or "") + (found[2] or "")), len(found[2] or "") - exponent


def _too_large(text: str) -> Misfit:
    return Misfit(
        "invalid_value",
        f"The number {text[:40]} cannot be used: "
        f"numbers are exact and fit 64 bits, with at most {MAX_SCALE} decimals.",
    )
