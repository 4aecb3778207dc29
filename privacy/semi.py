"""Read IN (SELECT …) and EXISTS (SELECT …) in WHERE as semi and anti joins.

Each keeps a row by whether something matches it, and is a join of which the other side
shows no columns. So it is bound, and refused, as joins are: of people, a row is kept
by other rows of the same person alone, and adding or removing somebody keeps or drops
no row of anybody else (`joins`).
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlglot.expressions as exp

from privacy.chains import chain
from privacy.errors import Refused
from privacy.exists import rows_of
from privacy.marked import marked
from privacy.quote import quote
from privacy.refusals import refuse
from privacy.scope import PERSON_ID

_CLAUSES = ("having", "order", "limit", "offset", "group", "with_", "joins")


@dataclass(frozen=True, slots=True)
class Where:
    """A WHERE taken apart: conditions of rows, and joins that nobody sees.

    `joins` are semi and anti joins. `marks` are LEFT JOINs of people who have such
    rows, by which the conditions tell whether a row's person is one (`marked`).
    """

    conditions: tuple[exp.Expr, ...]
    joins: tuple[exp.Join, ...]
    marks: tuple[exp.Join, ...] = ()

    @property
    def condition(self) -> exp.Expr | None:
        """All conditions of rows together; None where there are none."""
        if not self.conditions:
            return None
        whole, *rest = self.conditions
        for each in rest:
            whole = exp.And(this=whole, expression=each)
        return whole


def where_of(select: exp.Select, text: str) -> Where:
    """Take the WHERE of a SELECT apart; nothing of it is bound yet."""
    where = select.args.get("where")
    if where is None:
        return Where((), ())
    conditions: list[exp.Expr] = []
    joins: list[exp.Join] = []
    marks: list[exp.Join] = []
    for each in _members(where.this):
        kind, inside = _kept(each)
        if isinstance(inside, exp.In) and inside.args.get("query"):
            joins.append(_in(inside, kind, len(joins), text))
        elif isinstance(inside, exp.Exists):
            joins.append(_exists(inside, kind, text))
        else:
            found = marked(each, len(marks), text)
            conditions.append(found.condition)
            marks += found.joins
    if not joins and not marks:
        return Where((where.this,), ())
    return Where(tuple(conditions), tuple(joins), tuple(marks))


def _members(node: exp.Expr) -> list[exp.Expr]:
    inside = node.unnest()
    return chain(inside) if isinstance(inside, exp.And) else [node]


def _kept(node: exp.Expr) -> tuple[str, exp.Expr]:
    """SEMI or ANTI, and what it is about."""
    inside = node.unnest()
    if isinstance(inside, exp.Not):
        return "ANTI", inside.this.unnest()
    return "SEMI", inside


def _in(node: exp.In, kind: str, place: int, text: str) -> exp.Join:
    select = node.args["query"].this
    left, alias = node.this.unnest(), f"IN {place}"
    column = _only_column(node, select, text)
    person = isinstance(left, exp.Column) and left.name.casefold() == PERSON_ID
    if kind == "ANTI" and not person:
        raise refuse(
            "unsupported",
            "NOT IN (SELECT …) is neither true nor false where the list has a NULL. "
            "Write NOT EXISTS (SELECT …) with the columns that have to be equal.",
            clause=quote(node.parent or node, text),
        )
    named = exp.TableAlias(this=exp.to_identifier(alias, quoted=True))
    there = exp.Subquery(this=select, alias=named)
    if isinstance(left, exp.Column) and not left.table and _alike(left, column):
        return exp.Join(this=there, kind=kind, using=[left.this])
    equal = exp.EQ(this=left, expression=exp.column(column, table=alias, quoted=True))
    return exp.Join(this=there, kind=kind, on=equal)


def _alike(left: exp.Column, column: str) -> bool:
    return str(left.name).casefold() == column.casefold()


def _only_column(node: exp.In, select: exp.Expr, text: str) -> str:
    items = select.expressions if isinstance(select, exp.Select) else []
    name = items[0].alias_or_name if len(items) == 1 else ""
    if not name or isinstance(items[0].unalias(), exp.Star):
        raise refuse(
            "unsupported",
            "IN takes a subquery that selects one column by its name.",
            clause=quote(node, text),
        )
    return str(name)


def _exists(node: exp.Exists, kind: str, text: str) -> exp.Join:
    select = rows_of(node, text)
    if select is None:
        raise _no_question(node, text)
    if any(select.args.get(each) for each in _CLAUSES):
        raise refuse(
            "unsupported",
            "EXISTS takes SELECT … FROM one table or subquery WHERE …, and no other "
            "clause.",
            clause=quote(node, text),
        )
    where = select.args.get("where")
    if where is None:
        raise _no_question(node, text)
    return exp.Join(this=select.args["from_"].this, kind=kind, on=where.this)


def _no_question(node: exp.Exists, text: str) -> Refused:
    return refuse(
        "join",
        "EXISTS says in its WHERE whose person_id is equal: WHERE there.person_id = "
        "here.person_id.",
        clause=quote(node, text),
    )
