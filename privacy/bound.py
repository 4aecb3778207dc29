"""Decide how much of the answer one person can touch."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from privacy.among import agreeing, all_of, meeting
from privacy.contribution import Contribution, groups_among, rows_among
from privacy.expression import Expression
from privacy.present import demanded_by
from privacy.query import BoundQuery


@dataclass(frozen=True, slots=True)
class BoundedQuery:
    """A question of which one person has at most so many rows, in so many cells.

    `rows_per_person` and `rows_per_cell`, how many of them are in any one cell, follow
    from what publication enforced, so nothing is read from the data and nothing need
    be filtered; joins of people multiply them. A row is in one cell of each grouping
    set, so a person is in at most as many cells of a set as they have rows.
    """

    query: BoundQuery
    rows_per_person: int
    rows_per_cell: int
    cells_per_person: int

    @property
    def contribution(self) -> Contribution:
        """One person's rows over the cells."""
        return Contribution(self.rows_per_person, self.rows_per_cell)

    def of(self, argument: Expression | None) -> BoundedQuery:
        """The same of the rows in which an argument is present, as FILTER leaves them.

        They are rows of the question whose condition demands, besides its own, what
        holds wherever the argument is not NULL, and that question's bounds are theirs.
        Rows in which it is NULL move no figure of it.
        """
        demanded = tuple(demanded_by(argument))
        if not demanded:
            return self
        where = () if self.query.where is None else (self.query.where,)
        return _bounded(self.query, all_of((*where, *demanded)))


def bound(query: BoundQuery) -> BoundedQuery:
    """Bound one person's rows and cells by public facts. Refuses nothing.

    The question's condition keeps a person at most so many rows. Of those in one cell
    they have as many as agree in its keys: where publication, or a subquery by person,
    leaves them r for each combination of some columns, and these are keys or kept at
    k combinations, r·k. Of several grouping sets the largest number counts. In g cells
    of r rows they have g·r rows at most.

    Raises ValueError for a relation that is about no people, or of which one person
    may have any number of rows: binding refuses it.
    """
    return _bounded(query, query.where)


def _bounded(query: BoundQuery, where: Expression | None) -> BoundedQuery:
    among = meeting(where, {})
    keys = [key.expression for key in query.keys]
    sets = query.sets or (tuple(range(len(keys))),)
    in_one = max(
        rows_among(query.relation, agreeing([keys[each] for each in kept], among))
        for kept in sets
    )
    rows = max(1, rows_among(query.relation, among))
    in_one = max(1, min(rows, in_one))
    emerging = any(key.domain.values is None for key in query.keys)
    if query.sets:
        return BoundedQuery(query, rows, in_one, min(rows, cells(query)))
    groups = max(1, groups_among(query.relation, keys, among))
    most = groups if emerging else min(groups, cells(query))
    rows = min(rows, most * in_one)
    return BoundedQuery(query, rows, in_one, min(rows, most))


def cells(query: BoundQuery) -> int:
    """How many cells the answer has: in each grouping set, its keys' product.

    For each combination of its other keys that comes out, where it has such.
    """
    sizes = key_sizes(query)
    every = query.sets or (tuple(range(len(sizes))),)
    return sum(prod(sizes[each] for each in kept) for kept in every)


def key_sizes(query: BoundQuery) -> tuple[int, ...]:
    """How many public values each key may take, NULL included where it may be.

    1 for a key that is not public, before it is known which values come out.
    """
    return tuple(
        1 if key.domain.values is None else len(key.domain.values) + key.domain.nullable
        for key in query.keys
    )
