"""Rows per person against the cap, and what this cap and others would leave out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tre.inspection.landed import PEOPLE, Landed
from tre.inspection.report import Bar, Cap, Finding, Level, RowsPerPerson
from tre.intake.sql import sql
from tre.manifest import PrivacyUnit

MOST_BARS: Final = 20
MUCH: Final = 0.01
"""The share of rows dropped from which on answers are wrong by it."""

GRAVE: Final = 0.1
"""The share from which on they are wrong by more than most noise."""

BY_ROWS: Final = """
SELECT rows_of, count(*) FROM (
    SELECT count(*) AS rows_of FROM :people WHERE person IS NOT NULL GROUP BY person
)
GROUP BY rows_of ORDER BY rows_of
"""
NOBODY: Final = "SELECT count(*) FROM :people WHERE person IS NULL"


def rows_per_person(landed: Landed) -> RowsPerPerson | None:
    """How rows fall on people; None where rows are not of people."""
    if landed.resource.tre.privacy_unit is not PrivacyUnit.PERSON:
        return None
    found = dict(landed.engine.run(sql(BY_ROWS, people=PEOPLE)))
    cap = landed.resource.rows_per_person
    most = max(found, default=0)
    return RowsPerPerson(
        people=sum(found.values()),
        rows=sum(rows * people for rows, people in found.items()),
        without_person=landed.engine.count(sql(NOBODY, people=PEOPLE)),
        most=most,
        cap=cap,
        dropped=dropped(found, cap),
        people_by_rows=tuple(_bars(found)),
        other_caps=tuple(
            Cap(other, dropped(found, other)) for other in _others(cap, most)
        ),
    )


def dropped(people_by_rows: dict[int, int], cap: int) -> int:
    """Rows that a cap leaves out."""
    return sum(max(0, rows - cap) * n for rows, n in people_by_rows.items())


def level_of(share: float) -> Level:
    """How much it matters that this share of the rows would be dropped."""
    return Level.SERIOUS if share > GRAVE else Level.WARNING


def judged(table: str, persons: RowsPerPerson) -> Iterator[Finding]:
    """What the steward should know of the cap and of rows without a person."""
    every = persons.rows + persons.without_person
    if persons.without_person:
        yield Finding(
            Level.SERIOUS if persons.without_person > every / 10 else Level.WARNING,
            "without_person",
            table,
            "",
            f"{persons.without_person:,} of {every:,} rows have no identifier to be "
            "known by, and would be dropped",
            persons.without_person,
        )
    if persons.dropped > MUCH * persons.rows:
        share = persons.dropped / persons.rows
        yield Finding(
            level_of(share),
            "cap_drops_rows",
            table,
            "",
            f"the cap of {persons.cap} rows a person drops {share:.1%} of the rows: "
            "counts and sums would be too low by as much, at any price. Choose the cap "
            "from what the data mean, such as one row a tax year",
            persons.dropped,
            "tre: {rows_per_person: …}   # larger: fewer rows dropped, more noise",
        )
    elif persons.most and persons.cap >= 2 * persons.most:
        yield Finding(
            Level.NOTE,
            "cap_unused",
            table,
            "",
            f"nobody has half as many rows as the cap of {persons.cap} allows: every "
            "answer is noisier than it need be. Lower it if the data's meaning does",
            change="tre: {rows_per_person: …}   # smaller: less noise, more dropped",
        )


def _others(cap: int, most: int) -> list[int]:
    steps = {1, 2, 4, 8, 16, 32, 64, 128, 256, max(1, cap // 2), cap, 2 * cap, most}
    return sorted(step for step in steps if 0 < step <= max(most, cap))


def _bars(found: dict[int, int]) -> Iterator[Bar]:
    for rows in sorted(found)[:MOST_BARS]:
        yield Bar(str(rows), found[rows])
    rest = sum(found[rows] for rows in sorted(found)[MOST_BARS:])
    if rest:
        yield Bar("more", rest)
