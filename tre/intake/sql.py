"""SQL as constants with named holes, filled by trees and never by text."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from functools import lru_cache
from typing import TypeAlias

import sqlglot.expressions as exp
from sqlglot import parse_one

from privacy.catalogue import Domain, Type, Value

Tree: TypeAlias = exp.Expr


def sql(template: str, **parts: Tree) -> Tree:
    """The statement or expression `template`, each `:name` in it replaced."""
    return exp.replace_placeholders(_parsed(template), **parts)


def column(name: str, table: str | None = None) -> exp.Column:
    """A quoted column name."""
    return exp.column(
        exp.to_identifier(name, quoted=True),
        table=exp.to_identifier(table, quoted=True) if table else None,
    )


def relation(zone: str, name: str) -> exp.Table:
    """A quoted table of an attached zone."""
    return exp.table_(
        exp.to_identifier(name, quoted=True), db=exp.to_identifier(zone, quoted=True)
    )


def named(tree: Tree, name: str) -> Tree:
    """`tree AS "name"`."""
    return exp.alias_(tree, exp.to_identifier(name, quoted=True))


def text(value: str) -> Tree:
    """A text literal."""
    return exp.Literal.string(value)


def number(value: int) -> Tree:
    """An integer literal."""
    literal = exp.Literal.number(abs(value))
    return exp.Neg(this=literal) if value < 0 else literal


def literal(value: Value) -> Tree:
    """A public value as the constant of its type."""
    if isinstance(value, bool):
        return exp.Boolean(this=value)
    if isinstance(value, int):
        return number(value)
    if isinstance(value, str):
        return text(value)
    kind = "TIMESTAMP" if isinstance(value, datetime) else "DATE"
    return exp.cast(text(value.isoformat()), kind, dialect="duckdb")


def select(trees: Iterable[Tree], source: Tree) -> exp.Select:
    """`SELECT trees FROM source`; a SELECT as the source becomes a subquery."""
    if isinstance(source, exp.Select):
        source = source.subquery("source")
    return exp.select(*trees, copy=False).from_(source, copy=False)


def select_from(template: str, **parts: Tree) -> exp.Select:
    """The SELECT statement `template`, filled like `sql`; columns may be added."""
    tree = sql(template, **parts)
    if not isinstance(tree, exp.Select):
        raise TypeError("expected a SELECT")
    return tree


def every(conditions: Iterable[Tree]) -> Tree:
    """All of the conditions; TRUE where there are none."""
    found = list(conditions)
    return exp.and_(*found, copy=False) if found else exp.Boolean(this=True)


def storage(domain: Domain) -> str:
    """The narrowest engine type that holds a published column."""
    match domain.type:
        case Type.NUMBER:
            return _integer(domain.lower, domain.upper)
        case Type.TEXT if domain.values is not None:
            quoted = (text(str(value)).sql("duckdb") for value in domain.values)
            return f"ENUM({', '.join(quoted)})"
        case Type.TEXT:
            return "VARCHAR"
        case Type.BOOLEAN:
            return "BOOLEAN"
        case Type.DATE:
            return "DATE"
        case Type.DATETIME:
            return "TIMESTAMP"


def cast(tree: Tree, kind: str) -> Tree:
    """`CAST(tree AS kind)`, `kind` as DuckDB writes it."""
    return exp.cast(tree, kind, dialect="duckdb")


def _integer(lower: Value | None, upper: Value | None) -> str:
    if isinstance(lower, date | str) or isinstance(upper, date | str):
        raise TypeError("a number's bounds are integers")
    if lower is None or upper is None:
        return "BIGINT"
    for name, bits in (("TINYINT", 8), ("SMALLINT", 16), ("INTEGER", 32)):
        if -(2 ** (bits - 1)) <= lower and upper < 2 ** (bits - 1):
            return name
    return "BIGINT"


@lru_cache(maxsize=256)
def _parsed(template: str) -> Tree:
    return parse_one(template, dialect="duckdb")
