"""Say how many cells may be suppressed, by what is public of a question's rows."""

from __future__ import annotations

from collections.abc import Sequence
from math import erfc, exp, sqrt

from privacy.certificates import least_shown
from privacy.contribution import rows_per_person
from privacy.mechanism import Kind
from privacy.price import Price
from privacy.profile import people, rows_within
from privacy.query import Statistic
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
)


def hidden(seen: Sequence[Price]) -> tuple[str, ...]:
    """How many cells certificates would hide if rows were spread evenly.

    `seen` are the groupings of a question. Where nothing tells of its rows that is
    said instead; and nothing where no certificate hides any cell.
    """
    first = seen[0].plan
    if not first.supports:
        return ()
    if first.emerging is not None:
        return ("How many values come out is not known before they do.",)
    whole = _all([_expected(each) for each in seen])
    if whole is None:
        return (
            "How many cells would be suppressed is not predicted: nothing public says "
            "how many rows these have.",
        )
    cells = sum(each.plan.cells for each in seen)
    number = f"about {whole:,.0f}" if whole >= 1 else "fewer than one"
    return (
        f"If rows were spread evenly over the cells, {number} of {cells:,} would be "
        "suppressed; conditions that keep fewer rows hide more.",
    )


def _expected(price: Price) -> float | None:
    """The expected number of suppressed cells of one grouping."""
    plan = price.plan
    relation, worst = plan.query.relation, 0.0
    rows, persons = _rows(relation, plan.rank), _people(relation)
    if rows is None or persons is None:
        return None
    for support in set(plan.supports):
        component = plan.components[support.component]
        each = rows / plan.cells
        if component.statistic is Statistic.PEOPLE:
            each = min(each, persons)
        mechanism = price.mechanisms[support.component]
        short = (least_shown(price, support) - each) / mechanism.scale
        worst = max(worst, _below(short, mechanism.kind))
    return worst * plan.cells


def _rows(relation: Relation, rank: int | None = None) -> float | None:
    """How many rows there are, about, where no condition leaves any out.

    Of a join, as many as the side has of which the other has one row a person at
    most; None where neither has, or a table has no profile.
    """
    match relation:
        case TableOf(table=table):
            profile = table.profile
            cap = rank or table.rows_per_person
            return None if profile is None else rows_within(profile, cap)
        case Selected(source=source):
            return _rows(source)
        case PerPerson(source=source, keys=keys):
            return _rows(source) if keys else _people(source)
        case Stacked(sources=sources):
            return _all([_rows(each) for each in sources])
        case Join():
            return _joined(relation)


def _joined(join: Join) -> float | None:
    left = _rows(join.left)
    if join.kind in UNSEEN or not about_people(join.right):
        return left
    if rows_per_person(join.right) == 1:
        return left
    right = _rows(join.right)
    if left is None or right is None or rows_per_person(join.left) > 1:
        return None
    return max(left, right) if join.kind is JoinKind.LEFT else right


def _people(relation: Relation) -> float | None:
    """How many people these are of, about, at most."""
    match relation:
        case TableOf(table=table):
            return None if table.profile is None else people(table.profile)
        case Selected(source=source) | PerPerson(source=source):
            return _people(source)
        case Stacked(sources=sources):
            return _all([_people(each) for each in sources])
        case Join(left=left):
            return _people(left)


def _all(found: Sequence[float | None]) -> float | None:
    """Their sum; None where one is not known."""
    known = [each for each in found if each is not None]
    return sum(known) if len(known) == len(found) else None


def _below(deviations: float, kind: Kind) -> float:
    """The probability that noise is below so many of its scales."""
    if kind is Kind.GAUSSIAN:
        return erfc(-deviations / sqrt(2)) / 2
    tail = exp(-abs(deviations)) / 2
    return tail if deviations < 0 else 1 - tail
