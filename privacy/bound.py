"""Decide how much of the answer one person can touch."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from privacy.contribution import rows_per_person
from privacy.query import BoundQuery


@dataclass(frozen=True, slots=True)
class BoundedQuery:
    """A question of which one person has at most so many rows, in so many cells.

    `rows_per_person` follows from the caps publication enforced, so nothing is read
    from the data and nothing need be filtered; joins of people multiply them. A row
    is in one cell, so a person is in at most as many cells as they have rows.
    """

    query: BoundQuery
    rows_per_person: int
    cells_per_person: int


def bound(query: BoundQuery) -> BoundedQuery:
    """Bound one person's rows and cells by public facts. Refuses nothing.

    Raises ValueError for a relation that is about no people, or of which one person
    may have any number of rows: binding refuses it.
    """
    rows = rows_per_person(query.relation)
    emerging = any(key.domain.values is None for key in query.keys)
    return BoundedQuery(query, rows, rows if emerging else min(rows, cells(query)))


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
