"""Bind a subquery that sums up each person's rows: GROUP BY person_id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Final

import sqlglot.expressions as exp

from privacy.aggregate_kinds import AGGREGATES
from privacy.aggregates import weighed
from privacy.catalogue import Column
from privacy.expression import Call, ColumnOf, Expression, Function, is_sensitive
from privacy.figures import INSIDE, Mean, figure_of
from privacy.finite import columns_of, narrowed
from privacy.grouping import has_sets
from privacy.joins import Related
from privacy.keys import key_nodes
from privacy.names import named_column
from privacy.quote import quote
from privacy.refusals import refuse
from privacy.relation import PerPerson, Selected, Summed
from privacy.rows import bind_row
from privacy.scope import PERSON_ID, Scope, person_of

MOST_COLUMNS: Final = 256

_CLAUSES: Final = (
    ("order", "ORDER BY"),
    ("limit", "LIMIT"),
    ("offset", "OFFSET"),
)


def by_person(select: exp.Select, text: str) -> exp.Select:
    """SELECT DISTINCT person_id, … as GROUP BY: each person's different rows."""
    if not any(_is_person(each.unalias()) for each in select.expressions):
        raise refuse(
            "person_id",
            "DISTINCT merges rows, and these could be different people's: select "
            "person_id as well, for each person's different rows.",
            clause=quote(select, text),
        )
    if select.args.get("group") is not None:
        raise refuse(
            "unsupported",
            "A subquery by person has no equal rows: leave DISTINCT out.",
            clause="SELECT DISTINCT" if "SELECT DISTINCT" in text else "",
            suggestion="SELECT" if "SELECT DISTINCT" in text else "",
        )
    grouped = select.copy()
    grouped.set("distinct", None)
    grouped.set("group", exp.Group(all=True))
    return grouped


def check_grouped(select: exp.Select, text: str) -> None:
    """Refuse the clauses that a subquery by person does not have."""
    if has_sets(select.args["group"]):
        raise refuse(
            "unsupported",
            "A subquery by person has one grouping: ROLLUP, CUBE and GROUPING SETS "
            "belong outside.",
            clause=quote(select.args["group"], text),
        )
    having = select.args.get("having")
    if having is not None:  # it was taken out where every column has a name
        raise refuse(
            "unsupported",
            "Where a subquery by person has HAVING, each of its columns has a name: "
            "SUM(pay) AS total.",
            clause=quote(having, text),
        )
    for name, words in _CLAUSES:
        clause = select.args.get(name)
        if clause is not None:
            raise refuse(
                "unsupported",
                f"{words} inside a subquery is not part of the language: say WHERE "
                "around it.",
                clause=quote(clause, text),
            )


@dataclass(frozen=True, slots=True)
class People:
    """A subquery by person, and those of its columns that were selected."""

    relation: PerPerson | Selected
    columns: tuple[Column, ...]


def per_person(
    select: exp.Select, found: Related, where: Expression | None, *, narrow: bool
) -> People:
    """Bind the keys and figures of a subquery by person, or refuse it.

    Every figure is of one person's rows, of which there are at most as many as the
    relation's bound says: so its range is known.
    """
    scope = found.scope
    nodes = key_nodes(select, scope)
    _check_person(select, nodes, scope)
    bound = {_key(each, scope): "" for each in nodes if not _is_person(each)}
    every = _figures(select, bound, scope)
    figures = {name: e for name, e in every.items() if isinstance(e, Summed)}
    means = {name: e for name, e in every.items() if isinstance(e, Mean)}
    keys = {each: narrowed(each) if narrow else each for each in bound}
    shown = [
        Column(name, keys[each].domain, sensitive=is_sensitive(each))
        for each, name in bound.items()
        if name
    ]
    shown += [
        Column(name, each.domain, sensitive=_is_of_sensitive(each))
        for name, each in figures.items()
    ]
    free = _free({each.name.casefold() for each in shown})
    named = tuple((name or next(free), keys[each]) for each, name in bound.items())
    summed = PerPerson("", found.relation, where, named, tuple(figures.items()))
    if means:
        return _with_means(summed, shown, means, free)
    return People(summed, tuple(shown))


