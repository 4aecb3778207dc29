"""Build conditions: comparisons, lists, patterns and their logic.

A constant is brought to the scale of what it is compared with, exactly, so that
no column is rescaled for a comparison with one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from privacy.catalogue import Domain, Type, Value
from privacy.choices import named
from privacy.domains import fits
from privacy.expression import Call, Expression, Function, Literal
from privacy.growth import check_rescaling
from privacy.infer import call
from privacy.literals import coerced, is_null, text_literal
from privacy.misfit import Misfit
from privacy.semantics import value_of

LONGEST_PATTERN: Final = 256

_MIRRORED: Final[Mapping[Function, Function]] = MappingProxyType(
    {
        Function.EQUAL: Function.EQUAL,
        Function.UNEQUAL: Function.UNEQUAL,
        Function.LESS: Function.MORE,
        Function.AT_MOST: Function.AT_LEAST,
        Function.MORE: Function.LESS,
        Function.AT_LEAST: Function.AT_MOST,
    }
)
_EQUALITIES: Final = (Function.EQUAL, Function.UNEQUAL)


def compare(function: Function, left: Expression, right: Expression) -> Expression:
    """One comparison, NULL where either side is.

    Raises Misfit `type_mismatch` for types that do not compare.
    """
    _not_null(left, right)
    left = coerced(left, right.domain.type)
    right = coerced(right, left.domain.type)
    _same_type(function, left, right)
    if isinstance(left, Literal) and not isinstance(right, Literal):
        return compare(_MIRRORED[function], right, left)
    if isinstance(right, Literal) and not isinstance(left, Literal):
        return _with_constant(function, left, right)
    if left.domain.type is Type.NUMBER:
        finest = max(left.domain.scale, right.domain.scale)
        check_rescaling([left.domain, right.domain], finest)
    return call(function, left, right)


def is_in(value: Expression, candidates: Sequence[Expression]) -> Expression:
    """Whether a value is one of some constants, NULL where it is NULL."""
    if isinstance(value, Literal):
        same = [compare(Function.EQUAL, value, each) for each in candidates]
        return logical(Function.OR, same)
    kept: dict[Value, Literal] = {}
    for each in candidates:
        found = compare(Function.EQUAL, value, each)
        if isinstance(found, Call) and found.function is Function.EQUAL:
            literal = found.arguments[1]
            if isinstance(literal, Literal) and literal.value is not None:
                kept[literal.value] = literal
    return call(Function.IN, value, *kept.values())


def like(function: Function, value: Expression, pattern: Expression) -> Expression:
    """LIKE or ILIKE with a constant pattern."""
    if value.domain.type is not Type.TEXT or is_null(value):
        raise Misfit(
            "type_mismatch",
            f"{function.name} matches text; {{0}} is {named(value.domain.type)}.",
        )
    if not isinstance(pattern, Literal) or not isinstance(pattern.value, str):
        raise Misfit(
            "unsupported", f"{function.name} takes a pattern in quotation marks."
        )
    if len(pattern.value) > LONGEST_PATTERN:
        raise Misfit(
            "invalid_value", f"A pattern may have {LONGEST_PATTERN} characters at most."
        )
    return call(function, value, pattern)


def logical(function: Function, conditions: Sequence[Expression]) -> Expression:
    """AND, OR or NOT of conditions."""
    return call(function, *conditions)


def condition(expression: Expression) -> Expression:
    """The expression, where it is true or false; Misfit `type_mismatch` otherwise."""
    if expression.domain.type is Type.BOOLEAN and not is_null(expression):
        return expression
    number = expression.domain.type is Type.NUMBER
    raise Misfit(
        "type_mismatch",
        f"{{0}} is {named(expression.domain.type)}, where a condition is needed.",
        template="{0} <> 0" if number else "{0} IS NOT NULL",
    )


def is_null_test(expression: Expression) -> Expression:
    """Whether an expression is NULL."""
    if is_null(expression):
        raise Misfit("type_mismatch", "NULL is always NULL.")
    return call(Function.IS_NULL, expression)


def _not_null(left: Expression, right: Expression) -> None:
    for null, other in ((right, 0), (left, 1)):
        if is_null(null):
            raise Misfit(
                "unsupported",
                "A comparison with NULL is never true. Write IS NULL or IS NOT NULL.",
                template=f"{{{other}}} IS NULL",
            )


def _same_type(function: Function, left: Expression, right: Expression) -> None:
    if left.domain.type is not right.domain.type:
        raise Misfit(
            "type_mismatch",
            f"{{0}} is {named(left.domain.type)} and {{1}} is "
            f"{named(right.domain.type)}: they do not compare.",
            template=_fitting(function, left, right),
        )
    if left.domain.type is Type.BOOLEAN and function not in _EQUALITIES:
        raise Misfit("type_mismatch", "True and false are compared with = or <>.")


def _fitting(function: Function, left: Expression, right: Expression) -> str:
    """The comparison with its constant quoted as the other side's type needs."""
    if not isinstance(right, Literal):
        return ""
    value, kind = right.value, left.domain.type
    if kind is Type.TEXT and isinstance(value, int) and not right.domain.scale:
        return f"{{0}} {function.value} '{int(value)}'"
    if kind is Type.NUMBER and isinstance(value, str) and _is_number(value):
        return f"{{0}} {function.value} {value.strip()}"
    if kind is Type.BOOLEAN and value in (0, 1) and function in _EQUALITIES:
        return f"{{0}} {function.value} {'TRUE' if value else 'FALSE'}"
    return ""


