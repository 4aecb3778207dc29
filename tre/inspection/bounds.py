"""What each of a manifest's bounds by group would leave out, before publication."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from privacy.catalogue import GroupBound
from tre.inspection.caps import MUCH, level_of
from tre.inspection.landed import CHECKED, PEOPLE, Landed
from tre.inspection.report import BoundLoss, Finding, RowsPerPerson
from tre.intake.grouped import within_groups
from tre.intake.sql import select_from, sql
from tre.manifest import bounds_of

SOMEBODYS: Final = """
SELECT c.*, p.person, hash(c._row) AS _order
FROM :checked AS c INNER JOIN :people AS p ON p._row = c._row
WHERE p.person IS NOT NULL
"""
"""Rows with whose they are, and in what order one draw may leave them out.

Publication draws with secret numbers; how many rows a bound of `rows` leaves out is
the same for every draw, and with `groups` nearly so.
"""

LEFT: Final = "SELECT count(*) FROM :kept"


def beside_bounds(
    landed: Landed, persons: RowsPerPerson | None
) -> RowsPerPerson | None:
    """The same, with what each bound by group would leave out by itself."""
    if persons is None:
        return None
    found = (_loss(landed, bound, persons.rows) for bound in bounds_of(landed.resource))
    return replace(persons, bounds=tuple(found))


def _loss(landed: Landed, bound: GroupBound, rows: int) -> BoundLoss:
    names = {known.name: f"c{place}" for place, known in enumerate(landed.columns)}
    whose = select_from(SOMEBODYS, checked=CHECKED, people=PEOPLE)
    kept = within_groups(whose, (bound,), names, "person", ("_order", "_row"))
    left = landed.engine.count(sql(LEFT, kept=kept.subquery("rows")))
    return BoundLoss(bound.words, rows - left, drawn=bound.groups is not None)


def judged(table: str, persons: RowsPerPerson) -> Iterator[Finding]:
    """What the steward should know of bounds that leave out many rows."""
    for bound in persons.bounds:
        share = bound.dropped / persons.rows if persons.rows else 0
        if share > MUCH:
            yield Finding(
                level_of(share),
                "group_bound_drops_rows",
                table,
                "",
                f"keeping, of a person's rows, {bound.words} drops {bound.shown}"
                f" ({share:.1%}): counts and sums would be too low by as much, at any"
                " price. Declare what a person's rows are, and no less",
                bound.dropped,
                "tre: {group_bounds: […]}   # larger, or none: fewer rows dropped",
            )
