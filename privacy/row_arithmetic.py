"""Bind arithmetic and rounding of numbers in a row."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import sqlglot.expressions as exp

from privacy.binding import Binder, Binding
from privacy.catalogue import Type
from privacy.checks import needs_numbers, whole
from privacy.expression import Expression, Function, Literal
from privacy.infer import call, floor, rounded_to
from privacy.literals import negated
from privacy.refusals import refuse


def _arithmetic(function: Function) -> Binder:
    build = needs_numbers(function, lambda *each: call(function, *each))

    def bind(node: exp.Expr, binding: Binding) -> Expression:
        parts = (
            [node.this, node.expression] if "expression" in node.args else [node.this]
        )
        return binding.built(build, node, parts)

    return bind


def _whole_division(node: exp.Expr, binding: Binding) -> Expression:
    build = needs_numbers(Function.DIVIDE, whole)
    return binding.built(build, node, [node.this, node.expression])


def _negation(node: exp.Expr, binding: Binding) -> Expression:
    bound = binding.row(node.this)
    if isinstance(bound, Literal) and bound.domain.type is Type.NUMBER:
        return bound if bound.value is None else negated(bound)
    build = needs_numbers(Function.NEGATE, lambda each: call(Function.NEGATE, each))
    return binding.fit(build, [bound], node, [node.this])


def _floor(node: exp.Expr, binding: Binding) -> Expression:
    return binding.built(needs_numbers(Function.FLOOR, floor), node, [node.this])


def _rounding(node: exp.Expr, binding: Binding) -> Expression:
    places = node.args.get("decimals")
    digits = 0
    if places is not None:
        found = binding.number(places, of="ROUND")
        digits = found.value if isinstance(found.value, int) else -1
        if found.domain.scale or not 0 <= digits <= 18:  # noqa: PLR2004 (digits of 64 bits)
            raise refuse(
                "invalid_value",
                "ROUND takes 0 to 18 decimals. For thousands write "
                "FLOOR(x / 1000) * 1000.",
                clause=binding.quote(node),
            )
    build = needs_numbers(Function.ROUND, lambda each: rounded_to(digits, each))
    return binding.built(build, node, [node.this])


BINDERS: Final[Mapping[type[exp.Expr], Binder]] = MappingProxyType(
    {
        exp.Add: _arithmetic(Function.ADD),
        exp.Sub: _arithmetic(Function.SUBTRACT),
        exp.Mul: _arithmetic(Function.MULTIPLY),
        exp.Div: _arithmetic(Function.DIVIDE),
        exp.IntDiv: _whole_division,
        exp.Mod: _arithmetic(Function.MODULO),
        exp.Neg: _negation,
        exp.Abs: _arithmetic(Function.ABS),
        exp.Floor: _floor,
        exp.Ceil: _arithmetic(Function.CEIL),
        exp.Round: _rounding,
    }
)
"""How each of these nodes is bound."""
