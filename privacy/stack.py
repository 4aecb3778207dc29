"""Bind UNION ALL: rows of several subqueries, one below the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final

import sqlglot.expressions as exp

from privacy.catalogue import Column, Domain, Type
from privacy.choices import named
from privacy.domains import ends, fits, rescaled, union
from privacy.expression import Call, ColumnOf, Expression, Function
from privacy.literals import typed_null
from privacy.quote import quote
from privacy.refusals import refuse
from privacy.relation import (
    PerPerson,
    Selected,
    Stacked,
    about_people,
    linked,
    tables,
)

MOST_STACKED: Final = 16
_SOURCE: Final = "u"


@dataclass(frozen=True, slots=True)
class Layer:
    """One subquery of a union, once bound: its rows, its columns, and its text."""

    node: exp.Select
    relation: Selected | PerPerson | Stacked
    columns: tuple[Column, ...]
    has_person: bool


@dataclass(frozen=True, slots=True)
class Stack:
    """A union, and what is known of its columns."""

    relation: Stacked
    columns: tuple[Column, ...]
    has_person: bool


def layers_of(node: exp.Union) -> list[exp.Expr]:
    """The members of a union, in order."""
    found: list[exp.Expr] = []
    waiting: list[exp.Expr] = [node]
    while waiting:
        each = waiting.pop()
        if isinstance(each, exp.Union):
            waiting += [each.expression, each.this]
        else:
            found.append(each)
    return found


def numbered(node: exp.Union) -> exp.Union:
    """The union, with a name for what later members compute: the first's counts."""
    _, *later = layers_of(node)
    for select in later:
        inside = select.this if isinstance(select, exp.Subquery) else select
        for place, each in enumerate(inside.expressions):
            if not isinstance(each, exp.Alias | exp.Column | exp.Star):
                name = exp.to_identifier(f"column{place}", quoted=True)
                each.replace(exp.Alias(this=each.copy(), alias=name))
    return node


def stack(layers: Sequence[Layer], text: str) -> Stack:
    """Stack subqueries with the same columns, in order, under the first one's names.

    A person's rows of all of them are that person's, so their caps add up (see
    `contribution`). All are of people of one spine, or all of one table: otherwise
    one `person_id` would stand for several people.
    """
    _check_people(layers, text)
    first = layers[0]
    for each, other in combinations(layers, 2):
        _check_columns(each, other, text)
    columns = tuple(
        Column(
            found[0].name,
            _common([each.domain for each in found]),
            sensitive=any(each.sensitive for each in found),
        )
        for found in zip(*(each.columns for each in layers), strict=True)
    )
    _check_sizes(layers, columns, text)
    sources = tuple(_aligned(each, columns) for each in layers)
    return Stack(Stacked("", sources), columns, first.has_person)


def _check_people(layers: Sequence[Layer], text: str) -> None:
    for each in layers:
        if not about_people(each.relation):
            raise refuse(
                "unsupported",
                "UNION ALL stacks rows of people, and these are public.",
                clause=quote(each.node, text),
            )
    one_table = {name.name for each in layers for name in tables(each.relation)}
    if not all(linked(each.relation) for each in layers) and len(one_table) > 1:
        raise refuse(
            "join",
            "Every row of a table with privacy unit `row` is somebody else, so it is "
            "stacked with no other table.",
            clause=quote(layers[-1].node, text),
        )
    places = {_person_place(each) for each in layers}
    if len({each.has_person for each in layers}) > 1 or len(places - {None}) > 1:
        raise refuse(
            "person_id",
            "Every SELECT of a union selects person_id, at the same place, or none "
            "does.",
            clause=quote(layers[-1].node, text),
        )


def _person_place(layer: Layer) -> int | None:
    """Where person_id is selected; None where * or nothing selects it."""
    nodes = [each.unalias() for each in layer.node.expressions]
    if any(each.find(exp.Star) is not None for each in nodes):
        return None
    names = [
        each.name.casefold() if isinstance(each, exp.Column) else "" for each in nodes
    ]
    return names.index("person_id") if "person_id" in names else None


def _check_columns(first: Layer, other: Layer, text: str) -> None:
    clause = quote(other.node, text)
    if len(first.columns) != len(other.columns):
        raise refuse(
            "type_mismatch",
            f"One SELECT of a union has {len(first.columns)} columns beside "
            f"person_id, and this one {len(other.columns)}.",
            clause=clause,
        )
    for mine, theirs in zip(first.columns, other.columns, strict=True):
        either = (mine.domain, theirs.domain)
        if mine.domain.type is not theirs.domain.type and not any(map(_null, either)):
            raise refuse(
                "type_mismatch",
                f"{theirs.name} is {named(theirs.domain.type)}, and is stacked below "
                f"{mine.name}, which is {named(mine.domain.type)}.",
                clause=clause,
            )


def _common(domains: Sequence[Domain]) -> Domain:
    """What all of them hold; a column that is always NULL has the others' type."""
    known = [each for each in domains if not _null(each)] or list(domains)
    return union(known, nullable=any(each.nullable for each in domains))


def _null(domain: Domain) -> bool:
    """Whether a column is always NULL: it has no other value."""
    return domain.values == ()


def _check_sizes(layers: Sequence[Layer], columns: Sequence[Column], text: str) -> None:
    """Refuse where writing a number at the common scale could outgrow 64 bits."""
    for layer in layers:
        for mine, common in zip(layer.columns, columns, strict=True):
            coarser = mine.domain.scale < common.domain.scale
            if mine.domain.type is not Type.NUMBER or not coarser:
                continue
            found = ends(rescaled(mine.domain, common.domain.scale))
            if found is None or not fits(*found):
                raise refuse(
                    "unbounded",
                    f"{mine.name} is stacked with a number of more decimals, and has "
                    "no bounds, or too wide ones, for that. Narrow it with CLAMP.",
                    clause=quote(layer.node, text),
                )


def _aligned(layer: Layer, columns: Sequence[Column]) -> Selected:
    """The rows with the union's names and scales."""
    pairs = zip(layer.columns, columns, strict=True)
    chosen = tuple((common.name, _at(mine, common)) for mine, common in pairs)
    return Selected("", replace(layer.relation, name=_SOURCE), None, chosen)


def _at(mine: Column, common: Column) -> Expression:
    """A column at the common scale: COALESCE of one value is the value, at its own."""
    if _null(mine.domain):
        return typed_null(common.domain)
    domain = replace(mine.domain, scale=common.domain.scale)
    if mine.domain.type is Type.NUMBER:
        domain = rescaled(mine.domain, common.domain.scale)
    column = ColumnOf(_SOURCE, mine.name, mine.domain, mine.sensitive)
    return Call(Function.COALESCE, (column,), domain)
