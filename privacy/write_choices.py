"""Write choices among values, and bounds, for DuckDB."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import sqlglot.expressions as exp

from privacy.domains import high, low
from privacy.expression import Call, Case, Expression, Function
from privacy.nodes import binary, grouped, typed_null, when
from privacy.writing import Writer, Writing


def write_case(case: Case, writing: Writing) -> exp.Expr:
    """Write a CASE, its values at one scale."""
    scale = case.domain.scale
    branches = [
        (writing.render(when), writing.at(then, scale)) for when, then in case.branches
    ]
    default = None if case.default is None else writing.at(case.default, scale)
    return when(branches, default)


def _coalesce(call: Call, writing: Writing) -> exp.Expr:
    first, *rest = (writing.at(each, call.domain.scale) for each in call.arguments)
    return exp.Coalesce(this=first, expressions=rest)


def _nullif(call: Call, writing: Writing) -> exp.Expr:
    value, other = (writing.at(each, call.domain.scale) for each in call.arguments)
    return exp.Nullif(this=value, expression=other)


def _extreme(kind: type[exp.Func]) -> Writer:
    """DuckDB's LEAST and GREATEST pass over NULLs; the language's do not."""

    def write(call: Call, writing: Writing) -> exp.Expr:
        first, *rest = (writing.at(each, call.domain.scale) for each in call.arguments)
        found = kind(this=first, expressions=rest, ignore_nulls=True)
        absent = [
            exp.Is(this=grouped(writing.render(each)), expression=exp.Null())
            for each in call.arguments
            if each.domain.nullable
        ]
        if not absent:
            return found
        any_absent: exp.Expr = absent[0]
        for each in absent[1:]:
            any_absent = exp.Or(this=any_absent, expression=each)
        return when([(any_absent, typed_null(call.domain.type))], found)

    return write


def _clamp(call: Call, writing: Writing) -> exp.Expr:
    """Only the bounds that public ones do not imply; NULL falls through to itself."""
    value, lower, upper = call.arguments
    scale = call.domain.scale
    found = writing.at(value, scale)
    bounds: list[tuple[type[exp.Binary], exp.Expr]] = []
    if _below(value, lower, scale):
        bounds.append((exp.LT, writing.render(lower)))
    if _above(value, upper, scale):
        bounds.append((exp.GT, writing.render(upper)))
    if value.domain.nullable:
        branches = [
            (binary(kind, found.copy(), end), end.copy()) for kind, end in bounds
        ]
        return when(branches, found) if branches else found
    for kind, end in bounds:
        limit = exp.Greatest if kind is exp.LT else exp.Least
        found = limit(this=found, expressions=[end], ignore_nulls=True)
    return found


def _below(value: Expression, bound: Expression, scale: int) -> bool:
    """Whether a value can be below a bound."""
    floor, least = low(value.domain), low(bound.domain)
    factor = 10 ** (scale - value.domain.scale)
    return floor is None or least is None or floor * factor < least


def _above(value: Expression, bound: Expression, scale: int) -> bool:
    """Whether a value can be above a bound."""
    ceiling, most = high(value.domain), high(bound.domain)
    factor = 10 ** (scale - value.domain.scale)
    return ceiling is None or most is None or ceiling * factor > most


WRITERS: Final[Mapping[Function, Writer]] = MappingProxyType(
    {
        Function.LEAST: _extreme(exp.Least),
        Function.GREATEST: _extreme(exp.Greatest),
        Function.CLAMP: _clamp,
        Function.COALESCE: _coalesce,
        Function.NULLIF: _nullif,
    }
)
"""How each of these functions is written."""
