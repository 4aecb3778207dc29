"""What the profile tells of a question's numbers, where it tells of just those."""

from __future__ import annotations

from dataclasses import dataclass

from privacy.catalogue import Unit
from privacy.expression import Call, Case, ColumnOf, Expression
from privacy.histogram import Histogram
from privacy.ordinal import ordinal_ends
from privacy.profile import rows_within
from privacy.query import BoundQuery
from privacy.relation import TableOf


@dataclass(frozen=True, slots=True)
class Crowd:
    """Where the values of a column are, and how many `rows` an average cell has.

    `rows` is None where the question is of other rows than were measured.
    """

    values: Histogram
    rows: float | None


def measured(
    query: BoundQuery,
    argument: Expression,
    histograms: tuple[Histogram, ...],
    ends: tuple[int, int],
) -> Histogram | None:
    """The histogram of a column that a question sums or averages; None where unfit.

    Only a plain column's numbers were measured, and only of all rows together: keys
    by which they differ much, such as ranges of the column itself, and conditions
    would have it tell of other rows. One of an earlier version may be of other bounds
    than `ends`, and then tells nothing.
    """
    if not isinstance(argument, ColumnOf) or query.where is not None:
        return None
    if any(argument.name in columns_of(key.expression) for key in query.keys):
        return None
    fit = (each for each in histograms if each.column == argument.name)
    return next((e for e in fit if e.is_of(*ends, argument.domain.scale)), None)


def crowd_of(query: BoundQuery, argument: Expression, cells: int) -> Crowd | None:
    """What the profile tells of a plain column of the one table that is asked."""
    relation = query.relation
    if not isinstance(relation, TableOf) or not isinstance(argument, ColumnOf):
        return None
    table = relation.table
    if table.profile is None or table.unit is Unit.NONE:
        return None
    ends, scale = ordinal_ends(argument.domain), argument.domain.scale
    fit = (each for each in table.profile.values if each.column == argument.name)
    known = next((each for each in fit if each.is_of(*ends, scale)), None)
    if known is None:
        return None
    whole = measured(query, argument, (known,), ends) is not None
    listed = all(key.domain.values is not None for key in query.keys)
    rows = rows_within(table.profile, table.rows_per_person) / cells
    return Crowd(known, rows if whole and listed else None)


def columns_of(expression: Expression) -> frozenset[str]:
    """The columns an expression is computed from."""
    match expression:
        case ColumnOf(_, name):
            return frozenset((name,))
        case Call(_, arguments):
            return frozenset().union(*map(columns_of, arguments))
        case Case(branches, default):
            parts = [each for branch in branches for each in branch]
            parts += [] if default is None else [default]
            return frozenset().union(*map(columns_of, parts))
        case _:
            return frozenset()