def _figures(
    select: exp.Select, bound: dict[Expression, str], scope: Scope
) -> Mapping[str, Summed | Mean]:
    """The figures that are selected by name; keys that are get theirs in `bound`."""
    found: dict[str, Summed | Mean] = {}
    for each in select.expressions:
        if _is_person(each.unalias()):
            _check_renamed(each, scope)
            continue
        name = named_column(each, scope)
        _check_free(name, (*found, *bound.values()), each, scope)
        if isinstance(each.unalias(), AGGREGATES):
            found[name] = figure_of(each.unalias(), scope)
        else:
            _name_key(each, name, bound, scope)
    return found


def _is_of_sensitive(figure: Summed) -> bool:
    return figure.argument is not None and is_sensitive(figure.argument)


def _with_means(
    summed: PerPerson,
    shown: Sequence[Column],
    means: Mapping[str, Mean],
    free: Iterator[str],
) -> People:
    """Rows of people, with quotients of sums and counts computed around them."""
    names = {name: (next(free), next(free)) for name in means}
    hidden = [
        (each, figure)
        for name, mean in means.items()
        for each, figure in zip(names[name], (mean.total, mean.count), strict=True)
    ]
    inside = replace(summed, name=INSIDE, columns=(*summed.columns, *hidden))
    columns: list[tuple[str, Expression]] = [
        (each.name, ColumnOf(INSIDE, each.name, each.domain, each.sensitive))
        for each in shown
    ]
    for name, mean in means.items():
        total, rows = names[name]
        sides = (
            ColumnOf(INSIDE, total, mean.total.domain, _is_of_sensitive(mean.total)),
            ColumnOf(INSIDE, rows, mean.count.domain),
        )
        columns.append((name, Call(Function.DIVIDE, sides, mean.domain)))
    every = [
        *shown,
        *(
            Column(name, mean.domain, sensitive=_is_of_sensitive(mean.total))
            for name, mean in means.items()
        ),
    ]
    return People(Selected("", inside, None, tuple(columns)), tuple(every))


def _key(node: exp.Expr, scope: Scope) -> Expression:
    key = weighed(bind_row(node, scope))
    if columns_of(key) == []:
        raise refuse(
            "unsupported", "A constant is not a key.", clause=quote(node, scope.text)
        )
    return key


def _free(taken: set[str]) -> Iterator[str]:
    """Names that no column has, for keys that nobody asked to see."""
    return (each for n in count() if (each := f"key{n}") not in taken)


def _check_person(select: exp.Select, nodes: list[exp.Expr], scope: Scope) -> None:
    people = [
        each for each in nodes if isinstance(each, exp.Column) and _is_person(each)
    ]
    if not people or any(person_of(scope, each).optional for each in people):
        raise refuse(
            "unsupported",
            "A subquery may sum up each person's rows, and no others: GROUP BY "
            "person_id, of a table whose rows are all somebody's, and more keys if "
            "you like.",
            clause=quote(select.args["group"], scope.text),
        )


def _is_person(node: exp.Expr) -> bool:
    return isinstance(node, exp.Column) and node.name.casefold() == PERSON_ID


def _check_renamed(node: exp.Expr, scope: Scope) -> None:
    if isinstance(node, exp.Alias) and node.alias.casefold() != PERSON_ID:
        raise refuse(
            "person_id",
            "A subquery keeps person_id under its own name.",
            clause=quote(node, scope.text),
        )


def _check_free(name: str, taken: Sequence[str], node: exp.Expr, scope: Scope) -> None:
    if name.casefold() in {each.casefold() for each in taken}:
        raise refuse(
            "reserved_name",
            f"A subquery has two columns {name}: give one another name with AS.",
            clause=quote(node, scope.text),
        )
    if len(taken) >= MOST_COLUMNS:
        raise refuse(
            "too_many_columns",
            f"A subquery by person has {MOST_COLUMNS} columns at most.",
        )


def _name_key(
    node: exp.Expr, name: str, bound: dict[Expression, str], scope: Scope
) -> None:
    value = weighed(bind_row(node.unalias(), scope))
    if value not in bound or bound[value]:
        raise refuse(
            "not_grouped",
            "A column of a subquery by person is person_id, one of its keys as GROUP "
            "BY has it, or a figure of the person's rows: COUNT, SUM, AVG, MIN, MAX, "
            "MEDIAN, BOOL_OR or BOOL_AND.",
            clause=quote(node, scope.text),
        )
    bound[value] = name
