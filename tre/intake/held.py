"""Which row is which record's, where a person has several.

A split hands a person's rows out to those they came of, and publication keeps none of
that: a published row has its person's number alone. So the linkage zone keeps, of the
people who have several records in a table, the record of each row, by the secret
number that the row was drawn by. Of all others `seen` says the one record that their
rows in a table came of.
"""

from __future__ import annotations

from typing import Final

from privacy.catalogue import Table
from tre.intake.engine import Engine
from tre.intake.spine import HELD, RECORD, SEEN, Addition
from tre.intake.sql import Tree, number, relation, sql, text

ATTRIBUTES: Final = relation("staging", "attributes")
PEOPLE: Final = relation("staging", "people")

HOLD: Final = """
INSERT INTO :held BY NAME
WITH several AS (
    SELECT r.person
    FROM :seen AS s INNER JOIN :record AS r ON r.record = s.record
    WHERE s.file = :file AND s.resource = :resource
    GROUP BY r.person
    HAVING min(s.record) <> max(s.record)
),
delivered AS (
    SELECT a._order AS number, p.record
    FROM :people AS p INNER JOIN :attributes AS a ON a._row = p._row
    SEMI JOIN several AS s ON s.person = p.person
),
earlier AS (:earlier)
SELECT
    v._order AS number,
    coalesce(d.record, e.record) AS record,
    :file AS file,
    :resource AS resource,
    :epoch AS epoch
FROM :version AS v
SEMI JOIN several AS s ON s.person = v.person_id
LEFT JOIN delivered AS d ON d.number = v._order
LEFT JOIN earlier AS e ON e.number = v._order
WHERE coalesce(d.record, e.record) IS NOT NULL
"""

NOTHING: Final = "SELECT NULL::UBIGINT AS number, NULL::BIGINT AS record LIMIT 0"
EARLIER: Final = """
SELECT h.number, h.record FROM :held AS h
WHERE h.file = :before AND h.resource = :resource
UNION
SELECT b._order AS number, o.record
FROM :rows AS b
INNER JOIN (
    SELECT r.person, min(s.record) AS record
    FROM :seen AS s INNER JOIN :record AS r ON r.record = s.record
    WHERE s.file = :before AND s.resource = :resource
    GROUP BY r.person
    HAVING min(s.record) = max(s.record)
) AS o ON o.person = b.person_id
"""
"""Of rows that stay: those of people with several records before, and with one."""

CARRY_SEEN: Final = """
INSERT INTO :seen BY NAME
SELECT DISTINCT * REPLACE (:fresh AS file, :epoch AS epoch)
FROM :seen WHERE file = :file
"""

CARRY: Final = (
    """
    INSERT INTO :held BY NAME
    SELECT * REPLACE (:fresh AS file) FROM :held WHERE file = :file
    """,
    """
    INSERT INTO :seen BY NAME
    SELECT * REPLACE (:fresh AS file) FROM :seen WHERE file = :file
    """,
)


def hold(
    engine: Engine, table: Table, addition: Addition, before: str | None = None
) -> None:
    """Keep whose the rows of a table are that is being published.

    Needs `spine` attached, the staging that `publish` wrote the table from, and the
    table itself. Where rows of the version whose file is `before` stay in it, that is
    attached as `before`, and `carry_seen` was called.
    """
    parts: dict[str, Tree] = {
        "held": HELD,
        "seen": SEEN,
        "record": RECORD,
        "resource": text(table.name),
    }
    rows = relation("before", table.name)
    earlier = (
        sql(NOTHING)
        if before is None
        else sql(EARLIER, before=text(before), rows=rows, **parts)
    )
    engine.run(
        sql(
            HOLD,
            people=PEOPLE,
            attributes=ATTRIBUTES,
            version=relation("version", table.name),
            file=text(addition.file.as_posix()),
            epoch=number(addition.epoch),
            earlier=earlier,
            **parts,
        )
    )


def carry_seen(engine: Engine, file: str, addition: Addition) -> None:
    """Records seen in `file` were seen in what is made of it and more rows, too."""
    parts = {"seen": SEEN, "file": text(file), "epoch": number(addition.epoch)}
    fresh = text(addition.file.as_posix())
    engine.run(sql(CARRY_SEEN, fresh=fresh, **parts))


def carry(engine: Engine, file: str, fresh: str) -> None:
    """Rows of the file `fresh` are those of `file`, under the same people and numbers.

    Needs `spine` attached. What is kept of a file that nobody switches to says
    nothing of any row, and goes with the next spine version.
    """
    with engine.together():
        for statement in CARRY:
            engine.run(
                sql(statement, held=HELD, seen=SEEN, file=text(file), fresh=text(fresh))
            )
