"""What is publicly known of each published column: its exact domain.

Bounds and categories come from the manifest only. Each function raises `Invalid`
with the manifest path of the key that is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, InvalidOperation
from typing import Any, Final, TypeAlias

from connectors.errors import Invalid
from privacy.catalogue import Domain, Type, Value
from tre.manifest.model import FieldType, TableField

LARGEST: Final = 10**18
"""No stored number is larger in magnitude (unscaled)."""

MOST_DIGITS: Final = 20
"""Before or behind the point: beyond that no value is stored, nor bounded."""

KEYS: Final = 1_000
"""Integers whose bounds span at most so many values are public keys."""

End: TypeAlias = Any
"""A bound of whatever type the field has."""


def domain(field: TableField, path: str) -> Domain:
    """The domain of a field's own values, before anything is made of them."""
    match field.type:
        case FieldType.STRING:
            return _text(field, path)
        case FieldType.BOOLEAN:
            _unbounded(field, path)
            return _listed(Type.BOOLEAN, 0, (False, True), field)
        case FieldType.DATE:
            return _ordered(field, path, Type.DATE)
        case FieldType.DATETIME:
            return _ordered(field, path, Type.DATETIME)
        case FieldType.INTEGER | FieldType.NUMBER:
            return _number(field, path)


def _text(field: TableField, path: str) -> Domain:
    _unbounded(field, path)
    if field.constraints.enum is None:
        return Domain(Type.TEXT, nullable=not field.constraints.required)
    for index, value in enumerate(field.constraints.enum):
        if not isinstance(value, str) or not value:
            place = f"{path}.constraints.enum[{index}]"
            raise Invalid(place, "expected text (in quotes where YAML reads it so)")
    return _listed(Type.TEXT, 0, _distinct(field.constraints.enum, path), field)


def _ordered(field: TableField, path: str, kind: Type) -> Domain:
    place = f"{path}.constraints"
    if field.constraints.enum is not None:
        raise Invalid(f"{place}.enum", f"is not for a {field.type.value}")
    ends = [
        None if raw is None else moment(raw, f"{place}.{key}", kind)
        for key, raw in _bounds(field)
    ]
    _in_order(ends[0], ends[1], place)
    return Domain(kind, 0, ends[0], ends[1], nullable=not field.constraints.required)


def _number(field: TableField, path: str) -> Domain:
    if field.type is FieldType.INTEGER and field.tre.decimals:
        raise Invalid(f"{path}.tre.decimals", "is for type number, not integer")
    place = f"{path}.constraints"
    bounds = [
        None if raw is None else decimal(raw, f"{place}.{key}")
        for key, raw in _bounds(field)
    ]
    categories = [
        decimal(raw, f"{place}.enum[{index}]")
        for index, raw in enumerate(field.constraints.enum or ())
    ]
    scale = _scale(field, path, [n for n in (*bounds, *categories) if n is not None])
    if categories:
        _unbounded(field, path)
        values = [unscaled(n, scale, f"{place}.enum") for n in categories]
        return _listed(Type.NUMBER, scale, sorted(_distinct(values, path)), field)
    lower = _end(bounds[0], scale, field, f"{place}.minimum", ROUND_FLOOR)
    upper = _end(bounds[1], scale, field, f"{place}.maximum", ROUND_CEILING)
    _in_order(lower, upper, place)
    nullable = not field.constraints.required
    return span(Domain(Type.NUMBER, scale, lower, upper, nullable=nullable))


def _scale(field: TableField, path: str, known: list[Decimal]) -> int:
    if field.type is FieldType.INTEGER:
        return 0
    if field.tre.decimals is not None:
        return field.tre.decimals
    if not known:
        message = "expected minimum and maximum, or tre.decimals"
        raise Invalid(f"{path}.constraints", message)
    largest = int(max(abs(n) for n in known))
    return max(0, 6 - (len(str(largest)) if largest else 0))


