"""Read the SELECT of an EXISTS, of which nobody sees what it selects.

So it selects nothing that had to be bound: 1, another constant, or *. An aggregate has
a row where there is none, and would make EXISTS true of everybody.
"""

from __future__ import annotations

import sqlglot.expressions as exp

from privacy.aggregate_kinds import AGGREGATES
from privacy.errors import Refused
from privacy.quote import quote
from privacy.refusals import refuse


def rows_of(node: exp.Expr, text: str) -> exp.Select | None:
    """The SELECT of an EXISTS; None where it is none, or asks of no table.

    Refused is whatever it selects but constants and *.
    """
    select = node.this.this if isinstance(node.this, exp.Subquery) else node.this
    if not isinstance(select, exp.Select) or select.args.get("from_") is None:
        return None
    there = select.args["from_"].this.alias_or_name
    for each in select.expressions:
        if not _is_constant(each.unalias(), there):
            raise _looked_at(each, text, alone=len(select.expressions) == 1)
    return select


def _is_constant(node: exp.Expr, there: str) -> bool:
    """Whether it stands for no name but that of the table."""
    if isinstance(node, exp.Column) and isinstance(node.this, exp.Star):
        return bool(node.text("table").casefold() == there.casefold())
    return isinstance(node, exp.Literal | exp.Boolean | exp.Null | exp.Star)


def _looked_at(node: exp.Expr, text: str, *, alone: bool) -> Refused:
    why = "what they select is never looked at"
    if any(isinstance(each, AGGREGATES) for each in node.walk()):
        why = "an aggregate has a row even of no rows, so it would always be true"
    clause = quote(node, text)
    return refuse(
        "unsupported",
        f"EXISTS says whether there are rows, and {why}: write SELECT 1.",
        clause=clause,
        suggestion="1" if alone and text.count(clause) == 1 else "",
    )
