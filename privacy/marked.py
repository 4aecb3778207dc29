"""Read IN (SELECT person_id …) and EXISTS inside OR as columns of a LEFT JOIN.

There it keeps no row by itself, so it is no semi join (`semi`). But it says one thing
of each person, whether they have such rows, and so is what a subquery by person has:
`x OR person_id IN (SELECT person_id FROM t)` is

    LEFT JOIN (SELECT person_id, COUNT(*) AS marked FROM t GROUP BY person_id) AS m
    … WHERE x OR m.marked IS NOT NULL

of which a person has one row at most. It is bound, and refused, as these are: no row of
anybody else decides about mine, and a row is joined to one row or to none. That is true
or false, and IN of nobody's person_id is neither: so it takes none that may be missing
(`joins.check_present`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import sqlglot.expressions as exp

from privacy.chains import chain
from privacy.errors import Refused
from privacy.exists import rows_of
from privacy.quote import quote
from privacy.refusals import refuse
from privacy.scope import PERSON_ID

MARK: Final = "marked"
"""The column that is NULL beside a row whose person has none."""

_CLAUSES: Final = ("having", "order", "limit", "offset", "group", "with_", "joins")


@dataclass(frozen=True, slots=True)
class Marked:
    """A condition in which joined columns stand for subqueries, and their joins."""

    condition: exp.Expr
    joins: tuple[exp.Join, ...]


def marked(condition: exp.Expr, place: int, text: str) -> Marked:
    """Take the subqueries out of a condition, numbered from `place`; or refuse them."""
    if next(_subqueries(condition), None) is None:
        return Marked(condition, ())
    changed = exp.Paren(this=condition.copy())
    joins: list[exp.Join] = []
    for node in list(_subqueries(changed)):
        alias = f"{MARK} {place + len(joins)}"
        build = _in if isinstance(node, exp.In) else _exists
        joins.append(build(node, alias, text))
        mark = exp.column(MARK, table=alias, quoted=True)
        node.replace(exp.Paren(this=exp.Not(this=exp.Is(this=mark, expression=_NULL))))
    return Marked(changed.this, tuple(joins))


_NULL: Final = exp.Null()


def _subqueries(condition: exp.Expr) -> Iterator[exp.In | exp.Exists]:
    """Those that are in a condition itself, and not in one another."""
    waiting = [condition]
    while waiting:
        node = waiting.pop()
        if isinstance(node, exp.Exists) or (
            isinstance(node, exp.In) and node.args.get("query")
        ):
            yield node
        else:
            waiting += list(node.iter_expressions(reverse=True))


def _in(node: exp.Expr, alias: str, text: str) -> exp.Join:
    person, select = node.this.unnest(), node.args["query"].this
    items = select.expressions if isinstance(select, exp.Select) else []
    if not (_is_person(person) and len(items) == 1 and _is_person(items[0])):
        raise refuse(
            "unsupported",
            "Inside OR, IN takes people: person_id IN (SELECT person_id FROM …). Look "
            "other things up by LEFT JOIN, and ask there whether they are NULL.",
            clause=quote(node, text),
        )
    rows = exp.Subquery(this=select, alias=_alias("rows"))
    return _join(rows, None, exp.column(PERSON_ID), (person, alias))


def _exists(node: exp.Expr, alias: str, text: str) -> exp.Join:
    select = rows_of(node, text)
    where = None if select is None else select.args.get("where")
    if select is None or where is None or any(map(select.args.get, _CLAUSES)):
        raise _no_people(node, text)
    there = select.args["from_"].this
    equal, others = _parted(where.this, there.alias_or_name)
    if equal is None:
        raise _no_people(node, text)
    compared = (each for each in others if _is_outer(each, there.alias_or_name))
    for each in compared:
        raise _no_people(each, text)
    mine, theirs = equal
    return _join(there, _all(others), theirs, (mine, alias))


def _join(
    rows: exp.Expr,
    where: exp.Expr | None,
    theirs: exp.Expr,
    beside: tuple[exp.Expr, str],
) -> exp.Join:
    """The people who have such rows, LEFT JOINed to a row's person under an alias."""
    mine, alias = beside
    counted = exp.alias_(exp.Count(this=exp.Star()), MARK, quoted=True)
    people = exp.Select(
        expressions=[theirs.copy(), counted],
        from_=exp.From(this=rows.copy()),
        group=exp.Group(expressions=[theirs.copy()]),
    )
    if where is not None:
        people.set("where", exp.Where(this=where.copy()))
    there = exp.Subquery(this=people, alias=_alias(alias))
    whom = exp.column(PERSON_ID, table=alias, quoted=True)
    if isinstance(mine, exp.Column) and not mine.table:
        return exp.Join(this=there, side="LEFT", using=[mine.this.copy()])
    return exp.Join(
        this=there, side="LEFT", on=exp.EQ(this=mine.copy(), expression=whom)
    )


def _alias(name: str) -> exp.TableAlias:
    return exp.TableAlias(this=exp.to_identifier(name, quoted=True))


def _parted(
    where: exp.Expr, there: str
) -> tuple[tuple[exp.Expr, exp.Expr] | None, list[exp.Expr]]:
    """My `person_id` and theirs, where it is said that they are equal; and the rest."""
    inside = where.unnest()
    members = chain(inside) if isinstance(inside, exp.And) else [where]
    found, others = None, []
    for each in members:
        sides = _sides(each, there)
        if sides is not None and found is None:
            found = sides
        else:
            others.append(each)
    return found, others


def _sides(node: exp.Expr, there: str) -> tuple[exp.Expr, exp.Expr] | None:
    inside = node.unnest()
    if not isinstance(inside, exp.EQ):
        return None
    sides = [inside.this.unnest(), inside.expression.unnest()]
    if not all(map(_is_person, sides)):
        return None
    mine = [each for each in sides if _is_outer(each, there)]
    theirs = [each for each in sides if not _is_outer(each, there)]
    return (mine[0], theirs[0]) if mine and theirs else None


def _is_outer(node: exp.Expr, there: str) -> bool:
    """Whether a column of another table than that of EXISTS is named in it."""
    named = (each.table for each in node.find_all(exp.Column) if each.table)
    return any(each.casefold() != there.casefold() for each in named)


def _is_person(node: exp.Expr) -> bool:
    return isinstance(node, exp.Column) and node.name.casefold() == PERSON_ID


def _all(conditions: list[exp.Expr]) -> exp.Expr | None:
    whole: exp.Expr | None = None
    for each in conditions:
        whole = each if whole is None else exp.And(this=whole, expression=each)
    return whole


def _no_people(node: exp.Expr, text: str) -> Refused:
    return refuse(
        "unsupported",
        "Inside OR, EXISTS says of a person whether they have rows: SELECT 1 FROM one "
        "table WHERE there.person_id = here.person_id, and conditions of that table "
        "alone. Whatever compares its rows with the row asked for stands in WHERE, "
        "by itself or between ANDs.",
        clause=quote(node, text),
    )