def _end(
    bound: Decimal | None, scale: int, field: TableField, path: str, rounding: str
) -> int | None:
    """The unscaled bound; without declared decimals it is rounded outwards."""
    if bound is None:
        return None
    if field.type is FieldType.NUMBER and field.tre.decimals is None:
        step = Decimal(1).scaleb(-scale)
        bound = bound.quantize(step, rounding=rounding)
    return unscaled(bound, scale, path)


def unscaled(number: Decimal, scale: int, path: str) -> int:
    """The number in whole steps of its last decimal."""
    scaled = number.scaleb(scale)
    if scaled != scaled.to_integral_value():
        raise Invalid(path, f"expected at most {scale} decimals")
    if abs(scaled) > LARGEST:
        raise Invalid(path, f"is too large at {scale} decimals")
    return int(scaled)


def span(domain: Domain) -> Domain:
    """The same domain, its values listed where they are few enough to be keys."""
    lower, upper = domain.lower, domain.upper
    few = isinstance(lower, int) and isinstance(upper, int) and upper - lower < KEYS
    if domain.scale or not few:
        return domain
    assert isinstance(lower, int) and isinstance(upper, int)  # noqa: S101, PT018 - for types
    values = tuple(range(lower, upper + 1))
    return Domain(Type.NUMBER, 0, lower, upper, domain.nullable, values)


def _listed(kind: Type, scale: int, values: Sequence[End], field: TableField) -> Domain:
    nullable = not field.constraints.required
    listed: tuple[Value, ...] = tuple(values)
    return Domain(kind, scale, min(values), max(values), nullable, listed)


def _bounds(field: TableField) -> tuple[tuple[str, End], tuple[str, End]]:
    constraints = field.constraints
    return ("minimum", constraints.minimum), ("maximum", constraints.maximum)


def _unbounded(field: TableField, path: str) -> None:
    """Refuse bounds (and, on booleans, categories) that would mean nothing."""
    for key, raw in _bounds(field):
        if raw is not None:
            message = f"is not for a list of values, nor for type {field.type.value}"
            raise Invalid(f"{path}.constraints.{key}", message)
    if field.type is FieldType.BOOLEAN and field.constraints.enum is not None:
        raise Invalid(f"{path}.constraints.enum", "is not for a boolean")


def _distinct(values: Iterable[End], path: str) -> list[End]:
    values = list(values)
    if len(set(values)) != len(values):
        raise Invalid(f"{path}.constraints.enum", "expected each value once")
    return values


def _in_order(lower: End, upper: End, path: str) -> None:
    if lower is not None and upper is not None and lower > upper:
        raise Invalid(f"{path}.minimum", "expected at most the maximum")


def decimal(raw: object, path: str) -> Decimal:
    """A finite number as the file writes it."""
    number = Decimal("NaN")
    if isinstance(raw, int | float | Decimal | str) and not isinstance(raw, bool):
        try:
            number = Decimal(str(raw))
        except InvalidOperation:
            number = Decimal("NaN")
    if not number.is_finite():
        raise Invalid(path, "expected a finite number")
    if number and not -MOST_DIGITS < number.adjusted() < MOST_DIGITS:
        raise Invalid(path, "is too large or too small to be stored")
    return number


def moment(raw: object, path: str, kind: Type) -> End:
    """A date or datetime as the file writes it, without a zone."""
    wanted = date if kind is Type.DATE else datetime
    moment: date | datetime | None = None
    if type(raw) is wanted:
        moment = raw
    elif isinstance(raw, str):
        try:
            moment = wanted.fromisoformat(raw)
        except ValueError:
            moment = None
    elif type(raw) is date:
        moment = datetime(raw.year, raw.month, raw.day)  # noqa: DTZ001 - values have no zone
    if moment is None or getattr(moment, "tzinfo", None) is not None:
        raise Invalid(path, f"expected an ISO {kind.value} without a time zone")
    return moment
