"""Bind aggregates that are one of the values: MEDIAN, quantiles, MIN and MAX."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

import sqlglot.expressions as exp

from privacy.catalogue import Type
from privacy.choices import named
from privacy.errors import Refused
from privacy.expression import Expression, Literal
from privacy.literals import is_null, written
from privacy.ordinal import ordinal_ends
from privacy.query import Aggregate, Statistic
from privacy.quote import quote
from privacy.refusals import refuse
from privacy.rows import bind_row
from privacy.scope import Scope

MOST_DECIMALS: Final = 6
"""Decimals that the share of a quantile may have."""

WIDEST: Final = 2**62
"""How many values there may be between a column's bounds."""

_ORDERED: Final = (Type.NUMBER, Type.DATE, Type.DATETIME)
_HALF: Final = Fraction(1, 2)


def ordered(node: exp.Expr, scope: Scope) -> Aggregate:
    """Bind an aggregate that picks a value by its order among those of a group.

    Its argument is a number, date or time bounded on both sides. Quantiles at 0 and
    at 1 are MIN and MAX.
    """
    match node:
        case exp.Min():
            return _extreme(Statistic.MIN, node, scope)
        case exp.Max():
            return _extreme(Statistic.MAX, node, scope)
        case exp.Median():
            argument = _argument(node.this, node, scope)
            return Aggregate(Statistic.QUANTILE_CONT, argument, at=_HALF)
        case exp.WithinGroup():
            return _within_group(node, scope)
        case _:
            share = node.args.get("expression") or node.args.get("quantile")
            return _quantile(node, node.this, share, node, scope)


def _extreme(statistic: Statistic, node: exp.Expr, scope: Scope) -> Aggregate:
    return Aggregate(statistic, _argument(node.this, node, scope))


def _within_group(node: exp.WithinGroup, scope: Scope) -> Aggregate:
    """PERCENTILE_CONT(p) WITHIN GROUP (ORDER BY x), ascending."""
    inside, terms = node.this, node.expression.expressions
    quantile = isinstance(inside, exp.PercentileCont | exp.PercentileDisc)
    if not quantile or inside.args.get("expression") or len(terms) != 1:
        raise _malformed(node, scope)
    (term,) = terms
    if term.args.get("desc"):
        raise _descending(node, term, scope)
    return _quantile(inside, term.this, inside.this, node, scope)


def _quantile(
    kind: exp.Expr,
    part: exp.Expr,
    share: exp.Expr | None,
    node: exp.Expr,
    scope: Scope,
) -> Aggregate:
    if share is None:
        raise _malformed(node, scope)
    at = _share(share, scope)
    argument = _argument(part, node, scope)
    if at in (0, 1):
        return Aggregate(Statistic.MAX if at else Statistic.MIN, argument)
    continuous = isinstance(kind, exp.PercentileCont)
    statistic = Statistic.QUANTILE_CONT if continuous else Statistic.QUANTILE_DISC
    return Aggregate(statistic, argument, at=at)


def _share(node: exp.Expr, scope: Scope) -> Fraction:
    """A constant from 0 to 1 of few decimals."""
    bound = bind_row(node, scope)
    value = bound.value if isinstance(bound, Literal) else None
    if isinstance(value, int) and bound.domain.type is Type.NUMBER:
        share = Fraction(value, 10**bound.domain.scale)
        if 0 <= share <= 1 and bound.domain.scale <= MOST_DECIMALS:
            return share
    raise refuse(
        "invalid_value",
        f"A quantile is at a number from 0 to 1, of {MOST_DECIMALS} decimals at most.",
        clause=quote(node, scope.text),
        suggestion="0.5",
    )


def _malformed(node: exp.Expr, scope: Scope) -> Refused:
    return refuse(
        "unsupported",
        "A quantile is written QUANTILE_CONT(x, 0.25) or PERCENTILE_CONT(0.25) "
        "WITHIN GROUP (ORDER BY x).",
        clause=quote(node, scope.text),
    )


def _descending(node: exp.Expr, term: exp.Expr, scope: Scope) -> Refused:
    at = _share(node.this.this, scope)
    millionths = int((1 - at) * 10**MOST_DECIMALS)
    return refuse(
        "unsupported",
        "A quantile counts from the least value upwards. From the largest "
        "downwards, it is the one at 1 less the share.",
        clause=quote(node, scope.text),
        suggestion=f"QUANTILE_CONT({quote(term.this, scope.text)}, "
        f"{written(millionths, MOST_DECIMALS)})",
    )


def _argument(part: exp.Expr, node: exp.Expr, scope: Scope) -> Expression:
    """What is put in order: bounded on both sides, since any value may come out."""
    argument = bind_row(part, scope)
    inside, clause = quote(part, scope.text), quote(node, scope.text)
    if argument.domain.type not in _ORDERED or is_null(argument):
        kind = "NULL" if is_null(argument) else named(argument.domain.type)
        raise refuse(
            "type_mismatch",
            f"Quantiles are of numbers, dates and times; {inside} is {kind}.",
            clause=clause,
        )
    if not argument.domain.bounded:
        raise _unbounded(argument, inside, clause)
    lower, upper = ordinal_ends(argument.domain)
    if upper - lower >= WIDEST:
        raise refuse(
            "overflow",
            f"{inside} may take more values than can be told apart. "
            "Narrow it with CLAMP.",
            clause=inside,
            suggestion=f"CLAMP({inside}, 0, {10**6})",
        )
    return argument


def _unbounded(argument: Expression, inside: str, clause: str) -> Refused:
    number = argument.domain.type is Type.NUMBER
    return refuse(
        "unbounded",
        f"{inside} has no public bounds, and a quantile is looked for among the "
        "values between them."
        + (" Give bounds of your own with CLAMP." if number else ""),
        clause=inside if number else clause,
        suggestion=f"CLAMP({inside}, 0, 100000)" if number else "",
    )
