"""Bind what is done to released values: outputs, HAVING and ORDER BY."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType
from typing import Final

import sqlglot.expressions as exp

from privacy.aggregates import bind_aggregate
from privacy.catalogue import Type
from privacy.choices import named
from privacy.domains import LARGEST
from privacy.errors import Refused
from privacy.expression import Expression, Literal
from privacy.literals import coerced, text_literal
from privacy.misfit import Misfit
from privacy.query import (
    ORDERS,
    Aggregate,
    AggregateRef,
    Constant,
    GroupingRef,
    Key,
    KeyRef,
    Operation,
    Operator,
    Post,
)
from privacy.quote import quote
from privacy.refusals import refuse
from privacy.rows import AGGREGATES, bind_row, chain
from privacy.scope import Scope, has_column, refusal, unknown_column
from privacy.weight import MOST_REPEATED, weight

MOST_AGGREGATES: Final = 256


@dataclass(frozen=True, slots=True)
class Typed:
    """A value after release, and its type."""

    post: Post
    type: Type


@dataclass(slots=True)
class Released:
    """What expressions over released values may refer to, and what they have asked.

    `keys` finds a key by the expression it was written as; `aggregates` grows as
    expressions ask for them; `names` are outputs that HAVING and ORDER BY may use.
    `sets` is whether there are several grouping sets.
    """

    scope: Scope
    keys: Mapping[Expression, int]
    domains: tuple[Key, ...]
    sets: bool = False
    aggregates: dict[Aggregate, int] = field(default_factory=dict)
    names: dict[str, Typed] = field(default_factory=dict)


def bind_post(node: exp.Expr, released: Released) -> Typed:
    """Bind one expression over keys and released aggregates."""
    if isinstance(node, exp.Paren):
        return bind_post(node.this, released)
    if isinstance(node, AGGREGATES):
        return _aggregate(node, released)
    found = _key(node, released)
    if found is not None:
        return found
    bind = _BINDERS.get(type(node))
    if bind is None:
        raise _not_after(node, released)
    return bind(node, released)


def released_type(aggregate: Aggregate) -> Type:
    """The type of an aggregate's value: a quantile has its argument's."""
    argument = aggregate.argument
    if aggregate.statistic not in ORDERS or argument is None:
        return Type.NUMBER
    return argument.domain.type


def has_aggregate(node: exp.Expr) -> bool:
    """Whether an expression asks for an aggregate anywhere inside."""
    return any(isinstance(each, AGGREGATES) for each in node.walk())


def _aggregate(node: exp.Expr, released: Released) -> Typed:
    aggregate = bind_aggregate(node, released.scope)
    known = released.aggregates
    position = known.setdefault(aggregate, len(known))
    if position >= MOST_AGGREGATES:
        raise refuse(
            "too_many_columns",
            f"One question may ask for {MOST_AGGREGATES} different aggregates at most.",
        )
    return Typed(AggregateRef(position), released_type(aggregate))


def _key(node: exp.Expr, released: Released) -> Typed | None:
    """The key an expression is, as it was written in GROUP BY."""
    if not released.keys or not _over_columns(node, released.scope):
        return None
    try:
        bound = bind_row(node, released.scope)
    except Refused:
        return None
    if weight(bound, MOST_REPEATED) > MOST_REPEATED:
        return None
    position = released.keys.get(bound)
    return None if position is None else Typed(KeyRef(position), bound.domain.type)


def _over_columns(node: exp.Expr, scope: Scope) -> bool:
    """Whether an expression reads columns of the table, and nothing else."""
    if isinstance(node, exp.Literal | exp.Boolean | exp.Null):
        return False
    columns = 0
    for each in node.walk():
        if isinstance(each, AGGREGATES):
            return False
        if isinstance(each, exp.Column):
            columns += 1
            if not has_column(scope, each):
                return False
    return columns > 0


def _grouping(node: exp.Expr, released: Released) -> Typed:
    """GROUPING(key, …): which keys a row leaves out; 0 where there is one grouping."""
    found = [_key(each, released) for each in node.expressions]
    positions = [
        each.post.position
        for each in found
        if each is not None and isinstance(each.post, KeyRef)
    ]
    if not positions or len(positions) < len(found):
        raise refuse(
            "not_grouped",
            "GROUPING takes keys, written as GROUP BY has them.",
            clause=quote(node, released.scope.text),
        )
    if not released.sets:
        return Typed(Constant(Fraction(0)), Type.NUMBER)
    return Typed(GroupingRef(tuple(positions)), Type.NUMBER)


def _not_after(node: exp.Expr, released: Released) -> Refused:
    return refuse(
        "unsupported",
        "Aggregates and keys can be combined with + - * /, ROUND, NULLIF, "
        "comparisons, AND, OR and NOT; other functions belong inside an aggregate "
        "or in GROUP BY.",
        clause=quote(node, released.scope.text),
    )


def _column(node: exp.Expr, released: Released) -> Typed:
    """An output's name, or a refusal: columns that are keys were found before."""
    if not isinstance(node, exp.Column):
        raise TypeError(node)
    scope = released.scope
    found = None if node.table else released.names.get(node.name.casefold())
    if found is not None:
        return found
    if not has_column(scope, node):
        raise unknown_column(scope, node, tuple(released.names))
    bind_row(node, scope)
    raise refuse(
        "not_grouped",
        f"{node.name} is neither in GROUP BY nor inside an aggregate.",
        clause=quote(node, scope.text),
    )


