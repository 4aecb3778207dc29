"""Rows by their rank among a person's, which publication drew by lot."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from privacy.catalogue import Domain, Table, Type
from privacy.expression import Call, Case, ColumnOf, Expression, Function, Literal

RANK: Final = "_rank"
"""The column of every protected table that no question can name: 1 to its cap."""


def within(argument: Expression, name: str, table: Table, rank: int) -> Expression:
    """The argument in a person's first `rank` rows, else NULL.

    `name` is what the table goes by. A person has at most `rank` such rows.
    """
    return _where(Function.AT_MOST, argument, name, table, rank)


def past(argument: Expression, name: str, table: Table, rank: int) -> Expression:
    """The argument in a person's other rows, else NULL: at most the cap less `rank`."""
    return _where(Function.MORE, argument, name, table, rank)


def _where(
    function: Function, argument: Expression, name: str, table: Table, rank: int
) -> Expression:
    whole = Domain(Type.NUMBER, 0, 1, table.rows_per_person, nullable=False)
    limit = Domain(Type.NUMBER, 0, rank, rank, nullable=False, values=(rank,))
    known = Domain(Type.BOOLEAN, nullable=False)
    condition = Call(
        function, (ColumnOf(name, RANK, whole), Literal(rank, limit)), known
    )
    return Case(((condition, argument),), None, replace(argument.domain, nullable=True))
