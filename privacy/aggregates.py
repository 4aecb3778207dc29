"""Bind one aggregate: what is counted, summed or averaged in each cell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final, TypeAlias

import sqlglot.expressions as exp

from privacy.aggregate_kinds import AGGREGATES, ORDERED, SPREAD_OF, TRUTHS
from privacy.catalogue import Type
from privacy.choices import case, named
from privacy.domains import ends
from privacy.errors import Refused
from privacy.expression import Expression
from privacy.literals import ONE, is_null, written
from privacy.ordered import ordered
from privacy.query import Aggregate, Statistic
from privacy.quote import quote
from privacy.refusals import refuse
from privacy.rows import bind_condition, bind_row
from privacy.scope import PERSON_ID, Scope, person_of, quoted_name
from privacy.weight import MOST_REPEATED, MOST_WEIGHT, weight

MOST_MOVED: Final = 2**56
"""How far one person may move a sum, in units; beyond it no useful noise fits."""

_MOVED_WITH_EASE: Final = 2**40
"""The same, where noise fits of next to nothing that is spent."""


def bind_aggregate(node: exp.Expr, scope: Scope) -> Aggregate:
    """Bind an aggregate, of all rows or of those that FILTER keeps.

    What is summed or averaged is a number bounded on both sides, and one person
    moves the sum by at most `MOST_MOVED` units. FILTER (WHERE c) is an argument
    that is NULL where c is not true, so nothing after this knows of it.
    """
    for kinds, bind in _BINDERS:
        if isinstance(node, kinds):
            return bind(node, scope)
    if isinstance(node, exp.CountIf):
        return _kept(Aggregate(Statistic.ROWS), bind_condition(node.this, scope))
    if isinstance(node.this, exp.Distinct):
        return _distinct(node, scope)
    if isinstance(node, exp.Count):
        return _count(node, scope)
    statistic = Statistic.SUM if isinstance(node, exp.Sum) else Statistic.MEAN
    return Aggregate(statistic, _summed(node.this, node, scope))


def _filtered(node: exp.Expr, scope: Scope) -> Aggregate:
    if not isinstance(node.this, AGGREGATES):
        raise refuse(
            "unsupported",
            "FILTER stands after an aggregate; rows are chosen by WHERE.",
            clause=quote(node, scope.text),
        )
    aggregate = bind_aggregate(node.this, scope)
    return _kept(aggregate, bind_condition(node.expression.this, scope))


def _kept(aggregate: Aggregate, condition: Expression) -> Aggregate:
    """The aggregate of those rows only for which the condition is true."""
    value = ONE if aggregate.argument is None else aggregate.argument
    argument = weighed(case([(condition, value)], None))
    counted = aggregate.statistic is Statistic.ROWS
    statistic = Statistic.PRESENT if counted else aggregate.statistic
    return replace(aggregate, statistic=statistic, argument=argument)


def weighed(expression: Expression) -> Expression:
    """The expression, refused where it is too long to be written out."""
    if weight(expression, MOST_WEIGHT) > MOST_WEIGHT:
        raise refuse(
            "too_deep", "An expression of this question repeats itself too often."
        )
    return expression


def _distinct(node: exp.Expr, scope: Scope) -> Aggregate:
    counted = node.this.expressions
    only = counted[0] if len(counted) == 1 else None
    person = isinstance(only, exp.Column) and only.name.casefold() == PERSON_ID
    if isinstance(node, exp.Count) and person:
        _check_person(node, scope)
        return Aggregate(Statistic.PEOPLE)
    if not isinstance(node, exp.Count) or only is None:
        raise refuse(
            "unsupported",
            "DISTINCT is for counting different values of one thing: "
            "COUNT(DISTINCT x).",
            clause=quote(node, scope.text),
        )
    return Aggregate(Statistic.DISTINCT, _counted(only, node, scope))


def _check_person(node: exp.Count, scope: Scope) -> None:
    """Refuse a `person_id` that rows may lack: it would not count all behind them."""
    (named,) = node.this.expressions
    if person_of(scope, named).optional:
        counted = next(each for each in scope.parts if not each.optional)
        raise refuse(
            "person_id",
            f"{named.table} is the optional side of a LEFT JOIN, so its person_id "
            "may be missing. Count the people of the other side, and say WHERE what "
            "they must have matched.",
            clause=quote(node, scope.text),
            suggestion=f"COUNT(DISTINCT {quoted_name(counted.alias)}.{PERSON_ID})",
        )


def _count(node: exp.Expr, scope: Scope) -> Aggregate:
    if node.this is None or isinstance(node.this, exp.Star):
        return Aggregate(Statistic.ROWS)
    _refuse_person(node, scope)
    argument = _counted(node.this, node, scope)
    if not argument.domain.nullable:
        return Aggregate(Statistic.ROWS)
    return Aggregate(Statistic.PRESENT, argument)


def _counted(part: exp.Expr, node: exp.Expr, scope: Scope) -> Expression:
    """What is counted: anything but NULL itself."""
    argument = weighed(bind_row(part, scope))
    if is_null(argument):
        raise refuse(
            "type_mismatch",
            "NULL is never counted.",
            clause=quote(node, scope.text),
            suggestion="COUNT(*)",
        )
    return argument


def _refuse_person(node: exp.Expr, scope: Scope) -> None:
    counted = node.this
    if isinstance(counted, exp.Column) and counted.name.casefold() == PERSON_ID:
        raise refuse(
            "person_id",
            "COUNT(person_id) counts rows. For people count each once; "
            "for rows write COUNT(*).",
            clause=quote(node, scope.text),
            suggestion="COUNT(DISTINCT person_id)",
        )


def _spread(node: exp.Expr, scope: Scope) -> Aggregate:
    """A variance, covariance, correlation or regression; products repeat arguments."""
    parts = [node.this, node.args.get("expression")]
    bound = [_summed(each, node, scope) for each in parts if each is not None]
    if sum(weight(each, MOST_REPEATED) for each in bound) > MOST_REPEATED:
        raise refuse(
            "too_deep",
            f"{_name(node)} writes its arguments out several times, and these are "
            "too long for that.",
            clause=quote(node, scope.text),
        )
    return Aggregate(SPREAD_OF[type(node)], bound[0], bound[-1] if bound[1:] else None)


def _name(node: exp.Expr) -> str:
    found = SPREAD_OF.get(type(node))
    return node.key.upper() if found is None else str(found.value)


def _summed(part: exp.Expr, node: exp.Expr, scope: Scope) -> Expression:
    """One argument of an aggregate: a number bounded on both sides."""
    argument = weighed(bind_row(part, scope))
    if argument.domain.type is not Type.NUMBER or is_null(argument):
        raise _not_a_number(part, node, argument, scope)
    found = ends(argument.domain)
    if found is None:
        raise _unbounded(part, node, scope)
    largest = max(abs(end) for end in found) * max(1, scope.rows_per_person)
    if largest > MOST_MOVED:
        raise _too_far(part, node, argument, scope)
    return argument


def _not_a_number(
    part: exp.Expr, node: exp.Expr, argument: Expression, scope: Scope
) -> Refused:
    inside = quote(part, scope.text)
    suggestion = ""
    if argument.domain.type is Type.BOOLEAN:
        suggestion = f"CASE WHEN {inside} THEN 1 ELSE 0 END"
    kind = "NULL" if is_null(argument) else named(argument.domain.type)
    return refuse(
        "type_mismatch",
        f"{_name(node)} takes a number; {inside} is {kind}.",
        clause=quote(node, scope.text),
        suggestion=_rewritten(part, node, suggestion, scope),
    )


def _rewritten(part: exp.Expr, node: exp.Expr, better: str, scope: Scope) -> str:
    """The aggregate with one of its arguments written better; nothing where it is."""
    both = [each for each in (node.this, node.args.get("expression")) if each]
    written = (better if each is part else quote(each, scope.text) for each in both)
    return f"{_name(node)}({', '.join(written)})" if better else ""


def _unbounded(part: exp.Expr, node: exp.Expr, scope: Scope) -> Refused:
    inside = quote(part, scope.text)
    return refuse(
        "unbounded",
        f"{inside} has no public bounds, so one person could move {_name(node)} "
        "by any amount. Give bounds of your own: what lies outside counts as the "
        "nearer one.",
        clause=quote(node, scope.text),
        suggestion=_rewritten(part, node, f"CLAMP({inside}, 0, 100000)", scope),
    )


def _too_far(
    part: exp.Expr, node: exp.Expr, argument: Expression, scope: Scope
) -> Refused:
    inside = quote(part, scope.text)
    lower, upper = ends(argument.domain) or (0, 0)
    room = _MOVED_WITH_EASE // max(1, scope.rows_per_person)
    most = 10 ** (len(str(room)) - 1)
    bounds = ", ".join(
        written(end, argument.domain.scale)
        for end in (max(lower, -most), min(upper, most))
    )
    return refuse(
        "overflow",
        f"One person could move {_name(node)}({inside}) too far for any noise "
        "to fit 64 bits. Narrow it with CLAMP.",
        clause=quote(node, scope.text),
        suggestion=_rewritten(part, node, f"CLAMP({inside}, {bounds})", scope),
    )


def _ordered(node: exp.Expr, scope: Scope) -> Aggregate:
    found = ordered(node, scope)
    return replace(found, argument=found.argument and weighed(found.argument))


def _truth(node: exp.Expr, scope: Scope) -> Aggregate:
    """Refuse what one row of one person decides: its neighbour is a count."""
    inside = quote(node.this, scope.text)
    name, kept = "BOOL_OR", inside
    if isinstance(node, exp.LogicalAnd):
        name, kept = "BOOL_AND", f"NOT ({inside})"
    raise refuse(
        "unsupported",
        f"{name} is of a person's rows, in a subquery by person: of everybody's, one "
        "row alone would decide it. Count the rows that do.",
        clause=quote(node, scope.text),
        suggestion=f"COUNT_IF({kept})" if inside else "",
    )


_Binder: TypeAlias = Callable[[exp.Expr, Scope], Aggregate]

_BINDERS: Final[tuple[tuple[tuple[type[exp.Expr], ...], _Binder], ...]] = (
    ((exp.Filter,), _filtered),
    (ORDERED, _ordered),
    (tuple(SPREAD_OF), _spread),
    (TRUTHS, _truth),
)
