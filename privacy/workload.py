"""How much work a question is, by its plan and public facts alone.

Nothing here is, or is computed from, what tables really hold: the time that a
question is given must not tell it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log10
from typing import Final

from privacy.catalogue import Size, Table
from privacy.contribution import rows_per_person
from privacy.plan import Plan
from privacy.profile import rows_within
from privacy.relation import (
    UNSEEN,
    Join,
    PerPerson,
    Relation,
    Selected,
    Stacked,
    TableOf,
)

_KEYS: Final = 1_000
"""How many keys that are not public are taken to come out: no data may tell it."""


@dataclass(frozen=True, slots=True)
class Workload:
    """Counts of what is done, as public facts bound them.

    `rows_read` are those of every table as often as it is read; `rows_matched` those
    that a join or a grouping by person goes through; `cells` the answer's; `figures`
    how many of them are noised and `choices` how many are chosen, over all draws.
    """

    rows_read: int
    rows_matched: int
    cells: int
    figures: int
    choices: int


def workload(plan: Plan, *, draws: int = 1) -> Workload:
    """The work of a plan, were every table as large as its public size."""
    relation = plan.query.relation
    statements = 1 + len({each.argument for each in plan.choices})
    cells, matched = plan.cells, _matched(relation)
    if plan.emerging is not None:  # their people are counted first
        statements, cells, matched = statements + 1, cells * _KEYS, rows(relation)
    return Workload(
        rows_read=statements * _read(relation),
        rows_matched=statements * matched,
        cells=cells,
        choices=cells * len(plan.choices) * draws,
        figures=cells * len(plan.components) * draws,
    )


def rows(relation: Relation) -> int:
    """The most rows a relation has, by the public sizes of its tables.

    People in a join have at most so many rows each, and no more people are in it
    than its left side has rows.
    """
    match relation:
        case TableOf(table=table):
            return _rows(table)
        case Selected(source=source) | PerPerson(source=source):
            return rows(source)
        case Stacked(sources=sources):
            return sum(rows(each) for each in sources)
        case Join(kind=kind, left=left) if kind in UNSEEN:
            return rows(left)
        case Join(left=left, right=right, people=people):
            fan_out = 1 if people is None else max(1, rows_per_person(right))
            return rows(left) * fan_out


def _rows(table: Table) -> int:
    """The power of ten that a table's rows are under, as everybody may know it.

    Twice what its profile says, noised as that is; what its steward says where it has
    none.
    """
    if table.profile is None:
        return table.size.rows
    most = 2 * rows_within(table.profile, table.rows_per_person)
    return max(Size.SMALL.rows, int(10 ** ceil(log10(most))))


def _read(relation: Relation) -> int:
    match relation:
        case TableOf(table=table):
            return _rows(table)
        case Selected(source=source) | PerPerson(source=source):
            return _read(source)
        case Stacked(sources=sources):
            return sum(_read(each) for each in sources)
        case Join(left=left, right=right):
            return _read(left) + _read(right)


def _matched(relation: Relation) -> int:
    match relation:
        case TableOf():
            return 0
        case Selected(source=source):
            return _matched(source)
        case PerPerson(source=source):
            return rows(source) + _matched(source)
        case Stacked(sources=sources):
            return sum(_matched(each) for each in sources)
        case Join(left=left, right=right):
            sides = rows(left) + rows(right) + _matched(left) + _matched(right)
            return sides + rows(relation)
