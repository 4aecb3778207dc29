"""Write comparisons, logic and patterns for DuckDB."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import sqlglot.expressions as exp

from privacy.catalogue import Type
from privacy.expression import Call, ColumnOf, Expression, Function, Literal
from privacy.nodes import binary, grouped, typed_null, when
from privacy.patterns import matches
from privacy.writing import Writer, Writing


def _comparison(kind: type[exp.Binary]) -> Writer:
    def write(call: Call, writing: Writing) -> exp.Expr:
        left, right = call.arguments
        if _in_the_list(call):
            return binary(kind, writing.render(left), writing.render(right))
        scale = max(left.domain.scale, right.domain.scale)
        return binary(kind, writing.at(left, scale), writing.at(right, scale))

    return write


def _in_the_list(call: Call) -> bool:
    """Whether listed text meets only values of its list, as the engine requires."""
    first, *rest = call.arguments
    values = first.domain.values
    return (
        isinstance(first, ColumnOf)
        and first.domain.type is Type.TEXT
        and values is not None
        and all(isinstance(each, Literal) and each.value in values for each in rest)
    )


def _in(call: Call, writing: Writing) -> exp.Expr:
    first, *candidates = call.arguments
    if not candidates:
        return _never(first, writing)
    kept = writing.render(first) if _in_the_list(call) else writing.plain(first)
    return exp.In(
        this=grouped(kept), expressions=[writing.render(each) for each in candidates]
    )


def _never(expression: Expression, writing: Writing) -> exp.Expr:
    """FALSE, or NULL where the expression is."""
    if not expression.domain.nullable:
        return exp.Boolean(this=False)
    absent = exp.Is(this=grouped(writing.render(expression)), expression=exp.Null())
    return when([(absent, typed_null(Type.BOOLEAN))], exp.Boolean(this=False))


def _logic(kind: type[exp.Connector]) -> Writer:
    def write(call: Call, writing: Writing) -> exp.Expr:
        first, *rest = (grouped(writing.render(each)) for each in call.arguments)
        for each in rest:
            first = kind(this=first, expression=each)
        return first

    return write


def _not(call: Call, writing: Writing) -> exp.Expr:
    return exp.Not(this=grouped(writing.render(call.arguments[0])))


def _is_null(call: Call, writing: Writing) -> exp.Expr:
    return exp.Is(
        this=grouped(writing.render(call.arguments[0])), expression=exp.Null()
    )


def _like(call: Call, writing: Writing) -> exp.Expr:
    value, pattern = call.arguments
    text = pattern.value if isinstance(pattern, Literal) else ""
    folded = call.function is Function.ILIKE
    return matches(writing.plain(value), str(text), ignoring_case=folded)


WRITERS: Final[Mapping[Function, Writer]] = MappingProxyType(
    {
        Function.EQUAL: _comparison(exp.EQ),
        Function.UNEQUAL: _comparison(exp.NEQ),
        Function.LESS: _comparison(exp.LT),
        Function.AT_MOST: _comparison(exp.LTE),
        Function.MORE: _comparison(exp.GT),
        Function.AT_LEAST: _comparison(exp.GTE),
        Function.AND: _logic(exp.And),
        Function.OR: _logic(exp.Or),
        Function.NOT: _not,
        Function.IS_NULL: _is_null,
        Function.IN: _in,
        Function.LIKE: _like,
        Function.ILIKE: _like,
    }
)
"""How each of these functions is written."""
