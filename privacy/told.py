"""What the profile tells of a question's numbers, where it tells of just those."""

from __future__ import annotations

from privacy.expression import Call, Case, ColumnOf, Expression
from privacy.histogram import Histogram
from privacy.query import BoundQuery


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
