"""Bind what is computed from released values, and compared with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Final, TypeAlias

import sqlglot.expressions as exp

from privacy.catalogue import Type
from privacy.chains import chain
from privacy.choices import named
from privacy.domains import LARGEST
from privacy.expression import Literal
from privacy.literals import coerced, text_literal
from privacy.misfit import Misfit
from privacy.query import Constant, Operation, Operator, Post
from privacy.quote import quote
from privacy.refusals import refuse
from privacy.released import Released, Typed, constant_of
from privacy.scope import refusal

Bind: TypeAlias = Callable[[exp.Expr, Released], Typed]
"""Binds an expression over released values: `post.bind_post`."""

Binder: TypeAlias = Callable[[exp.Expr, Released, Bind], Typed]
"""Binds one operation, its operands by the `Bind` it is given."""


def _number(node: exp.Expr, released: Released, bind: Bind) -> Post:
    return _of_type(node, released, bind, Type.NUMBER)


def _condition(node: exp.Expr, released: Released, bind: Bind) -> Post:
    return _of_type(node, released, bind, Type.BOOLEAN)


def _of_type(node: exp.Expr, released: Released, bind: Bind, kind: Type) -> Post:
    found = bind(node, released)
    if found.type is kind:
        return found.post
    clause = quote(node, released.scope.text)
    raise refuse(
        "type_mismatch",
        f"{clause} is {named(found.type)}, where {named(kind)} is needed.",
        clause=clause,
    )


def _arithmetic(operator: Operator) -> Binder:
    def bound(node: exp.Expr, released: Released, bind: Bind) -> Typed:
        parts = [node.this, node.args.get("expression")]
        values = [_number(each, released, bind) for each in parts if each is not None]
        return Typed(_folded(operator, values), Type.NUMBER)

    return bound


def _folded(operator: Operator, values: list[Post]) -> Post:
    """Constants are computed here, exactly."""
    numbers = [
        each.value
        for each in values
        if isinstance(each, Constant) and isinstance(each.value, Fraction)
    ]
    if len(numbers) < len(values):
        return Operation(operator, tuple(values))
    found = _EXACT[operator](*numbers)
    if found is not None and abs(found) > LARGEST:
        raise refuse("invalid_value", "A constant of this question is too large.")
    return Constant(found)


_EXACT: Final[Mapping[Operator, Callable[..., Fraction | None]]] = MappingProxyType(
    {
        Operator.NEGATE: lambda only: -only,
        Operator.ADD: lambda left, right: left + right,
        Operator.SUBTRACT: lambda left, right: left - right,
        Operator.MULTIPLY: lambda left, right: left * right,
        Operator.DIVIDE: lambda left, right: left / right if right else None,
    }
)


def _round(node: exp.Expr, released: Released, bind: Bind) -> Typed:
    value = _number(node.this, released, bind)
    places = node.args.get("decimals")
    if places is None:
        return Typed(Operation(Operator.ROUND, (value,)), Type.NUMBER)
    digits = bind(places, released).post
    allowed = isinstance(digits, Constant) and digits.value in range(-18, 19)
    if not allowed:
        raise refuse(
            "invalid_value",
            "ROUND takes a whole number of decimals, from -18 to 18.",
            clause=quote(node, released.scope.text),
        )
    return Typed(Operation(Operator.ROUND, (value, digits)), Type.NUMBER)


def _comparison(operator: Operator) -> Binder:
    def bound(node: exp.Expr, released: Released, bind: Bind) -> Typed:
        values, _ = _alike([node.this, node.expression], node, released, bind)
        return Typed(Operation(operator, tuple(values)), Type.BOOLEAN)

    return bound


def _alike(
    parts: list[exp.Expr], node: exp.Expr, released: Released, bind: Bind
) -> tuple[list[Post], Type]:
    """Values of one type, text constants beside dates read as dates."""
    found = [bind(each, released) for each in parts]
    kinds = [each.type for each in found if each.type is not Type.TEXT]
    kind = kinds[0] if kinds else Type.TEXT
    fitted = [_fitted(each, kind, node, released) for each in found]
    for part, each in zip(parts, fitted, strict=True):
        if each.type is not kind:
            clause = quote(node, released.scope.text)
            raise refuse(
                "type_mismatch",
                f"{quote(part, released.scope.text)} is {named(each.type)}, and is "
                f"compared with {named(kind)}.",
                clause=clause,
            )
    return [each.post for each in fitted], kind


def _fitted(value: Typed, kind: Type, node: exp.Expr, released: Released) -> Typed:
    if not isinstance(value.post, Constant) or value.type is kind:
        return value
    if not isinstance(value.post.value, str) or kind not in (Type.DATE, Type.DATETIME):
        return value
    try:
        literal = coerced(text_literal(value.post.value), kind)
    except Misfit as misfit:
        raise refusal(misfit, node, [], released.scope) from None
    return constant_of(literal) if isinstance(literal, Literal) else value


def _logic(operator: Operator) -> Binder:
    def bound(node: exp.Expr, released: Released, bind: Bind) -> Typed:
        members = [_condition(each, released, bind) for each in chain(node)]
        return Typed(Operation(operator, tuple(members)), Type.BOOLEAN)

    return bound


def _not(node: exp.Expr, released: Released, bind: Bind) -> Typed:
    value = _condition(node.this, released, bind)
    return Typed(Operation(Operator.NOT, (value,)), Type.BOOLEAN)


def _between(node: exp.Expr, released: Released, bind: Bind) -> Typed:
    parts = [node.this, node.args["low"], node.args["high"]]
    (value, low, high), _ = _alike(parts, node, released, bind)
    both = (
        Operation(Operator.AT_LEAST, (value, low)),
        Operation(Operator.AT_MOST, (value, high)),
    )
    return Typed(Operation(Operator.AND, both), Type.BOOLEAN)


def _in(node: exp.Expr, released: Released, bind: Bind) -> Typed:
    parts = [node.this, *(node.args.get("expressions") or [])]
    values, _ = _alike(parts, node, released, bind)
    if not all(isinstance(each, Constant) for each in values[1:]):
        raise refuse(
            "unsupported",
            "IN takes a list of constants.",
            clause=quote(node, released.scope.text),
        )
    return Typed(Operation(Operator.IN, tuple(values)), Type.BOOLEAN)


def _is(node: exp.Expr, released: Released, bind: Bind) -> Typed:
    if not isinstance(node.expression, exp.Null):
        raise refuse(
            "unsupported",
            "IS is followed by NULL or NOT NULL here.",
            clause=quote(node, released.scope.text),
        )
    value = bind(node.this, released)
    return Typed(Operation(Operator.IS_NULL, (value.post,)), Type.BOOLEAN)


def _nullif(node: exp.Expr, released: Released, bind: Bind) -> Typed:
    values, kind = _alike([node.this, node.expression], node, released, bind)
    return Typed(Operation(Operator.NULLIF, tuple(values)), kind)


OPERATIONS: Final[Mapping[type[exp.Expr], Binder]] = MappingProxyType(
    {
        exp.Neg: _arithmetic(Operator.NEGATE),
        exp.Add: _arithmetic(Operator.ADD),
        exp.Sub: _arithmetic(Operator.SUBTRACT),
        exp.Mul: _arithmetic(Operator.MULTIPLY),
        exp.Div: _arithmetic(Operator.DIVIDE),
        exp.Round: _round,
        exp.Nullif: _nullif,
        exp.EQ: _comparison(Operator.EQUAL),
        exp.NEQ: _comparison(Operator.UNEQUAL),
        exp.LT: _comparison(Operator.LESS),
        exp.LTE: _comparison(Operator.AT_MOST),
        exp.GT: _comparison(Operator.MORE),
        exp.GTE: _comparison(Operator.AT_LEAST),
        exp.And: _logic(Operator.AND),
        exp.Or: _logic(Operator.OR),
        exp.Not: _not,
        exp.Between: _between,
        exp.In: _in,
        exp.Is: _is,
    }
)
"""How each of these nodes is bound."""
