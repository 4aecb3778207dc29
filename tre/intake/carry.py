"""What stays of the version before when a delivery adds to it or corrects it.

Rows carry their secret random number with them. A person's rows of all deliveries are
ranked by it together, and those of the lowest numbers stay: which is what would have
stayed had everything been delivered at once, because what the cap left out before has
higher numbers than all that it kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import sqlglot.expressions as exp

from connectors.errors import Invalid
from privacy.catalogue import Table, Unit
from tre.intake.engine import Engine
from tre.intake.heed import Use, objectors
from tre.intake.publication import Before
from tre.intake.sql import column, named, relation, select, sql
from tre.intake.zones import Zones

SUPERSEDED: Final = relation("staging", "superseded")
NUMBER: Final = "_order"

STAYS: Final = "person_id NOT IN (:objectors)"
NOT_SUPERSEDED: Final = "_order NOT IN (SELECT number FROM :superseded)"
GONE: Final = """
SELECT person_id AS person, -count(*) AS brought
FROM :rows
WHERE _order IN (SELECT number FROM :superseded WHERE _removed)
GROUP BY person_id
"""
NEXT_PERSON: Final = "SELECT coalesce(max(CAST(person_id AS BIGINT)) + 1, 0) FROM :rows"


def brought_by(table: str) -> str:
    """The name beside a table's that no table can have: what its people brought."""
    return f"_brought_{table}"


@dataclass(frozen=True, slots=True)
class Carry:
    """A version attached as `before`, whose rows stay but for those superseded.

    `corrected` is whether `staging.superseded` says which those are.
    """

    use: Use
    corrected: bool


def open_before(engine: Engine, zones: Zones, before: Before) -> None:
    """Attach the version that a delivery adds to or corrects, as `before`.

    Invalid where it was published without the numbers that its rows are ranked by.
    """
    key = zones.keystore.key(before.key_name)
    engine.attach_for_reading("before", zones.home / before.file, key)
    for table in before.tables:
        if table.unit is not Unit.NONE and not _numbered(engine, table):
            raise Invalid(
                "tre.delivery",
                f"version {before.version} was written without row numbers, or since"
                " people were numbered anew: deliver the dataset whole once (kind:"
                " replace)",
            )


def _numbered(engine: Engine, table: Table) -> bool:
    brought = brought_by(table.name)
    return engine.has_column("before", table.name, NUMBER) and engine.has_column(
        "before", brought, "person_id"
    )


def check_same(before: Sequence[Table], after: Sequence[Table]) -> None:
    """Invalid where tables differ in what the public relies on: then nothing joins.

    Titles, descriptions, sizes and what is sensitive may change.
    """
    old = {table.name: _relied_on(table) for table in before}
    if old.keys() != {table.name for table in after}:
        raise Invalid(
            "resources",
            f"expected the tables of the version before: {', '.join(sorted(old))}",
        )
    for index, table in enumerate(after):
        if table.unit is not Unit.NONE and _relied_on(table) != old[table.name]:
            raise Invalid(
                f"resources[{index}]",
                "expected the columns, bounds, lists and caps of the version before:"
                " where they change, deliver the dataset whole (kind: replace)",
            )


def _relied_on(table: Table) -> object:
    columns = tuple((known.name, known.domain) for known in table.columns)
    return table.unit, table.rows_per_person, table.bounds, columns


def carried_rows(table: Table, carry: Carry) -> exp.Select:
    """The rows that stay: `_row` (NULL), `_order`, `c…` and `person`."""
    columns = [
        named(column(known.name), f"c{place}")
        for place, known in enumerate(table.columns)
    ]
    own = [named(exp.Null(), "_row"), column(NUMBER)]
    person = named(column("person_id"), "person")
    rows = select([*own, *columns, person], relation("before", table.name))
    if table.unit is Unit.PERSON:
        rows = rows.where(sql(STAYS, objectors=objectors(carry.use)), copy=False)
    if carry.corrected:
        rows = rows.where(sql(NOT_SUPERSEDED, superseded=SUPERSEDED), copy=False)
    return rows


def carried_brought(
    table: Table, brought: str, moved: Sequence[str], carry: Carry
) -> list[exp.Select]:
    """What people had brought before, and less what is removed: by `person`.

    `moved` are the columns of clamped values that the table had before.
    """
    before = relation("before", brought)
    names = [named(column("person_id"), "person"), column("brought")]
    earlier = select([*names, *map(column, moved)], before)
    if table.unit is Unit.PERSON:
        earlier = earlier.where(sql(STAYS, objectors=objectors(carry.use)), copy=False)
    if not carry.corrected:
        return [earlier]
    rows = relation("before", table.name)
    gone = sql(GONE, rows=rows, superseded=SUPERSEDED)
    assert isinstance(gone, exp.Select)  # noqa: S101 - the template is one
    return [earlier, gone]


def next_person(engine: Engine, table: Table) -> int:
    """The first number that nobody in the version before has."""
    return engine.count(sql(NEXT_PERSON, rows=relation("before", table.name)))
