"""A new spine version: every person under a number that was drawn anew.

Who is known anew as two people, or as one with another, has their rows handed out or
put together, and capped again; everybody else's rows stay as they were. The numbers are
a secret random permutation of all people, so that no number of a person joins the old
version to the new one. Rows go on with the numbers that they were drawn by, which later
deliveries are matched and capped by: whoever read both files could join their rows. So
the old file's key is destroyed with the switch, and the numbers are no column that a
question can name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import pyarrow as pa

from tre.intake import spine
from tre.intake.engine import Engine
from tre.intake.link import permutation
from tre.intake.sql import relation, sql
from tre.intake.zones import Zones

GROUPED: Final = relation("linkage", "grouped")
MOVED: Final = relation("linkage", "moved")
PARTED: Final = relation("linkage", "parted")

GROUP: Final = """
CREATE TABLE :grouped AS
WITH keyed AS (
    SELECT
        r.record,
        r.person AS old,
        CASE WHEN g.record IS NULL THEN r.person ELSE -1 - g.part END AS key
    FROM earlier.record AS r LEFT JOIN regrouped AS g ON g.record = r.record
),
placed AS (
    SELECT key, row_number() OVER () - 1 AS place
    FROM (SELECT DISTINCT key FROM keyed)
)
SELECT k.record, k.old, d.number AS person
FROM keyed AS k
INNER JOIN placed AS p ON p.key = k.key
INNER JOIN drawn AS d ON d.place = p.place
"""

GROUPS: Final = """
SELECT
    (
        SELECT count(DISTINCT person) FROM earlier.record
        ANTI JOIN regrouped USING (record)
    )
    + (SELECT count(DISTINCT part) FROM regrouped)
"""

MOVE: Final = (
    """
    CREATE TABLE :moved AS
    SELECT old, min(person) AS person FROM :grouped
    GROUP BY old HAVING min(person) = max(person)
    """,
    """
    CREATE TABLE :parted AS
    SELECT old FROM :grouped GROUP BY old HAVING min(person) <> max(person)
    """,
)

TAKE_OVER: Final = (
    """
    INSERT INTO spine.record BY NAME
    SELECT r.* REPLACE (g.person AS person)
    FROM earlier.record AS r INNER JOIN :grouped AS g ON g.record = r.record
    """,
    *(
        f"INSERT INTO spine.{table} BY NAME SELECT * FROM earlier.{table}"
        for table in (
            *("token", "joined", "doubt", "decision"),
            *("scheme", "applied", "signing", "objection"),
        )
    ),
    """
    INSERT INTO spine.seen BY NAME
    SELECT DISTINCT
        s.record,
        s.dataset,
        CASE WHEN f.fresh IS NOT NULL THEN s.resource ELSE '' END AS resource,
        coalesce(f.fresh, '') AS file,
        s.epoch
    FROM earlier.seen AS s LEFT JOIN refiled AS f ON f.file = s.file
    """,
)
"""All that the spine has is taken over; where a record was seen in what is no longer
asked, only of which dataset it was."""


def renumber(
    engine: Engine,
    zones: Zones,
    file: Path,
    groups: Mapping[int, int],
    files: Sequence[tuple[str, str]],
) -> None:
    """Write the spine `file` after the one attached as `earlier`; it is `spine` then.

    `groups` has the group of each record whose people change. `files` are versions
    that are asked and those that take their place. Leaves `linkage.grouped` (`record`,
    `old`, `person`), `linkage.moved` (`old`, `person`: people who stay one person) and
    `linkage.parted` (`old`).
    """
    engine.attach("spine", file, zones.keystore.create_key(zones.key_name(file)))
    for statement in spine.MAKE:
        engine.run(statement)
    parts = {"grouped": GROUPED, "moved": MOVED, "parted": PARTED}
    named = _table(groups.items(), {"record": pa.int64(), "part": pa.int64()})
    engine.register("regrouped", named)
    refiled = _table(files, {"file": pa.string(), "fresh": pa.string()})
    engine.register("refiled", refiled)
    try:
        engine.register("drawn", permutation(engine.count(GROUPS)))
        engine.run(sql(GROUP, grouped=GROUPED))
        for statement in MOVE:
            engine.run(sql(statement, **parts))
        with engine.together():
            for statement in TAKE_OVER:
                engine.run(sql(statement, **parts))
    finally:
        for name in ("regrouped", "refiled", "drawn"):
            engine.unregister(name)


def _table(
    rows: Iterable[tuple[object, object]], columns: Mapping[str, pa.DataType]
) -> pa.Table:
    names = list(columns)
    held = [dict(zip(names, row, strict=True)) for row in rows]
    return pa.Table.from_pylist(held, pa.schema(list(columns.items())))
