"""Bind choices among values of a row, bounds, bands and parts of dates."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import sqlglot.expressions as exp

from privacy.binding import Binder, Binding
from privacy.checks import date_part, needs_numbers, repeated
from privacy.choices import case, clamp, coalesce, extreme, nullif, width_bucket
from privacy.compare import compare
from privacy.expression import Expression, Function
from privacy.parts import NAMES
from privacy.refusals import listed, refuse


def _case(node: exp.Expr, binding: Binding) -> Expression:
    operand = None if node.this is None else binding.row(node.this)
    if operand is not None:
        parts = [node.this]
        binding.fit(repeated(len(node.args["ifs"])), [operand], node.this, parts)
    branches = [_branch(each, node.this, operand, binding) for each in node.args["ifs"]]
    otherwise = node.args.get("default")
    default = None if otherwise is None else binding.row(otherwise)
    parts = [each.args["true"] for each in node.args["ifs"]]
    parts += [] if otherwise is None else [otherwise]
    return binding.fit(lambda: case(branches, default), [], node, parts)


def _branch(
    node: exp.Expr,
    subject: exp.Expr | None,
    operand: Expression | None,
    binding: Binding,
) -> tuple[Expression, Expression]:
    value = binding.row(node.args["true"])
    if operand is None or subject is None:
        return binding.condition(node.this), value
    found = binding.fit(
        lambda left, right: compare(Function.EQUAL, left, right),
        [operand, binding.row(node.this)],
        node.this,
        [subject, node.this],
    )
    return found, value


def _if(node: exp.Expr, binding: Binding) -> Expression:
    branch = _branch(node, None, None, binding)
    otherwise = node.args.get("false")
    default = None if otherwise is None else binding.row(otherwise)
    parts = [node.args["true"]] + ([] if otherwise is None else [otherwise])
    return binding.fit(lambda: case([branch], default), [], node, parts)


def _coalesce(node: exp.Expr, binding: Binding) -> Expression:
    parts = [node.this, *node.expressions]
    return binding.built(lambda *each: coalesce(each), node, parts)


def _nullif(node: exp.Expr, binding: Binding) -> Expression:
    return binding.built(nullif, node, [node.this, node.expression])


def _extreme(function: Function) -> Binder:
    def bind(node: exp.Expr, binding: Binding) -> Expression:
        parts = [node.this, *node.expressions]
        return binding.built(lambda *each: extreme(function, each), node, parts)

    return bind


def _anonymous(node: exp.Expr, binding: Binding) -> Expression:
    if node.name.lower() == "clamp":
        return _clamp(node, binding)
    arguments = node.expressions
    if len(arguments) != 2 or not isinstance(arguments[0], exp.Literal):  # noqa: PLR2004 (a, b)
        raise refuse(
            "unsupported",
            "DATE_PART takes the name of a part in quotation marks, and a date.",
            clause=binding.quote(node),
        )
    return _part(str(arguments[0].this), arguments[1], node, binding)


def _clamp(node: exp.Expr, binding: Binding) -> Expression:
    arguments = node.expressions
    if len(arguments) != 3:  # noqa: PLR2004 (x, low, high)
        raise refuse(
            "unsupported",
            "CLAMP takes a value, a lower bound and an upper bound: CLAMP(x, 0, 100).",
            clause=binding.quote(node),
        )
    bounds = [binding.number(each, of="CLAMP") for each in arguments[1:]]
    build = needs_numbers(Function.CLAMP, clamp)
    value = binding.row(arguments[0])
    return binding.fit(build, [value, *bounds], node, arguments)


def _width_bucket(node: exp.Expr, binding: Binding) -> Expression:
    names = ("min_value", "max_value", "num_buckets")
    parts = [node.this, *(node.args.get(each) for each in names)]
    given = [each for each in parts if isinstance(each, exp.Expr)]
    if len(given) < len(parts):
        raise refuse(
            "unsupported",
            "WIDTH_BUCKET takes a value, two bounds and a number of buckets: "
            "WIDTH_BUCKET(x, 0, 100, 10).",
            clause=binding.quote(node),
        )
    rest = [binding.number(each, of="WIDTH_BUCKET") for each in given[1:]]
    build = needs_numbers(Function.WIDTH_BUCKET, width_bucket)
    return binding.fit(build, [binding.row(given[0]), *rest], node, given)


def _extract(node: exp.Expr, binding: Binding) -> Expression:
    return _part(node.this.name, node.expression, node, binding)


def _part(name: str, subject: exp.Expr, node: exp.Expr, binding: Binding) -> Expression:
    function = NAMES.get(name.upper())
    if function is None:
        raise refuse(
            "unsupported",
            f"{name.upper()[:32]} is not a part there is of a date. "
            f"There are: {listed(NAMES)}.",
            clause=binding.quote(node),
        )
    return binding.fit(date_part(function), [binding.row(subject)], node, [subject])


def _part_function(function: Function) -> Binder:
    def bind(node: exp.Expr, binding: Binding) -> Expression:
        return binding.built(date_part(function), node, [node.this])

    return bind


BINDERS: Final[Mapping[type[exp.Expr], Binder]] = MappingProxyType(
    {
        exp.Case: _case,
        exp.If: _if,
        exp.Coalesce: _coalesce,
        exp.Nullif: _nullif,
        exp.Least: _extreme(Function.LEAST),
        exp.Greatest: _extreme(Function.GREATEST),
        exp.Anonymous: _anonymous,
        exp.WidthBucket: _width_bucket,
        exp.Extract: _extract,
        exp.Year: _part_function(Function.YEAR),
        exp.Quarter: _part_function(Function.QUARTER),
        exp.Month: _part_function(Function.MONTH),
        exp.Day: _part_function(Function.DAY),
        exp.DayOfMonth: _part_function(Function.DAY),
        exp.DayOfWeekIso: _part_function(Function.DAY_OF_WEEK),
        exp.Hour: _part_function(Function.HOUR),
    }
)
"""How each of these nodes is bound."""
