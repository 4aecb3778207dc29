"""HAVING of a subquery by person, written as WHERE around it.

`SELECT person_id, SUM(x) AS s FROM t GROUP BY person_id HAVING COUNT(*) > 2` is

    SELECT person_id, s FROM (SELECT person_id, SUM(x) AS s, COUNT(*) AS h FROM t
    GROUP BY person_id) WHERE h > 2

so that it is bound, and refused, as these are: what keeps a person's row is a figure of
that person's rows alone. A name in HAVING is a key's before it is a figure's, as in
SQL; a key that is not selected is, inside.
"""

from __future__ import annotations

from typing import Final

import sqlglot.expressions as exp

from privacy.aggregate_kinds import AGGREGATES
from privacy.scope import PERSON_ID

_NAME: Final = "having"
_AROUND: Final = "subquery"


def having_around(select: exp.Select) -> exp.Select:
    """The subquery without HAVING, inside one whose WHERE says the same.

    As it was where it has none, or where a column of it has no name.
    """
    having = select.args.get("having")
    names = [each.alias_or_name for each in select.expressions]
    if having is None or not all(names):
        return select
    inside = select.copy()
    inside.set("having", None)
    hidden: list[exp.Expr] = []

    def named(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Query):
            return node.copy()  # its aggregates are its own: what is new is not entered
        if isinstance(node, exp.Column):
            known = _name_of(node, select)
            if known:
                node.set("table", None)
                node.this.set("this", known)  # in place: it knows where it was written
                node.this.set("quoted", True)  # noqa: FBT003 (sqlglot's)
                return node
        elif not isinstance(node, AGGREGATES):
            return node
        name = f"{_NAME} {len(hidden)}"
        hidden.append(exp.alias_(node.copy(), name, quoted=True))
        return exp.column(name, quoted=True)

    condition = having.this.copy().transform(named)
    inside.set("expressions", [*inside.expressions, *hidden])
    there = exp.TableAlias(this=exp.to_identifier(_AROUND, quoted=True))
    return exp.Select(
        expressions=[exp.column(each, quoted=True) for each in names],
        from_=exp.From(this=exp.Subquery(this=inside, alias=there)),
        where=exp.Where(this=condition),
    )


def _name_of(column: exp.Column, select: exp.Select) -> str:
    """What a column of HAVING is selected as; empty where it is not."""
    name = column.name.casefold()
    if name == PERSON_ID:
        return PERSON_ID
    selected: dict[str, exp.Expr] = {
        each.alias_or_name: each.unalias() for each in select.expressions
    }
    for known, each in selected.items():
        if isinstance(each, exp.Column) and _is_same(column, each):
            return known
    known = next((each for each in selected if each.casefold() == name), "")
    if column.table or not known:
        return ""
    group = select.args.get("group")
    keys = group.expressions if group else []
    is_key = any(isinstance(e, exp.Column) and _is_same(column, e) for e in keys)
    figure = selected[known].find(*AGGREGATES) is not None
    return "" if figure and is_key else known


def _is_same(column: exp.Column, other: exp.Column) -> bool:
    """Whether two columns have one name, and not different tables."""
    tables = {each.table.casefold() for each in (column, other) if each.table}
    return column.name.casefold() == other.name.casefold() and len(tables) < 2  # noqa: PLR2004 (one each)
