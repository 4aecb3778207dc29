"""How many rows of a relation one person can have, in all and among some of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from privacy.among import (
    MANY,
    Among,
    agreeing,
    combinations,
    matching,
    meeting,
    renamed,
)
from privacy.catalogue import Table, Unit
from privacy.expression import ColumnOf, Expression
from privacy.relation import (
    UNSEEN,
    Join,
    JoinKind,
    PerPerson,
    Relation,
    Selected,
    Stacked,
    TableOf,
    about_people,
    linked,
    matches_one,
    names,
    tables,
)


@dataclass(frozen=True, slots=True)
class Contribution:
    """One person's rows: at most so many, of which in any one cell at most so many.

    Both are at least 1, and `in_one_cell` at most `rows`.
    """

    rows: int
    in_one_cell: int

    @property
    def squared(self) -> int:
        """The most that Σ nᵢ² is, where cell i has nᵢ of one person's rows.

        Of numbers of at most r each that add up to at most C it is largest where as
        many as can be are r (it is convex): ⌊C/r⌋·r² + (C mod r)² ≤ r·C.
        """
        full, rest = divmod(self.rows, self.in_one_cell)
        return full * self.in_one_cell**2 + rest**2

    def at_most(self, rows: int) -> Contribution:
        """The same of rows of which a person has at most so many."""
        rows = min(self.rows, rows)
        return Contribution(rows, min(self.in_one_cell, rows))


def rows_per_person(relation: Relation) -> int:
    """The most rows one person has in a relation, by public facts alone.

    A table has what its publication enforced: so many in all, and so many for each
    combination of values of some columns. Selecting adds none, and summing up
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
    return rows_among(relation, {})


def rows_among(relation: Relation, among: Among) -> int:
    """The same of those of its rows among which columns take so few values.

    Where a condition keeps k values of columns for each combination of which a person
    has r rows at most, they have k·r of the rows that it keeps; rows that agree in
    all such columns are r at most, in a cell of theirs or beside a row joined on them.
    """
    match relation:
        case TableOf():
            return _in_table(relation, among)
        case Selected(name, source, where, columns):
            inside = meeting(where, renamed(name, columns, among))
            return rows_among(source, inside)
        case PerPerson(name, source, where, keys):
            inside = meeting(where, renamed(name, keys, among))
            own = (ColumnOf(name, key, each.domain) for key, each in keys)
            return min(rows_among(source, inside), combinations(own, among))
        case Stacked():
            return _stacked(relation, among)
        case Join():
            return _joined(relation, among)


def groups_among(relation: Relation, keys: Iterable[Expression], among: Among) -> int:
    """In how many combinations of these keys one person's rows can be, at most.

    As many as there are, or as publication lets a person be in, of plain columns of
    one table; otherwise as many as there are rows.
    """
    keys = tuple(keys)
    rows = rows_among(relation, among)
    columns = [each for each in keys if isinstance(each, ColumnOf)]
    if not isinstance(relation, TableOf) or len(columns) < len(keys):
        return rows
    return min(rows, _groups(relation, columns, among))


def _in_table(relation: TableOf, among: Among) -> int:
    bounded = (
        each.rows * _groups(relation, _columns(relation, each.columns), among)
        for each in relation.table.bounds
        if each.rows is not None
    )
    return min(_cap(relation.table), *bounded, MANY)


def _groups(relation: TableOf, columns: Iterable[ColumnOf], among: Among) -> int:
    """How many combinations of these columns one person's rows have in a table."""
    columns = tuple(columns)
    found = combinations(columns, among)
    for each in relation.table.bounds:
        if each.groups is not None:
            others = (c for c in columns if c.name not in each.columns)
            found = min(found, each.groups * combinations(others, among))
    return found


def _columns(relation: TableOf, names: tuple[str, ...]) -> Iterator[ColumnOf]:
    domains = {each.name: each.domain for each in relation.table.columns}
    return (ColumnOf(relation.name, each, domains[each]) for each in names)


def _stacked(relation: Stacked, among: Among) -> int:
    one_table = len({table.name for table in tables(relation)}) == 1
    if not (linked(relation) or one_table):
        raise ValueError("only people of one spine are stacked")
    known = {own: size for (name, own), size in among.items() if name == relation.name}
    return sum(
        rows_among(each, {(each.name, own): size for own, size in known.items()})
        for each in relation.sources
    )


def _joined(join: Join, among: Among) -> int:
    kept_once = join.kind in UNSEEN
    if join.people is None:
        if about_people(join.right) or not (kept_once or matches_one(join)):
            raise ValueError("a join to public rows needs their unique key")
        return rows_among(join.left, among)
    if not (linked(join.left) and linked(join.right)):
        raise ValueError("only people of one spine are joined")
    if kept_once:
        return rows_among(join.left, among)
    found = rows_among(join.left, among) * max(1, _beside(join.right, join, among))
    if join.kind is JoinKind.INNER:
        other = rows_among(join.right, among) * _beside(join.left, join, among)
        return min(found, other)
    return found


def _beside(side: Relation, join: Join, among: Among) -> int:
    """How many rows of a side one row of the other is joined to.

    They agree in every column that is equal to one of the other side.
    """
    mine = frozenset(names(side))
    equal = [
        each
        for pair in matching(join.conditions)
        if len({one.table in mine for one in pair}) == 2  # noqa: PLR2004 (one of each side)
        for each in pair
        if each.table in mine
    ]
    return rows_among(side, agreeing(equal, among))


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
