"""Bind one figure of a person's rows: what a subquery by person sums them up to.

It is computed from the rows of one person alone, of which there are at most as many as
the relation's bound says, and is exact: nothing of it is released. So all that has to
be known of it is its range.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import sqlglot.expressions as exp

from privacy.aggregates import bind_aggregate, weighed
from privacy.catalogue import Domain, Type
from privacy.choices import case
from privacy.domains import LARGEST, boolean, ends, number
from privacy.errors import Refused
from privacy.expression import ColumnOf, Expression, Function
from privacy.infer import call
from privacy.literals import is_null
from privacy.misfit import Misfit
from privacy.query import Aggregate, Statistic
from privacy.quote import quote
from privacy.refusals import refuse
from privacy.relation import Summary, Summed
from privacy.rows import bind_condition, bind_row
from privacy.scope import Scope

INSIDE: Final = "p"
"""What the sums and counts that averages are made of stand in."""

_SUMMARIES: Final = {
    Statistic.ROWS: Summary.ROWS,
    Statistic.PRESENT: Summary.PRESENT,
    Statistic.SUM: Summary.SUM,
    Statistic.DISTINCT: Summary.DISTINCT,
}
_ENDS: Final[Mapping[type[exp.Expr], Summary]] = {
    exp.Min: Summary.MIN,
    exp.Max: Summary.MAX,
}
_TRUTHS: Final[Mapping[type[exp.Expr], Summary]] = {
    exp.LogicalOr: Summary.ANY,
    exp.LogicalAnd: Summary.ALL,
}
_ORDERED: Final = frozenset({Type.NUMBER, Type.DATE, Type.DATETIME})


@dataclass(frozen=True, slots=True)
class Mean:
    """An average of a person's rows: what it is of, and the range it has."""

    total: Summed
    count: Summed
    domain: Domain


def figure_of(node: exp.Expr, scope: Scope) -> Summed | Mean:
    """A figure of one person's rows, or of those that FILTER keeps; or refuse it."""
    inside = node.this if isinstance(node, exp.Filter) else node
    for kind, bind in _BINDERS.items():
        if isinstance(inside, kind):
            return bind(inside, node, scope)
    aggregate = bind_aggregate(node, scope)
    if aggregate.statistic is Statistic.MEAN:
        return _mean(node, aggregate, scope)
    summary = _SUMMARIES.get(aggregate.statistic)
    if summary is None:
        raise refuse(
            "unsupported",
            "A person's rows are summed up by COUNT, COUNT(DISTINCT x), SUM, AVG, "
            "MIN, MAX, MEDIAN, BOOL_OR and BOOL_AND.",
            clause=quote(node, scope.text),
        )
    domain = _range(aggregate, scope.rows_per_person)
    if domain is None:
        raise _too_large(node, scope)
    return Summed(summary, aggregate.argument, domain)


def _mean(node: exp.Expr, aggregate: Aggregate, scope: Scope) -> Mean:
    """AVG of a person's rows: their sum divided by their number, and truncated."""
    argument = aggregate.argument
    total = _range(Aggregate(Statistic.SUM, argument), scope.rows_per_person)
    if argument is None or total is None:
        raise _too_large(node, scope)
    counted = Aggregate(Statistic.PRESENT, argument)
    rows = _range(counted, scope.rows_per_person)
    if rows is None:
        raise TypeError("the number of a person's rows is bounded")
    sides = (ColumnOf(INSIDE, "total", total), ColumnOf(INSIDE, "rows", rows))
    try:
        found = call(Function.DIVIDE, *sides).domain
    except Misfit:
        raise _too_large(node, scope) from None
    shift = found.scale - argument.domain.scale
    lower, upper = (_scaled(end, shift) for end in ends(argument.domain) or (0, 0))
    domain = number(lower, upper, scale=found.scale, nullable=argument.domain.nullable)
    return Mean(
        Summed(Summary.SUM, argument, total),
        Summed(Summary.PRESENT, argument, rows),
        domain,
    )


