"""Name the columns of the answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from unicodedata import normalize

import sqlglot.expressions as exp

from privacy.quote import quote
from privacy.refusals import refuse
from privacy.scope import PERSON_ID, Scope, find_column, quoted_name

ADDED: Final = ("_low", "_high", "_status")
"""Endings of the columns that a release adds beside each noised one."""

DRAW: Final = "draw"
"""The column that counts the draws of one question, in a laboratory."""

_MEANS: Final = {PERSON_ID: "stands for a person", DRAW: "counts draws"}
LONGEST_NAME: Final = 128
_BY_NODE: Final = {
    exp.Extract: "extract",
    exp.WidthBucket: "width_bucket",
    exp.DayOfWeekIso: "isodow",
    exp.CountIf: "count_if",
    exp.VariancePop: "var_pop",
    exp.Variance: "var_samp",
    exp.StddevPop: "stddev_pop",
    exp.Stddev: "stddev_samp",
    exp.StddevSamp: "stddev_samp",
    exp.CovarPop: "covar_pop",
    exp.CovarSamp: "covar_samp",
    exp.RegrSlope: "regr_slope",
    exp.RegrIntercept: "regr_intercept",
    exp.PercentileCont: "quantile_cont",
    exp.PercentileDisc: "quantile_disc",
}


def output_names(items: list[exp.Expr], scope: Scope) -> list[str]:
    """The name of each selected item: as asked, or the column's, or the function's.

    Names given by the question are kept as they are and refused where they are
    taken (`reserved_name`); the others get a number where they are, or where a
    release would add the same name beside a noised column.
    """
    taken = {DRAW}
    for each in items:
        if isinstance(each, exp.Alias):
            _take(each, taken, scope)
    names = [
        each.alias if isinstance(each, exp.Alias) else _free(_plain(each, scope), taken)
        for each in items
    ]
    beside = {f"{name.casefold()}{added}" for name in names for added in ADDED}
    return [_free(name, taken) if name.casefold() in beside else name for name in names]


def named_column(item: exp.Expr, scope: Scope) -> str:
    """The name of a subquery's column: as said by AS, or the column's own."""
    if isinstance(item, exp.Alias):
        _take(item, set(), scope)
        return str(item.alias)
    if isinstance(item, exp.Column):
        return _plain(item, scope)
    clause = quote(item, scope.text)
    raise refuse(
        "reserved_name",
        "A column that a subquery computes needs a name: write AS and one.",
        clause=clause,
        suggestion="" if item.find(exp.Star) is item else f"{clause} AS x",
    )


def _take(item: exp.Alias, taken: set[str], scope: Scope) -> None:
    name = item.alias
    folded = normalize("NFC", name).casefold()
    if not name or len(name) > LONGEST_NAME:
        raise refuse(
            "reserved_name",
            f"A name has 1 to {LONGEST_NAME} characters.",
            clause=quote(item, scope.text),
        )
    if folded.endswith(ADDED):
        raise refuse(
            "reserved_name",
            f"The name {name} ends in _low, _high or _status, which a release adds.",
            clause=quoted_name(name),
            suggestion=quoted_name(f"{name}_column"),
        )
    if folded in taken or folded in _MEANS:
        why = _MEANS.get(folded, "is given to two columns")
        raise refuse("reserved_name", f"The name {name} {why}: choose another.")
    taken.add(folded)


def _free(name: str, taken: set[str]) -> str:
    """The name, or the first of name_2, name_3 … that is free."""
    found = next(each for each in _numbered(name) if each.casefold() not in taken)
    taken.add(found.casefold())
    return found


def _numbered(name: str) -> Iterator[str]:
    yield name
    number = 2
    while True:
        yield f"{name}_{number}"
        number += 1


def _plain(node: exp.Expr, scope: Scope) -> str:
    """A key keeps its column's name; anything else goes by its function's."""
    if isinstance(node, exp.Paren | exp.Filter | exp.WithinGroup):
        return _plain(node.this, scope)
    if isinstance(node, exp.Column):
        found = find_column(scope, node)
        return found.name if found else node.name
    if isinstance(node, exp.Anonymous):
        return str(node.name).lower()
    if isinstance(node, exp.Func | exp.Case):
        return _BY_NODE.get(type(node), node.key)
    return "expression"
