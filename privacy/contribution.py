"""How many rows of a relation one person can have."""

from __future__ import annotations

from math import prod
from typing import Final

from privacy.catalogue import Table, Unit
from privacy.expression import Expression
from privacy.relation import (
    UNSEEN,
    Join,
    PerPerson,
    Relation,
    Selected,
    Stacked,
    TableOf,
    about_people,
    linked,
    matches_one,
    tables,
)

MANY: Final = 2**62


def rows_per_person(relation: Relation) -> int:
    """The most rows one person has in a relation, by public facts alone.

    A table has what its publication enforced. Selecting adds none, and summing up
    leaves a person one row for each combination of keys their rows have. Where
    people are joined to themselves every pair of a person's rows may match, so that
    the caps multiply; a row of a LEFT JOIN that nothing matches counts as one match.
    Stacking adds the caps up, and keeping rows by whether the same person has others
    adds none. A row joined to public rows stays one row, because a unique key that
    publication enforced lets it match one at most. All that a person's rows become
    depends on that person's rows and on public tables, so adding or removing a person
    adds or removes these rows and changes no others.

    Raises ValueError for a relation of which this does not hold; binding refuses it.
    """
    match relation:
        case TableOf(table=table):
            return _cap(table)
        case Selected(source=source):
            return rows_per_person(source)
        case PerPerson(source=source, keys=keys):
            return min(rows_per_person(source), _combinations(keys))
        case Stacked():
            return _stacked(relation)
        case Join():
            return _joined(relation)


def _stacked(relation: Stacked) -> int:
    one_table = len({table.name for table in tables(relation)}) == 1
    if not (linked(relation) or one_table):
        raise ValueError("only people of one spine are stacked")
    return sum(rows_per_person(each) for each in relation.sources)


def _joined(join: Join) -> int:
    kept_once = join.kind in UNSEEN
    if join.people is None:
        if about_people(join.right) or not (kept_once or matches_one(join)):
            raise ValueError("a join to public rows needs their unique key")
        return rows_per_person(join.left)
    if not (linked(join.left) and linked(join.right)):
        raise ValueError("only people of one spine are joined")
    most = 1 if kept_once else max(1, rows_per_person(join.right))
    return rows_per_person(join.left) * most


def _combinations(keys: tuple[tuple[str, Expression], ...]) -> int:
    """How many combinations there are of keys that are publicly known to be few."""
    sizes = [
        len(each.domain.values) + each.domain.nullable
        for _, each in keys
        if each.domain.values is not None
    ]
    return prod(sizes) if len(sizes) == len(keys) else MANY


def _cap(table: Table) -> int:
    if table.unit is Unit.NONE or table.rows_per_person < 1:
        raise ValueError("only a protected table has people to bound")
    return 1 if table.unit is Unit.ROW else table.rows_per_person


def factors(relation: Relation) -> tuple[tuple[str, int], ...]:
    """The tables of people in a relation and their caps, whose product bounds it."""
    match relation:
        case TableOf(table=table):
            return ((table.name, _cap(table)),) if about_people(relation) else ()
        case Selected(source=source):
            return factors(source)
        case PerPerson():
            return (("a subquery by person", rows_per_person(relation)),)
        case Stacked():
            return (("stacked tables", rows_per_person(relation)),)
        case Join(kind, left) if kind in UNSEEN:
            return factors(left)
        case Join(left=left, right=right):
            return factors(left) + factors(right)
