"""What each function of the row language computes, on values in Python.

This is the definition the compiler is tested against. It serves to fold constants
and to find which values a public key can take. Numbers are unscaled integers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from privacy.catalogue import Value
from privacy.expression import Function

Scales: TypeAlias = Sequence[int]
"""The decimal scales of the arguments, in order."""


def value_of(
    function: Function, values: Sequence[Value | None], scales: Scales, scale: int
) -> Value | None:
    """Return one function of values that fit its types; None is NULL.

    `scale` is the result's. Total: there is no argument it fails on. LIKE and
    ILIKE are the engine's alone and are not defined here (KeyError).
    """
    lenient = function in _LENIENT
    if not lenient and any(each is None for each in values):
        return None
    compute = _LENIENT[function] if lenient else _STRICT[function]
    found: Value | None = compute(values, scales, scale)
    return found


def rescale(value: int, scale: int, to: int) -> int:
    """Write an unscaled number at another scale, truncating toward zero if coarser."""
    return (
        value * 10 ** (to - scale)
        if to >= scale
        else truncated(value, 10 ** (scale - to))
    )


def truncated(numerator: int, denominator: int) -> int:
    """Divide whole numbers, truncating toward zero."""
    quotient = abs(numerator) // abs(denominator)
    return quotient if (numerator < 0) == (denominator < 0) else -quotient


def _brought(values: Sequence[Any], scales: Scales, scale: int) -> list[Any]:
    """Numbers at one scale; anything else as it is."""
    return [
        each
        if mine == scale or isinstance(each, bool) or not isinstance(each, int)
        else rescale(each, mine, scale)
        for each, mine in zip(values, scales, strict=True)
    ]


def _finest(values: Sequence[Any], scales: Scales) -> list[Any]:
    return _brought(values, scales, max(scales))


def _divide(values: Sequence[Any], scales: Scales, scale: int) -> int | None:
    numerator, denominator = values
    shift = scale - scales[0] + scales[1]
    if shift >= 0:
        numerator *= 10**shift
    else:
        denominator *= 10**-shift
    return truncated(numerator, denominator) if denominator else None


def _modulo(values: Sequence[Any], scales: Scales, scale: int) -> int | None:
    numerator, denominator = _brought(values, scales, scale)
    if not denominator:
        return None
    return int(numerator - denominator * truncated(numerator, denominator))


def _floor(values: Sequence[Any], scales: Scales, _scale: int) -> int:
    return int(values[0] // 10 ** scales[0])


def _ceil(values: Sequence[Any], scales: Scales, _scale: int) -> int:
    return int(-(-values[0] // 10 ** scales[0]))


def _round(values: Sequence[Any], scales: Scales, scale: int) -> int:
    """Half away from zero, as SQL rounds."""
    unit = 10 ** (scales[0] - scale)
    magnitude = (abs(values[0]) + unit // 2) // unit
    return int(magnitude if values[0] >= 0 else -magnitude)


def _clamp(values: Sequence[Any], scales: Scales, scale: int) -> int:
    value, lower, upper = _brought(values, scales, scale)
    return int(min(max(value, lower), upper))


def _width_bucket(values: Sequence[Any], scales: Scales, _scale: int) -> int:
    value, lower, upper = _finest(values[:3], scales[:3])
    count = values[3]
    if value < lower:
        return 0
    if value >= upper:
        return int(count + 1)
    return int((value - lower) * count // (upper - lower) + 1)


def _compared(compare: Callable[[Any, Any], bool]) -> Callable[..., Any]:
    return lambda values, scales, _scale: bool(compare(*_finest(values, scales)))


def _and(values: Sequence[Any], *_: object) -> bool | None:
    if any(each is False for each in values):
        return False
    return None if any(each is None for each in values) else True


def _or(values: Sequence[Any], *_: object) -> bool | None:
    if any(each is True for each in values):
        return True
    return None if any(each is None for each in values) else False


def _coalesce(values: Sequence[Any], scales: Scales, scale: int) -> Any:  # noqa: ANN401 - any value of SQL
    brought = _brought(values, scales, scale)
    return next((each for each in brought if each is not None), None)


def _nullif(values: Sequence[Any], scales: Scales, scale: int) -> Any:  # noqa: ANN401 - any value of SQL
    value, other = _brought(values, scales, scale)
    return None if value is not None and value == other else value


def _hour(values: Sequence[Any], *_: object) -> int:
    moment: date = values[0]
    return moment.hour if isinstance(moment, datetime) else 0


_LENIENT: Final[Mapping[Function, Callable[..., Any]]] = MappingProxyType(
    {
        Function.AND: _and,
        Function.OR: _or,
        Function.IS_NULL: lambda values, *_: values[0] is None,
        Function.COALESCE: _coalesce,
        Function.NULLIF: _nullif,
    }
)
_STRICT: Final[Mapping[Function, Callable[..., Any]]] = MappingProxyType(
    {
        Function.ADD: lambda v, s, to: sum(_brought(v, s, to)),
        Function.SUBTRACT: lambda v, s, to: (
            rescale(v[0], s[0], to) - rescale(v[1], s[1], to)
        ),
        Function.MULTIPLY: lambda v, s, to: rescale(v[0] * v[1], sum(s), to),
        Function.DIVIDE: _divide,
        Function.MODULO: _modulo,
        Function.NEGATE: lambda v, *_: -v[0],
        Function.ABS: lambda v, *_: abs(v[0]),
        Function.FLOOR: _floor,
        Function.CEIL: _ceil,
        Function.ROUND: _round,
        Function.LEAST: lambda v, s, to: min(_brought(v, s, to)),
        Function.GREATEST: lambda v, s, to: max(_brought(v, s, to)),
        Function.CLAMP: _clamp,
        Function.EQUAL: _compared(lambda left, right: left == right),
        Function.UNEQUAL: _compared(lambda left, right: left != right),
        Function.LESS: _compared(lambda left, right: left < right),
        Function.AT_MOST: _compared(lambda left, right: left <= right),
        Function.MORE: _compared(lambda left, right: left > right),
        Function.AT_LEAST: _compared(lambda left, right: left >= right),
        Function.NOT: lambda v, *_: not v[0],
        Function.IN: lambda v, s, _to: _finest(v, s)[0] in _finest(v, s)[1:],
        Function.YEAR: lambda v, *_: v[0].year,
        Function.QUARTER: lambda v, *_: (v[0].month + 2) // 3,
        Function.MONTH: lambda v, *_: v[0].month,
        Function.DAY: lambda v, *_: v[0].day,
        Function.DAY_OF_WEEK: lambda v, *_: v[0].isoweekday(),
        Function.HOUR: _hour,
        Function.WIDTH_BUCKET: _width_bucket,
    }
)
