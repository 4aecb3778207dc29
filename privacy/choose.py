"""Bind what a subquery selects: columns of rows, each row by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import sqlglot.expressions as exp

from privacy.aggregate_kinds import AGGREGATES
from privacy.aggregates import weighed
from privacy.errors import Refused
from privacy.expression import Expression
from privacy.finite import narrowed
from privacy.names import named_column
from privacy.quote import quote
from privacy.refusals import refuse
from privacy.rows import bind_row
from privacy.scope import PERSON_ID, Scope, column, granted_of, person_of

MOST_COLUMNS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Chosen:
    """The columns of a subquery by name, and whether `person_id` is one of them."""

    columns: tuple[tuple[str, Expression], ...]
    has_person: bool


def choose(select: exp.Select, scope: Scope, *, narrow: bool) -> Chosen:
    """Bind the columns that a subquery selects.

    With `narrow`, what each can be is tried out; else its range stands.
    """
    if not select.expressions:
        raise refuse("syntax", "A subquery selects columns, or * for all.")
    columns: dict[str, tuple[str, Expression]] = {}
    has_person = False
    for each in select.expressions:
        if _is_person(each):
            _check_person(each, scope)
            has_person = True
        elif isinstance(each.unalias(), exp.Star) or _is_star(each):
            has_person |= _starred(each, scope, columns)
        else:
            name, value = _column(each, scope, narrow=narrow)
            _add(columns, name, value, each, scope)
    return Chosen(tuple(columns.values()), has_person)


def check_rows(select: exp.Select, text: str) -> None:
    """Refuse what would make a row depend on other people's rows."""
    for name, words in (
        ("having", "HAVING"),
        ("order", "ORDER BY"),
        ("limit", "LIMIT"),
        ("offset", "OFFSET"),
    ):
        clause = select.args.get(name)
        if clause is not None:
            raise refuse(
                "unsupported",
                f"{words} inside a subquery is not part of the language: a subquery "
                "selects rows, each by itself. Group and sort outside.",
                clause=quote(clause, text),
            )
    for each in select.expressions:
        inside = next((n for n in each.walk() if isinstance(n, AGGREGATES)), None)
        if inside is not None:
            raise not_rows(inside, text)


def not_rows(node: exp.Expr, text: str) -> Refused:
    """The refusal of a subquery whose rows would not be single people's."""
    return refuse(
        "unsupported",
        "A subquery selects rows, each by itself: aggregates belong outside.",
        clause=quote(node, text),
    )


def _is_person(node: exp.Expr) -> bool:
    inside = node.unalias()
    return isinstance(inside, exp.Column) and inside.name.casefold() == PERSON_ID


def _is_star(node: exp.Expr) -> bool:
    return isinstance(node, exp.Column) and isinstance(node.this, exp.Star)


def _check_person(node: exp.Expr, scope: Scope) -> None:
    inside = node.unalias()
    renamed = isinstance(node, exp.Alias) and node.alias.casefold() != PERSON_ID
    found = person_of(scope, inside) if isinstance(inside, exp.Column) else None
    if found is None or found.optional or renamed:
        raise refuse(
            "person_id",
            "A subquery keeps person_id under its own name, and takes it from a "
            "table whose rows are all somebody's.",
            clause=quote(node, scope.text),
        )


def _starred(
    node: exp.Expr, scope: Scope, columns: dict[str, tuple[str, Expression]]
) -> bool:
    """Take in every granted column that * stands for; whether person_id is one."""
    alias = node.text("table").casefold()
    parts = [p for p in scope.parts if not alias or p.alias.casefold() == alias]
    if not parts:
        raise refuse(
            "unknown_column",
            f"There is no table {node.text('table')[:64]} here.",
            clause=quote(node, scope.text),
        )
    for part in parts:
        for name in granted_of(part):
            if not alias and (name.casefold(), part.name) in scope.hidden:
                continue
            named = exp.column(name, table=part.alias, quoted=True)
            _add(columns, name, column(scope, named), node, scope)
    return any(part.has_person and not part.optional for part in parts)


def _column(node: exp.Expr, scope: Scope, *, narrow: bool) -> tuple[str, Expression]:
    name = named_column(node, scope)
    value = weighed(bind_row(node.unalias(), scope))
    return name, narrowed(value) if narrow else value


def _add(
    columns: dict[str, tuple[str, Expression]],
    name: str,
    value: Expression,
    node: exp.Expr,
    scope: Scope,
) -> None:
    if name.casefold() in columns:
        raise refuse(
            "reserved_name",
            f"A subquery has two columns {name}: give one another name with AS.",
            clause=quote(node, scope.text),
        )
    columns[name.casefold()] = name, value
    if len(columns) > MOST_COLUMNS:
        raise refuse(
            "too_many_columns", f"A subquery has {MOST_COLUMNS} columns at most."
        )