def _is_number(text: str) -> bool:
    return text.strip().isascii() and text.strip().isdigit() and len(text) < 18  # noqa: PLR2004 - fits


def _with_constant(function: Function, left: Expression, right: Literal) -> Expression:
    if left.domain.type is Type.NUMBER:
        return _with_number(function, left, right)
    if left.domain.type is Type.TEXT and left.domain.values is not None:
        return _with_listed(function, left, right, left.domain.values)
    return call(function, left, right)


def _with_number(function: Function, left: Expression, right: Literal) -> Expression:
    """Compare at the scale of `left`; a constant between its units rounds down."""
    value = right.value if isinstance(right.value, int) else 0
    shift = left.domain.scale - right.domain.scale
    whole, rest = divmod(value * 10 ** max(shift, 0), 10 ** max(-shift, 0))
    if not fits(whole):
        raise Misfit("invalid_value", "{1} is too large to compare {0} with.")
    domain = Domain(
        Type.NUMBER, left.domain.scale, whole, whole, nullable=False, values=(whole,)
    )
    literal = replace(right, value=whole, domain=domain)
    return (
        _BETWEEN_UNITS[function](left, literal)
        if rest
        else call(function, left, literal)
    )


def _never(left: Expression, _right: Expression) -> Expression:
    return call(Function.IN, left)


def _always(left: Expression, _right: Expression) -> Expression:
    return call(Function.NOT, call(Function.IN, left))


_BETWEEN_UNITS: Final[Mapping[Function, Callable[..., Expression]]] = MappingProxyType(
    {
        Function.EQUAL: _never,
        Function.UNEQUAL: _always,
        Function.LESS: lambda left, right: call(Function.AT_MOST, left, right),
        Function.AT_MOST: lambda left, right: call(Function.AT_MOST, left, right),
        Function.MORE: lambda left, right: call(Function.MORE, left, right),
        Function.AT_LEAST: lambda left, right: call(Function.MORE, left, right),
    }
)


def _with_listed(
    function: Function, left: Expression, right: Literal, values: tuple[Value, ...]
) -> Expression:
    """Text of a list is never compared with anything outside of it by the engine."""
    if function is Function.EQUAL:
        return (
            call(function, left, right)
            if right.value in values
            else _never(left, right)
        )
    if function is Function.UNEQUAL:
        known = right.value in values
        return call(function, left, right) if known else _always(left, right)
    matching = [
        each for each in values if value_of(function, (each, right.value), (0, 0), 0)
    ]
    return call(Function.IN, left, *(text_literal(str(each)) for each in matching))
