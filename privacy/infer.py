"""Range analysis: build a call, knowing what is publicly known of its result.

Every number that the engine meets on the way, rescaled ones included, is proven to
fit 64 bits, so that no row can make a question fail.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product
from math import prod
from types import MappingProxyType
from typing import Final

from privacy import parts
from privacy.catalogue import Domain, Type
from privacy.domains import (
    boolean,
    ends,
    fits,
    high,
    low,
    may_be_zero,
    number,
    numbers,
    rescaled,
)
from privacy.expression import Call, Expression, Function, Literal
from privacy.growth import (
    SAME_SCALE,
    check_rescaling,
    check_result,
    check_steps,
    grown,
    need_bounds,
)
from privacy.semantics import value_of
from privacy.weight import weight

QUOTIENT_DECIMALS: Final = 6
"""Decimals of a quotient, where its numerator leaves room for them."""

MOST_COMBINED: Final = 128
"""Combinations of listed values that are tried out at each step."""

_FEW: Final = 100
_CONDITIONS: Final = frozenset(
    {
        *(Function.EQUAL, Function.UNEQUAL, Function.LESS, Function.AT_MOST),
        *(Function.MORE, Function.AT_LEAST, Function.AND, Function.OR),
        *(Function.NOT, Function.IN, Function.LIKE, Function.ILIKE),
    }
)


def call(function: Function, *arguments: Expression) -> Expression:
    """Return the call with its domain, or the constant it is.

    The arguments' types fit the function: the callers saw to that. Raises Misfit
    `unbounded` for arithmetic on a number without public bounds and `overflow`
    where a number could outgrow 64 bits on the way.
    """
    domain = _domain(function, arguments)
    made = Call(function, arguments, domain)
    return _folded(made)


def decimals(function: Function, domains: list[Domain]) -> int:
    """The decimal scale of a numeric function's result."""
    scales = [each.scale for each in domains]
    match function:
        case Function.MULTIPLY:
            return sum(scales)
        case Function.DIVIDE:
            return _quotient_scale(domains[0], domains[1])
        case Function.NEGATE | Function.ABS:
            return scales[0]
        case _ if function in SAME_SCALE:
            return max(scales)
        case _:
            return 0


def rounded_to(places: int, argument: Expression) -> Expression:
    """ROUND(x, places): half away from zero, at no more decimals than x has."""
    scale = min(places, argument.domain.scale)
    if scale == argument.domain.scale:
        return argument
    domain = _numeric(Function.ROUND, (argument,), scale)
    return _folded(Call(Function.ROUND, (argument,), domain))


def floor(argument: Expression) -> Expression:
    """FLOOR(x); of a quotient of numbers that are not negative, in one division."""
    if isinstance(argument, Call) and argument.function is Function.DIVIDE:
        left, right = argument.arguments
        least, divisor = low(left.domain), low(right.domain)
        if least is not None and least >= 0 and divisor is not None and divisor > 0:
            return whole_quotient(left, right)
    return call(Function.FLOOR, argument)


def whole_quotient(left: Expression, right: Expression) -> Expression:
    """Left // right of whole numbers, truncated toward zero."""
    domain = _numeric(Function.DIVIDE, (left, right), 0)
    return _folded(Call(Function.DIVIDE, (left, right), domain))


def _folded(made: Call) -> Expression:
    constants = [each for each in made.arguments if isinstance(each, Literal)]
    undefined = made.function in (Function.LIKE, Function.ILIKE)
    if len(constants) < len(made.arguments) or undefined:
        return made
    value = value_of(
        made.function,
        [each.value for each in constants],
        [each.domain.scale for each in constants],
        made.domain.scale,
    )
    if made.domain.type is not Type.NUMBER:
        values = () if value is None else (value,)
        kept = Domain(made.domain.type, 0, value, value, value is None, values)
        return Literal(value, kept)
    found = numbers(
        [value] if isinstance(value, int) else [],
        scale=made.domain.scale,
        nullable=value is None,
    )
    return Literal(value, found)


def _domain(function: Function, arguments: tuple[Expression, ...]) -> Domain:
    domains = [each.domain for each in arguments]
    if function is Function.IS_NULL:
        return boolean(nullable=False)
    if function in _CONDITIONS:
        return boolean(nullable=any(each.nullable for each in domains))
    if function in parts.PARTS:
        return parts.part_domain(function, domains[0])
    if function in (Function.LEAST, Function.GREATEST):
        return _extreme(function, arguments)
    if function is Function.CLAMP:
        return _clamped(arguments)
    return _numeric(function, arguments, decimals(function, domains))


# ------------------------------------------------------------------ arithmetic


def _numeric(
    function: Function, arguments: tuple[Expression, ...], scale: int
) -> Domain:
    """The result of a function that is monotone between the corners of its input."""
    domains = [each.domain for each in arguments]
    need_bounds(domains)
    check_steps(function, domains, scale)
    nullable = _may_be_null(function, domains)
    lower, upper = _ENDS.get(function, _corner_ends)(function, arguments, scale)
    result = number(lower, upper, scale=scale, nullable=nullable)
    if result.values is None or function is Function.MULTIPLY:
        found = _by_value(function, domains, scale)
        if found is not None:
            inside = {each for each in found if lower <= each <= upper}
            result = numbers(inside, scale=scale, nullable=nullable)
    check_result(function, domains, result)
    return result


def _may_be_null(function: Function, domains: list[Domain]) -> bool:
    if any(each.nullable for each in domains):
        return True
    return function in (Function.DIVIDE, Function.MODULO) and may_be_zero(domains[1])


