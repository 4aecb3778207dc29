"""Which row is which record's, where a person has several.

A split hands a person's rows out to those they came of, and publication keeps none of
that: a published row has its person's number alone. So the linkage zone keeps, of the
people who have several records in a table, the record of each rank. Of all others
`seen` says the one record that their rows in a table came of.
"""

from __future__ import annotations

from typing import Final

from privacy.catalogue import Table
from tre.intake.engine import Engine
from tre.intake.grouped import within_groups
from tre.intake.spine import HELD, SEEN, Addition
from tre.intake.sql import number, relation, select_from, sql, text

ATTRIBUTES: Final = relation("staging", "attributes")
PEOPLE: Final = relation("staging", "people")

SEVERAL: Final = """
SELECT p.person, p.record, a.*
FROM :people AS p
SEMI JOIN (
    SELECT person FROM :people GROUP BY person HAVING min(record) <> max(record)
) AS s ON s.person = p.person
INNER JOIN :attributes AS a ON a._row = p._row
"""

HOLD: Final = """
INSERT INTO :held BY NAME
WITH ranked AS (
    SELECT
        person,
        record,
        row_number() OVER (PARTITION BY person ORDER BY _order, _row) AS rank
    FROM :rows
)
SELECT person, rank, record, :file AS file, :resource AS resource, :epoch AS epoch
FROM ranked
WHERE rank <= :cap
"""

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


def hold(engine: Engine, table: Table, addition: Addition) -> None:
    """Keep whose the rows of a table are that is being published.

    Needs `spine` attached, and the staging that `publish` wrote the table from: ranks
    are the same.
    """
    rows = select_from(SEVERAL, people=PEOPLE, attributes=ATTRIBUTES)
    names = {known.name: f"c{place}" for place, known in enumerate(table.columns)}
    kept = within_groups(rows, table, names, "person", ("_order", "_row"))
    engine.run(
        sql(
            HOLD,
            held=HELD,
            rows=kept.subquery("rows"),
            file=text(addition.file.as_posix()),
            resource=text(table.name),
            epoch=number(addition.epoch),
            cap=number(table.rows_per_person),
        )
    )


def carry_seen(engine: Engine, file: str, addition: Addition) -> None:
    """Records seen in `file` were seen in what is made of it and more rows, too.

    Ranks move when rows are added, so of people with several records it is not said
    which row is which record's: where they are parted, their rows are left out.
    """
    parts = {"seen": SEEN, "file": text(file), "epoch": number(addition.epoch)}
    fresh = text(addition.file.as_posix())
    engine.run(sql(CARRY_SEEN, fresh=fresh, **parts))


def carry(engine: Engine, file: str, fresh: str) -> None:
    """Rows of the file `fresh` are those of `file`, under the same people and ranks.

    Needs `spine` attached. What is kept of a file that nobody switches to says
    nothing of any row, and goes with the next spine version.
    """
    with engine.together():
        for statement in CARRY:
            engine.run(
                sql(statement, held=HELD, seen=SEEN, file=text(file), fresh=text(fresh))
            )
