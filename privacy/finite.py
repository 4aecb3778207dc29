"""Find exactly which public values a key can take, by trying them all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
from math import prod
from typing import Final

from privacy.catalogue import Domain, Type, Value
from privacy.domains import MOST_VALUES, numbers
from privacy.expression import Call, Case, ColumnOf, Expression, Function, Literal
from privacy.semantics import rescale, value_of
from privacy.weight import weight

MOST_ROWS: Final = 2_000
"""Combinations of column values that are tried out."""

MOST_STEPS: Final = 100_000


def narrowed(expression: Expression) -> Expression:
    """Return the expression with the exact values it takes, where they can be found.

    They can where it reads only columns of few public values. Otherwise it is
    returned as it is: what is known of each step still holds.
    """
    columns = columns_of(expression)
    if isinstance(expression, ColumnOf | Literal) or columns is None:
        return expression
    rows = prod(len(_values(each.domain)) for each in columns)
    if rows > MOST_ROWS or weight(expression, MOST_STEPS) * rows > MOST_STEPS:
        return expression
    found: dict[Value | None, None] = {}
    for row in product(*(_values(each.domain) for each in columns)):
        found[evaluated(expression, dict(zip(columns, row, strict=True)))] = None
    return replace(expression, domain=_listed(expression.domain, list(found)))


def columns_of(expression: Expression) -> list[ColumnOf] | None:
    """The columns an expression reads; None where one cannot be tried out."""
    found: dict[ColumnOf, None] = {}
    waiting = [expression]
    while waiting:
        match waiting.pop():
            case ColumnOf(domain=Domain(values=None)):
                return None
            case ColumnOf() as column:
                found[column] = None
            case Call(function=Function.LIKE | Function.ILIKE):
                return None
            case Call(arguments=arguments):
                waiting += arguments
            case Case(branches, default):
                waiting += [each for branch in branches for each in branch]
                waiting += [] if default is None else [default]
            case _:
                pass
    return list(found)


def _values(domain: Domain) -> tuple[Value | None, ...]:
    return (*(domain.values or ()), *((None,) if domain.nullable else ()))


def _listed(domain: Domain, found: Sequence[Value | None]) -> Domain:
    nullable = None in found
    values = [each for each in found if each is not None]
    if len(values) > MOST_VALUES:
        return domain
    if domain.type is Type.NUMBER:
        whole = [each for each in values if isinstance(each, int)]
        return numbers(whole, scale=domain.scale, nullable=nullable)
    if domain.values is not None:
        values = [each for each in domain.values if each in values]
    return replace(domain, nullable=nullable, values=tuple(values))


def evaluated(
    expression: Expression, row: Mapping[ColumnOf, Value | None]
) -> Value | None:
    """The value of an expression without LIKE, in one row of the columns it reads."""
    match expression:
        case ColumnOf():
            return row[expression]
        case Literal(value):
            return value
        case Call(function, arguments, domain):
            values = [evaluated(each, row) for each in arguments]
            scales = [each.domain.scale for each in arguments]
            return value_of(function, values, scales, domain.scale)
        case Case(branches, default, domain):
            chosen = _chosen(branches, default, row)
            return None if chosen is None else _at_scale(chosen, domain, row)


def _chosen(
    branches: tuple[tuple[Expression, Expression], ...],
    default: Expression | None,
    row: Mapping[ColumnOf, Value | None],
) -> Expression | None:
    for condition, value in branches:
        if evaluated(condition, row) is True:
            return value
    return default


def _at_scale(
    chosen: Expression, domain: Domain, row: Mapping[ColumnOf, Value | None]
) -> Value | None:
    value = evaluated(chosen, row)
    if isinstance(value, int) and not isinstance(value, bool):
        return rescale(value, chosen.domain.scale, domain.scale)
    return value