def _literal(node: exp.Expr, released: Released) -> Typed:
    bound = bind_row(node, released.scope)
    if not isinstance(bound, Literal):
        raise _not_after(node, released)
    return _constant(bound)


def _constant(literal: Literal) -> Typed:
    value: object = literal.value
    if literal.domain.type is Type.NUMBER and isinstance(literal.value, int):
        value = Fraction(literal.value, 10**literal.domain.scale)
    return Typed(Constant(value), literal.domain.type)


def _null(node: exp.Expr, released: Released) -> Typed:
    raise refuse(
        "unsupported",
        "NULL makes the whole expression NULL. Write IS NULL or IS NOT NULL.",
        clause=quote(node, released.scope.text),
    )


# ------------------------------------------------------------------- operations


def _number(node: exp.Expr, released: Released) -> Post:
    return _of_type(node, released, Type.NUMBER)


def _condition(node: exp.Expr, released: Released) -> Post:
    return _of_type(node, released, Type.BOOLEAN)


def _of_type(node: exp.Expr, released: Released, kind: Type) -> Post:
    found = bind_post(node, released)
    if found.type is kind:
        return found.post
    clause = quote(node, released.scope.text)
    raise refuse(
        "type_mismatch",
        f"{clause} is {named(found.type)}, where {named(kind)} is needed.",
        clause=clause,
    )


def _arithmetic(operator: Operator) -> Callable[[exp.Expr, Released], Typed]:
    def bind(node: exp.Expr, released: Released) -> Typed:
        parts = [node.this, node.args.get("expression")]
        values = [_number(each, released) for each in parts if each is not None]
        return Typed(_folded(operator, values), Type.NUMBER)

    return bind


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


def _round(node: exp.Expr, released: Released) -> Typed:
    value = _number(node.this, released)
    places = node.args.get("decimals")
    if places is None:
        return Typed(Operation(Operator.ROUND, (value,)), Type.NUMBER)
    digits = bind_post(places, released).post
    allowed = isinstance(digits, Constant) and digits.value in range(-18, 19)
    if not allowed:
        raise refuse(
            "invalid_value",
            "ROUND takes a whole number of decimals, from -18 to 18.",
            clause=quote(node, released.scope.text),
        )
    return Typed(Operation(Operator.ROUND, (value, digits)), Type.NUMBER)


def _comparison(operator: Operator) -> Callable[[exp.Expr, Released], Typed]:
    def bind(node: exp.Expr, released: Released) -> Typed:
        values, _ = _alike([node.this, node.expression], node, released)
        return Typed(Operation(operator, tuple(values)), Type.BOOLEAN)

    return bind


def _alike(
    parts: list[exp.Expr], node: exp.Expr, released: Released
) -> tuple[list[Post], Type]:
    """Values of one type, text constants beside dates read as dates."""
    found = [bind_post(each, released) for each in parts]
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
    return _constant(literal) if isinstance(literal, Literal) else value


def _logic(operator: Operator) -> Callable[[exp.Expr, Released], Typed]:
    def bind(node: exp.Expr, released: Released) -> Typed:
        members = [_condition(each, released) for each in chain(node)]
        return Typed(Operation(operator, tuple(members)), Type.BOOLEAN)

    return bind


def _not(node: exp.Expr, released: Released) -> Typed:
    value = _condition(node.this, released)
    return Typed(Operation(Operator.NOT, (value,)), Type.BOOLEAN)


def _between(node: exp.Expr, released: Released) -> Typed:
    parts = [node.this, node.args["low"], node.args["high"]]
    (value, low, high), _ = _alike(parts, node, released)
    both = (
        Operation(Operator.AT_LEAST, (value, low)),
        Operation(Operator.AT_MOST, (value, high)),
    )
    return Typed(Operation(Operator.AND, both), Type.BOOLEAN)


def _in(node: exp.Expr, released: Released) -> Typed:
    parts = [node.this, *(node.args.get("expressions") or [])]
    values, _ = _alike(parts, node, released)
    if not all(isinstance(each, Constant) for each in values[1:]):
        raise refuse(
            "unsupported",
            "IN takes a list of constants.",
            clause=quote(node, released.scope.text),
        )
    return Typed(Operation(Operator.IN, tuple(values)), Type.BOOLEAN)


def _is(node: exp.Expr, released: Released) -> Typed:
    if not isinstance(node.expression, exp.Null):
        raise refuse(
            "unsupported",
            "IS is followed by NULL or NOT NULL here.",
            clause=quote(node, released.scope.text),
        )
    value = bind_post(node.this, released)
    return Typed(Operation(Operator.IS_NULL, (value.post,)), Type.BOOLEAN)


def _nullif(node: exp.Expr, released: Released) -> Typed:
    values, kind = _alike([node.this, node.expression], node, released)
    return Typed(Operation(Operator.NULLIF, tuple(values)), kind)


_BINDERS: Final[Mapping[type[exp.Expr], Callable[[exp.Expr, Released], Typed]]] = (
    MappingProxyType(
        {
            exp.Column: _column,
            exp.Literal: _literal,
            exp.Boolean: _literal,
            exp.Cast: _literal,
            exp.Null: _null,
            exp.Grouping: _grouping,
            exp.GroupingId: _grouping,
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
)
