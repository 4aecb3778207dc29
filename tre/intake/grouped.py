"""Leave out rows of a person past what a table allows in a group, and in how many.

Which rows stay depends on that person's rows alone, and on secret random numbers:
those of the lowest, and of groups those whose lowest number is lowest. So the bound
holds whoever else is there, and questions need no window of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import sqlglot.expressions as exp

from privacy.catalogue import GroupBound
from tre.intake.sql import Tree, column, named, number, select, sql

_FIRST: Final = "_first"
"""The lowest number in a row's group."""


def within_groups(
    rows: exp.Query,
    bounds: Sequence[GroupBound],
    names: Mapping[str, str],
    person: str,
    order: Sequence[str],
) -> exp.Query:
    """The rows that bounds by group leave, one bound after the other.

    `names` gives the column of each published column, `person` that of whose a row
    is, and `order` those by which rows are drawn, the random number first. A bound
    leaves rows out and adds none, so those before it go on to hold.
    """
    drawn = [column(each) for each in order]
    for bound in bounds:
        group = [column(names[each]) for each in bound.columns]
        if bound.groups is not None:
            rows = _few_groups(rows, column(person), group, drawn[0], bound.groups)
        if bound.rows is not None:
            rows = _few_rows(rows, [column(person), *group], drawn, bound.rows)
    return rows


def _few_rows(
    rows: exp.Query, group: Sequence[Tree], order: Sequence[Tree], most: int
) -> exp.Query:
    """The first rows of each group."""
    every = select([exp.Star()], rows.subquery("r"))
    place = _window(exp.RowNumber(), group, order)
    return every.qualify(place <= number(most), copy=False)


def _few_groups(
    rows: exp.Query, person: Tree, group: Sequence[Tree], first: Tree, most: int
) -> exp.Query:
    """The rows of each person's first groups; two that begin alike differ in values."""
    lowest = _window(exp.Min(this=first.copy()), [person, *group])
    told = select([exp.Star(), named(lowest, _FIRST)], rows.subquery("r"))
    kept = select([sql('* EXCLUDE ("_first")')], told.subquery("g"))
    place = _window(
        exp.Anonymous(this="dense_rank"), [person], [column(_FIRST), *group]
    )
    return kept.qualify(place <= number(most), copy=False)


def _window(
    function: exp.Expr, by: Sequence[Tree], order: Sequence[Tree] = ()
) -> exp.Window:
    ordered = exp.Order(expressions=[exp.Ordered(this=each.copy()) for each in order])
    return exp.Window(
        this=function,
        partition_by=[each.copy() for each in by],
        order=ordered if order else None,
    )
