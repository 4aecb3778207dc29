"""Pieces of DuckDB's SQL, as nodes of a tree."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Final

import sqlglot.expressions as exp

from privacy.catalogue import Type
from privacy.expression import Literal

BIGINT: Final = exp.DType.BIGINT


def cast(node: exp.Expr, kind: exp.DType) -> exp.Expr:
    """A conversion to a type."""
    return exp.Cast(this=node, to=exp.DataType(this=kind))


def binary(kind: type[exp.Binary], left: exp.Expr, right: exp.Expr) -> exp.Expr:
    """An operator between two nodes, each in brackets where it needs them."""
    return kind(this=grouped(left), expression=grouped(right))


def plus(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    """Left + right, added in just this order.

    The engine gathers the constants of a chain of `+`, or of `*`, and then goes
    through the rest in another order, on which numbers may outgrow 64 bits that
    fit as written (duckdb#25532). It leaves functions of the same meaning alone.
    """
    return exp.Anonymous(this="add", expressions=[left, right])


def minus(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    """Left - right."""
    return binary(exp.Sub, left, right)


def product(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    """Left * right, multiplied in just this order, as `plus` adds."""
    return exp.Anonymous(this="multiply", expressions=[left, right])


def grouped(node: exp.Expr) -> exp.Expr:
    """A node in brackets, unless it cannot be torn apart."""
    whole = isinstance(
        node, exp.Column | exp.Literal | exp.Boolean | exp.Paren | exp.Func | exp.Null
    )
    connector = isinstance(node, exp.And | exp.Or)
    return node if whole and not connector else exp.Paren(this=node)


def literal(literal: Literal) -> exp.Expr:
    """A constant, typed where SQL would guess."""
    value = literal.value
    if value is None:
        return typed_null(literal.domain.type)
    if isinstance(value, bool):
        return exp.Boolean(this=value)
    if isinstance(value, int):
        return integer(value)
    if isinstance(value, datetime):
        moment = value.isoformat(sep=" ", timespec="microseconds")
        return cast(exp.Literal.string(moment), exp.DType.TIMESTAMP)
    if isinstance(value, date):
        return cast(exp.Literal.string(value.isoformat()), exp.DType.DATE)
    return exp.Literal.string(value)


_TYPES: Final[Mapping[Type, exp.DType]] = MappingProxyType(
    {
        Type.NUMBER: BIGINT,
        Type.TEXT: exp.DType.VARCHAR,
        Type.BOOLEAN: exp.DType.BOOLEAN,
        Type.DATE: exp.DType.DATE,
        Type.DATETIME: exp.DType.TIMESTAMP,
    }
)


def typed_null(kind: Type) -> exp.Expr:
    """NULL of a type."""
    return cast(exp.Null(), _TYPES[kind])


def integer(value: int) -> exp.Expr:
    """A whole number, as narrow as the engine likes."""
    digits = exp.Literal.number(str(abs(value)))
    return exp.Paren(this=exp.Neg(this=digits)) if value < 0 else digits


def big(value: int) -> exp.Expr:
    """A whole number of 64 bits."""
    return cast(integer(value), BIGINT)


def times(node: exp.Expr, factor: int) -> exp.Expr:
    """A BIGINT times a power of ten."""
    return product(node, big(factor))


def when(
    branches: list[tuple[exp.Expr, exp.Expr]], default: exp.Expr | None
) -> exp.Expr:
    """CASE WHEN … THEN … ELSE … END."""
    ifs = [exp.If(this=condition, true=value) for condition, value in branches]
    return exp.Case(ifs=ifs, default=default)