def _by_value(function: Function, domains: list[Domain], scale: int) -> set[int] | None:
    """Every value of a function whose arguments have few; None where they have many."""
    if any(each.values is None for each in domains):
        return None
    lists = [each.values or () for each in domains]
    if prod(map(len, lists)) > MOST_COMBINED:
        return None
    scales = [each.scale for each in domains]
    found = (value_of(function, each, scales, scale) for each in product(*lists))
    return {each for each in found if isinstance(each, int)}


def _corner_ends(
    function: Function, arguments: tuple[Expression, ...], scale: int
) -> tuple[int, int]:
    domains = [each.domain for each in arguments]
    corners = [ends(each) or (0, 0) for each in domains]
    return _ends_at(function, [list(each) for each in corners], domains, scale)


def _ends_at(
    function: Function, points: list[list[int]], domains: list[Domain], scale: int
) -> tuple[int, int]:
    scales = [each.scale for each in domains]
    found = [
        value
        for values in product(*points)
        if isinstance(value := value_of(function, values, scales, scale), int)
    ]
    return (min(found), max(found)) if found else (0, 0)


def _product_ends(
    function: Function, arguments: tuple[Expression, ...], scale: int
) -> tuple[int, int]:
    left, right = arguments
    lower, upper = _corner_ends(function, arguments, scale)
    if left is right or (weight(left, _FEW) < _FEW and left == right):
        found = ends(left.domain) or (0, 0)
        lower = 0 if found[0] <= 0 <= found[1] else min(found[0] ** 2, found[1] ** 2)
    return lower, upper


def _quotient_ends(
    function: Function, arguments: tuple[Expression, ...], scale: int
) -> tuple[int, int]:
    """Extremes lie where the divisor is at an end, or nearest to zero."""
    domains = [each.domain for each in arguments]
    lower, upper = ends(domains[1]) or (0, 0)
    divisors = [each for each in (lower, upper, -1, 1) if lower <= each <= upper]
    numerators = list(ends(domains[0]) or (0, 0))
    return _ends_at(function, [numerators, divisors], domains, scale)


def _remainder_ends(
    _function: Function, arguments: tuple[Expression, ...], scale: int
) -> tuple[int, int]:
    """A remainder has its dividend's sign and is smaller than its divisor."""
    left, right = (ends(rescaled(each.domain, scale)) or (0, 0) for each in arguments)
    most = max(abs(right[0]), abs(right[1]), 1) - 1
    return max(min(left[0], 0), -most), min(max(left[1], 0), most)


def _magnitude_ends(
    _function: Function, arguments: tuple[Expression, ...], _scale: int
) -> tuple[int, int]:
    lower, upper = ends(arguments[0].domain) or (0, 0)
    least = 0 if lower <= 0 <= upper else min(abs(lower), abs(upper))
    return least, max(abs(lower), abs(upper))


_ENDS: Final[Mapping[Function, Callable[..., tuple[int, int]]]] = MappingProxyType(
    {
        Function.MULTIPLY: _product_ends,
        Function.DIVIDE: _quotient_ends,
        Function.MODULO: _remainder_ends,
        Function.ABS: _magnitude_ends,
    }
)


# ------------------------------------------------------------- least, greatest


def _extreme(function: Function, arguments: tuple[Expression, ...]) -> Domain:
    """LEAST is bounded above by any bound of its arguments, GREATEST below."""
    domains = [each.domain for each in arguments]
    nullable = any(each.nullable for each in domains)
    if domains[0].type is not Type.NUMBER:
        return Domain(domains[0].type, nullable=nullable)
    scale = max(each.scale for each in domains)
    check_rescaling(domains, scale)
    domains = [rescaled(each, scale) for each in domains]
    found = _by_value(function, domains, scale)
    if found is not None:
        return numbers(found, scale=scale, nullable=nullable)
    lowers, uppers = [low(each) for each in domains], [high(each) for each in domains]
    if function is Function.LEAST:
        return number(
            _all(min, lowers), _any(min, uppers), scale=scale, nullable=nullable
        )
    return number(_any(max, lowers), _all(max, uppers), scale=scale, nullable=nullable)


def _all(choose: Callable[[list[int]], int], bounds: list[int | None]) -> int | None:
    known = [each for each in bounds if each is not None]
    return choose(known) if len(known) == len(bounds) else None


def _any(choose: Callable[[list[int]], int], bounds: list[int | None]) -> int | None:
    known = [each for each in bounds if each is not None]
    return choose(known) if known else None


def _clamped(arguments: tuple[Expression, ...]) -> Domain:
    """CLAMP's bounds are constants at the scale of the result."""
    value, lower, upper = (each.domain for each in arguments)
    scale = lower.scale
    check_rescaling([value], scale)
    value = rescaled(value, scale)
    least, most = low(lower) or 0, high(upper) or 0
    floor, ceiling = low(value), high(value)
    if value.values is not None:
        kept = {
            min(max(each, least), most)
            for each in value.values
            if isinstance(each, int)
        }
        return numbers(kept, scale=scale, nullable=value.nullable)
    return number(
        least if floor is None else min(max(floor, least), most),
        most if ceiling is None else max(min(ceiling, most), least),
        scale=scale,
        nullable=value.nullable,
    )


def _quotient_scale(numerator: Domain, denominator: Domain) -> int:
    """The most decimals that leave the numerator within 64 bits."""
    found = ends(numerator)
    finest = max(QUOTIENT_DECIMALS, numerator.scale)
    for scale in range(finest, 0, -1):
        shift = scale - numerator.scale + denominator.scale
        if found is None or shift < 0 or fits(*grown(numerator, shift)):
            return scale
    return 0
