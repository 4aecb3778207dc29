"""Bind comparisons and logic over a row."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import sqlglot.expressions as exp

from privacy.binding import Binder, Binding
from privacy.chains import chain
from privacy.checks import repeatable
from privacy.choices import coalesce
from privacy.compare import compare, condition, is_in, is_null_test, like, logical
from privacy.errors import Refused
from privacy.expression import Expression, Function, Literal
from privacy.literals import boolean_literal, is_null
from privacy.misfit import Misfit
from privacy.refusals import refuse


def _comparison(function: Function) -> Binder:
    def bind(node: exp.Expr, binding: Binding) -> Expression:
        parts = [node.this, node.expression]
        return binding.built(
            lambda left, right: compare(function, left, right), node, parts
        )

    return bind


def _logic(function: Function) -> Binder:
    def bind(node: exp.Expr, binding: Binding) -> Expression:
        members = [binding.condition(each) for each in chain(node)]
        return logical(function, members)

    return bind


def _not(node: exp.Expr, binding: Binding) -> Expression:
    return logical(Function.NOT, [binding.condition(node.this)])


def _between(node: exp.Expr, binding: Binding) -> Expression:
    parts = [node.this, node.args["low"], node.args["high"]]

    def build(value: Expression, low: Expression, high: Expression) -> Expression:
        repeatable(value, 2)
        ends = [compare(Function.AT_LEAST, value, low)]
        try:
            ends.append(compare(Function.AT_MOST, value, high))
        except Misfit as misfit:
            message = misfit.message.replace("{1}", "{2}")
            raise Misfit(misfit.code, message) from None
        return logical(Function.AND, ends)

    return binding.built(build, node, parts)


def _in(node: exp.Expr, binding: Binding) -> Expression:
    if node.args.get("query"):
        raise _buried(node, binding)
    listed_parts = node.args.get("expressions") or []
    candidates = [_candidate(each, binding) for each in listed_parts]
    value = binding.row(node.this)
    return binding.fit(
        lambda first, *rest: is_in(first, rest),
        [value, *candidates],
        node,
        [node.this, *listed_parts[:1]],
    )


def _buried(node: exp.Expr, binding: Binding) -> Refused:
    """A semi join where it is not a condition of WHERE by itself (`semi`)."""
    return refuse(
        "unsupported",
        "IN (SELECT …) and EXISTS stand in WHERE, and not in an aggregate, a key or "
        "another join. LEFT JOIN, and IS NULL, can be used there.",
        clause=binding.quote(node),
    )


def _exists(node: exp.Expr, binding: Binding) -> Expression:
    raise _buried(node, binding)


def _candidate(node: exp.Expr, binding: Binding) -> Literal:
    bound = binding.row(node)
    if not isinstance(bound, Literal):
        message = "IN takes a list of constants."
    elif is_null(bound):
        message = "NULL in an IN list never matches; write IS NULL beside it."
    else:
        return bound
    raise refuse("unsupported", message, clause=binding.quote(node))


def _is(node: exp.Expr, binding: Binding) -> Expression:
    value = binding.row(node.this)
    if isinstance(node.expression, exp.Null):
        return binding.fit(is_null_test, [value], node, [node.this])
    if not isinstance(node.expression, exp.Boolean):
        raise refuse(
            "unsupported",
            "IS is followed by NULL, TRUE or FALSE.",
            clause=binding.quote(node),
        )
    tested = binding.fit(condition, [value], node, [node.this])
    if not node.expression.this:
        tested = logical(Function.NOT, [tested])
    return coalesce([tested, boolean_literal(False)])  # noqa: FBT003 (SQL's)


def _like(function: Function) -> Binder:
    def bind(node: exp.Expr, binding: Binding) -> Expression:
        parts = [node.this, node.expression]
        found = binding.built(lambda *each: like(function, *each), node, parts)
        return logical(Function.NOT, [found]) if node.args.get("negate") else found

    return bind


BINDERS: Final[Mapping[type[exp.Expr], Binder]] = MappingProxyType(
    {
        exp.EQ: _comparison(Function.EQUAL),
        exp.NEQ: _comparison(Function.UNEQUAL),
        exp.LT: _comparison(Function.LESS),
        exp.LTE: _comparison(Function.AT_MOST),
        exp.GT: _comparison(Function.MORE),
        exp.GTE: _comparison(Function.AT_LEAST),
        exp.And: _logic(Function.AND),
        exp.Or: _logic(Function.OR),
        exp.Not: _not,
        exp.Between: _between,
        exp.In: _in,
        exp.Exists: _exists,
        exp.Is: _is,
        exp.Like: _like(Function.LIKE),
        exp.ILike: _like(Function.ILIKE),
    }
)
"""How each of these nodes is bound."""
