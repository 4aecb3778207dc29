"""A relation with its conditions taken out, and its columns by where they come from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from privacy.canonical import row_text
from privacy.expression import Call, Case, ColumnOf, Expression
from privacy.relation import (
    Join,
    PerPerson,
    Relation,
    Selected,
    Stacked,
    TableOf,
)
from privacy.weight import weight

_MOST: Final = 2_000
"""How long an expression may become by being read through subqueries."""


@dataclass(frozen=True, slots=True)
class Opened:
    """`text` is equal for relations that are equal but for what they select.

    `conditions` are what they select, and `columns` what each name means, in terms of
    tables that are named by their place in the text.
    """

    text: str
    conditions: tuple[Expression, ...]
    places: Mapping[str, str]
    columns: Mapping[tuple[str, str], Expression]

    def read(self, expression: Expression) -> Expression:
        """The expression over tables; as it is where that would be too long."""
        found = self._read(expression)
        return expression if weight(found, _MOST) > _MOST else found

    def _read(self, expression: Expression) -> Expression:
        match expression:
            case ColumnOf(table, name):
                known = self.columns.get((table, name))
                if known is not None:
                    return known
                return replace(expression, table=self.places.get(table, table))
            case Call(arguments=arguments):
                return replace(expression, arguments=tuple(map(self._read, arguments)))
            case Case(branches, default):
                return replace(
                    expression,
                    branches=tuple(
                        (self._read(when), self._read(then)) for when, then in branches
                    ),
                    default=None if default is None else self._read(default),
                )
            case _:
                return expression


def opened(relation: Relation, at: str = "") -> Opened:
    """The relation, opened; `at` is its place in what it is part of."""
    match relation:
        case TableOf(name, table):
            return Opened(json.dumps([at, table.name]), (), {name: at}, {})
        case Selected():
            return _selected(relation, at)
        case PerPerson():
            return _per_person(relation, at)
        case Stacked(name, sources):
            parts = [opened(each, f"{at}{n}") for n, each in enumerate(sources)]
            text = json.dumps(["stacked", *(each.text for each in parts)])
            conditions = tuple(one for each in parts for one in each.conditions)
            return Opened(text, conditions, {name: at}, {})
        case Join():
            return _join(relation, at)


def _selected(relation: Selected, at: str) -> Opened:
    source = opened(relation.source, at)
    columns = {
        (relation.name, name): source.read(each) for name, each in relation.columns
    }
    here = () if relation.where is None else (source.read(relation.where),)
    return Opened(source.text, (*source.conditions, *here), {}, columns)


def _per_person(relation: PerPerson, at: str) -> Opened:
    source = opened(relation.source, f"{at}p")
    keys = [row_text(source.read(each)) for _, each in relation.keys]
    figures = [
        [name, each.summary.value, _text(source, each.argument)]
        for name, each in relation.columns
    ]
    here = () if relation.where is None else (source.read(relation.where),)
    return Opened(
        json.dumps(["people", source.text, keys, figures]),
        (*source.conditions, *here),
        {relation.name: at},
        {},
    )


def _join(relation: Join, at: str) -> Opened:
    left, right = opened(relation.left, f"{at}l"), opened(relation.right, f"{at}r")
    whole = Opened(
        "",
        (*left.conditions, *right.conditions),
        {**right.places, **left.places},
        {**right.columns, **left.columns},
    )
    on = sorted(row_text(whole.read(each)) for each in relation.conditions)
    kind = relation.kind.value
    text = json.dumps([kind, left.text, right.text, relation.people is not None, on])
    return replace(whole, text=text)


def _text(source: Opened, expression: Expression | None) -> str:
    return "" if expression is None else row_text(source.read(expression))
