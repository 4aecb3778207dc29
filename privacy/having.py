"""HAVING of a subquery by person, written as WHERE around it.

`SELECT person_id, SUM(x) AS s FROM t GROUP BY person_id HAVING COUNT(*) > 2` is

    SELECT person_id, s FROM (SELECT person_id, SUM(x) AS s, COUNT(*) AS h FROM t
    GROUP BY person_id) WHERE h > 2

so that it is bound, and refused, as these are: what keeps a person's row is a figure of
that person's rows alone.
"""

from __future__ import annotations

from typing import Final

import sqlglot.expressions as exp

from privacy.aggregate_kinds import AGGREGATES

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
        if not isinstance(node, AGGREGATES):
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
