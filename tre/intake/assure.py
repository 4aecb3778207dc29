"""How sure it is who the people of a table are: one class each, for its profile.

It holds for the spine as it is, with the weights that its pairs were given. Only the
enclave reads what is made here, and only noised counts leave that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from privacy.linked import matching
from tre.intake.engine import Engine
from tre.intake.heed import ANY, Use, objectors
from tre.intake.record import name_of
from tre.intake.spine import DOUBT, JOINED, OBJECTIONS, RECORD, SEEN
from tre.intake.sql import column, named, relation, select_from, sql, text
from tre.manifest.model import Kind

MINE: Final = relation("staging", "mine")
ASSURED: Final = relation("staging", "assured")
CREATE: Final = "CREATE TABLE :target AS :rows"

WHOSE: Final = """
CREATE TABLE :mine AS
SELECT DISTINCT r.person, r.record
FROM :seen AS s INNER JOIN :record AS r ON r.record = s.record
WHERE
    s.file = :file
    AND s.resource = :resource
    AND r.person NOT IN (:objectors)
"""

DOUBTFUL: Final = """
SELECT a.person, b.person
FROM :doubt AS d
INNER JOIN :record AS a ON a.record = d.a
INNER JOIN :record AS b ON b.record = d.b
WHERE
    a.person <> b.person
    AND (
        a.person IN (SELECT person FROM :mine)
        OR b.person IN (SELECT person FROM :mine)
    )
    AND a.person NOT IN (:objectors)
    AND b.person NOT IN (:objectors)
ORDER BY d.probability DESC, d.a, d.b
"""

HERE: Final = """
SELECT DISTINCT person FROM :mine
WHERE person IN (SELECT unnest($ends::BIGINT[]))
"""

ASSURE: Final = """
WITH whole AS (
    SELECT r.person, r.record
    FROM :record AS r SEMI JOIN :mine AS m ON m.person = r.person
),
elsewhere AS (
    SELECT DISTINCT w.person
    FROM whole AS w
    INNER JOIN :seen AS s ON s.record = w.record
    WHERE s.dataset <> :dataset AND s.dataset <> :objections
),
tied AS (
    SELECT a AS record, b AS other, rank + 1 - probability AS doubt FROM :joined
    UNION ALL
    SELECT b AS record, a AS other, rank + 1 - probability AS doubt FROM :joined
),
best AS (
    SELECT w.person, w.record, min(t.doubt) AS doubt
    FROM whole AS w
    INNER JOIN tied AS t ON t.record = w.record
    INNER JOIN whole AS o ON o.record = t.other AND o.person = w.person
    GROUP BY w.person, w.record
),
worst AS (SELECT person, max(doubt) AS doubt FROM best GROUP BY person)
SELECT
    m.person,
    CAST(any_value(
        CASE
            WHEN e.person IS NULL THEN 0
            WHEN w.doubt IS NULL THEN 2
            WHEN w.doubt < 1 THEN 1
            WHEN w.doubt < 99 THEN 2
            WHEN w.doubt < 100 THEN 3
            WHEN w.doubt <= 100.01 THEN 4
            WHEN w.doubt <= 100.05 THEN 5
            ELSE 6
        END
    ) AS TINYINT) AS linked,
    any_value(f.person IS NOT NULL) AS doubtful
FROM :mine AS m
INNER JOIN :record AS r ON r.record = m.record
LEFT JOIN elsewhere AS e ON e.person = m.person
LEFT JOIN worst AS w ON w.person = m.person
LEFT JOIN flagged AS f ON f.person = m.person
GROUP BY m.person
"""
"""The classes are those of `privacy.linked.CLASSES`. A person is as sure as the least
sure of their records, and a record as its best pair; records alike are one record."""


@dataclass(frozen=True, slots=True)
class Linking:
    """The linked people of one table of a version: who was seen in it.

    `file` is that of the version, from the home; `kinds` are those of the table's
    identifiers. Who objects to its `use` is not among them.
    """

    dataset: str
    resource: str
    file: str
    kinds: tuple[Kind, ...]
    use: Use = ANY


def assure(engine: Engine, linking: Linking) -> None:
    """Make `staging.assured`: each person of the table, and how they are linked.

    Beside `linked` and `doubtful`, `x0`, `x1`, … say whether one of the person's
    records here lacks an identifier of each kind. Needs `spine` attached.
    """
    who = objectors(linking.use)
    parts = {"mine": MINE, "record": RECORD, "seen": SEEN, "objectors": who}
    of = {"file": text(linking.file), "resource": text(linking.resource)}
    engine.run(sql(WHOSE, **parts, **of))
    doubtful = matching(engine.run(sql(DOUBTFUL, doubt=DOUBT, **parts)))
    ends = [person for pair in doubtful for person in pair]
    found = engine.run(sql(HERE, mine=MINE), {"ends": ends})
    here = {int(person) for (person,) in found}
    flagged = [a if a in here else b for a, b in doubtful]
    rows = select_from(
        ASSURE,
        dataset=text(linking.dataset),
        objections=text(OBJECTIONS),
        joined=JOINED,
        **parts,
    )
    lacking = [
        named(sql("bool_or(:x IS NULL)", x=column(name_of(kind), "r")), f"x{place}")
        for place, kind in enumerate(linking.kinds)
    ]
    engine.register("flagged", pa.table({"person": pa.array(flagged, pa.int64())}))
    try:
        rows = rows.select(*lacking, copy=False)
        engine.run(sql(CREATE, target=ASSURED, rows=rows))
    finally:
        engine.unregister("flagged")
    engine.run(sql("DROP TABLE :mine", mine=MINE))


def assured_columns(linking: Linking) -> list[str]:
    """The columns of `staging.assured` beside `person`."""
    return [
        "linked",
        "doubtful",
        *(f"x{place}" for place, _ in enumerate(linking.kinds)),
    ]
