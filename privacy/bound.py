"""Decide how much of the answer one person can touch."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from privacy.catalogue import Unit
from privacy.query import BoundQuery


@dataclass(frozen=True, slots=True)
class BoundedQuery:
    """A question of which one person has at most so many rows, in so many cells.

    `rows_per_person` is the cap publication enforced, so nothing is read from the
    data and nothing need be filtered. A row is in one cell, so a person is in at
    most as many cells as they have rows.
    """

    query: BoundQuery
    rows_per_person: int
    cells_per_person: int


def bound(query: BoundQuery) -> BoundedQuery:
    """Bound one person's rows and cells by public facts. Refuses nothing.

    Raises ValueError for a table that is about no people: binding refuses it.
    """
    table = query.table
    if table.unit is Unit.NONE or table.rows_per_person < 1:
        raise ValueError("only a protected table has people to bound")
    rows = 1 if table.unit is Unit.ROW else table.rows_per_person
    return BoundedQuery(query, rows, min(rows, cells(query)))


def cells(query: BoundQuery) -> int:
    """How many cells the answer has: the product of the keys' public domains."""
    return prod(
        len(key.domain.values or ()) + key.domain.nullable for key in query.keys
    )
