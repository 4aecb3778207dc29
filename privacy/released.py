"""What expressions over released values are of: keys, aggregates, and constants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

import sqlglot.expressions as exp

from privacy.aggregate_kinds import AGGREGATES
from privacy.aggregates import bind_aggregate
from privacy.catalogue import Type
from privacy.errors import Refused
from privacy.expression import Expression, Literal
from privacy.query import (
    ORDERS,
    Aggregate,
    AggregateRef,
    Constant,
    GroupingRef,
    Key,
    KeyRef,
    Post,
)
from privacy.quote import quote
from privacy.refusals import refuse
from privacy.rows import bind_row
from privacy.scope import Scope, has_column
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


def released_type(aggregate: Aggregate) -> Type:
    """The type of an aggregate's value: a quantile has its argument's."""
    argument = aggregate.argument
    if aggregate.statistic not in ORDERS or argument is None:
        return Type.NUMBER
    return argument.domain.type


def has_aggregate(node: exp.Expr) -> bool:
    """Whether an expression asks for an aggregate anywhere inside."""
    return any(isinstance(each, AGGREGATES) for each in node.walk())


def aggregate_of(node: exp.Expr, released: Released) -> Typed:
    """The aggregate asked for here, which all that ask for the same share."""
    aggregate = bind_aggregate(node, released.scope)
    known = released.aggregates
    position = known.setdefault(aggregate, len(known))
    if position >= MOST_AGGREGATES:
        raise refuse(
            "too_many_columns",
            f"One question may ask for {MOST_AGGREGATES} different aggregates at most.",
        )
    return Typed(AggregateRef(position), released_type(aggregate))


def key_of(node: exp.Expr, released: Released) -> Typed | None:
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


def grouping_of(node: exp.Expr, released: Released) -> Typed:
    """GROUPING(key, …): which keys a row leaves out; 0 where there is one grouping."""
    found = [key_of(each, released) for each in node.expressions]
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


def constant_of(literal: Literal) -> Typed:
    """A constant of the question, numbers exactly."""
    value: object = literal.value
    if literal.domain.type is Type.NUMBER and isinstance(literal.value, int):
        value = Fraction(literal.value, 10**literal.domain.scale)
    return Typed(Constant(value), literal.domain.type)


def not_after(node: exp.Expr, released: Released) -> Refused:
    """The refusal of what cannot be done to released values."""
    return refuse(
        "unsupported",
        "Aggregates and keys can be combined with + - * /, ROUND, NULLIF, "
        "comparisons, AND, OR and NOT; other functions belong inside an aggregate "
        "or in GROUP BY.",
        clause=quote(node, released.scope.text),
    )