def _scaled(end: int, shift: int) -> int:
    """An end at a finer scale, or at a coarser one truncated toward zero."""
    factor = int(10 ** abs(shift))
    if shift >= 0:
        return end * factor
    size = abs(end) // factor
    return size if end >= 0 else -size


def _end(inside: exp.Expr, node: exp.Expr, scope: Scope) -> Summed:
    """MIN or MAX: one of a person's values, so of the same range."""
    argument = _kept(bind_row(inside.this, scope), node, scope)
    if argument.domain.type not in _ORDERED or is_null(argument):
        raise refuse(
            "type_mismatch",
            f"{inside.key.upper()} takes numbers, dates or times.",
            clause=quote(node, scope.text),
        )
    return Summed(_ENDS[type(inside)], argument, argument.domain)


def _middle(inside: exp.Expr, node: exp.Expr, scope: Scope) -> Summed:
    """MEDIAN: half the sum of the two values in the middle, at one more decimal."""
    argument = _kept(bind_row(inside.this, scope), node, scope)
    if argument.domain.type is not Type.NUMBER or is_null(argument):
        raise refuse(
            "type_mismatch",
            "MEDIAN of a person's rows takes a number.",
            clause=quote(node, scope.text),
        )
    found = ends(argument.domain)
    if found is None or max(map(abs, found)) * 10 > LARGEST:
        raise refuse(
            "unbounded" if found is None else "overflow",
            "MEDIAN of a person's rows takes a number with narrower public bounds. "
            "Give it some with CLAMP.",
            clause=quote(inside, scope.text),
            suggestion=f"MEDIAN(CLAMP({quote(inside.this, scope.text)}, 0, 100000))",
        )
    lower, upper = (10 * end for end in found)
    scale, nullable = argument.domain.scale + 1, argument.domain.nullable
    domain = number(lower, upper, scale=scale, nullable=nullable)
    return Summed(Summary.MEDIAN, argument, domain)


def _truth(inside: exp.Expr, node: exp.Expr, scope: Scope) -> Summed:
    """BOOL_OR or BOOL_AND: whether any of a person's rows, or each, is so."""
    argument = _kept(bind_condition(inside.this, scope), node, scope)
    nullable = argument.domain.nullable
    return Summed(_TRUTHS[type(inside)], argument, boolean(nullable=nullable))


def _kept(argument: Expression, node: exp.Expr, scope: Scope) -> Expression:
    """The argument, NULL where FILTER keeps a row out."""
    if isinstance(node, exp.Filter) and not is_null(argument):
        kept = bind_condition(node.expression.this, scope)
        return weighed(case([(kept, argument)], None))
    return weighed(argument)


_Binder: TypeAlias = Callable[[exp.Expr, exp.Expr, Scope], Summed]
_BINDERS: Final[Mapping[type[exp.Expr], _Binder]] = {
    **dict.fromkeys(_ENDS, _end),
    **dict.fromkeys(_TRUTHS, _truth),
    exp.Median: _middle,
}


def _range(aggregate: Aggregate, rows: int) -> Domain | None:
    """The range of a figure of 1 to `rows` rows; None where it leaves 64 bits."""
    argument = aggregate.argument
    if aggregate.statistic is Statistic.ROWS or argument is None:
        return number(1, rows, nullable=False)
    if aggregate.statistic in (Statistic.PRESENT, Statistic.DISTINCT):
        return number(0, rows, nullable=False)
    low, high = argument.domain.lower, argument.domain.upper
    if not (isinstance(low, int) and isinstance(high, int)):
        raise TypeError("a summed expression is bounded on both sides")
    lower, upper = min(low, low * rows), max(high, high * rows)
    if max(abs(lower), abs(upper)) > LARGEST:
        return None
    domain = argument.domain
    return number(lower, upper, scale=domain.scale, nullable=domain.nullable)


def _too_large(node: exp.Expr, scope: Scope) -> Refused:
    return refuse(
        "overflow",
        "The sum of a person's rows could grow past 64 bits. Narrow it with CLAMP.",
        clause=quote(node, scope.text),
    )
