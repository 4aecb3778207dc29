"""A version's rows under the people of a new spine version.

Who stays one person keeps their rows, in the order drawn at intake. The rows of people
who were parted go to those whose records they came of, and what cannot be said of a
row is not guessed: it is left out. People who were put together have their rows in an
order drawn anew, within the bounds by group and capped like anybody's.
"""

from __future__ import annotations

import secrets
from typing import Final

import sqlglot.expressions as exp

from privacy.catalogue import Table
from privacy.totals import most_in_total, total_of, totalled
from tre.intake.engine import Engine
from tre.intake.grouped import within_groups
from tre.intake.heed import Use, objectors
from tre.intake.publish import unsigned
from tre.intake.renumber import GROUPED, MOVED, PARTED
from tre.intake.spine import HELD
from tre.intake.sql import (
    Tree,
    cast,
    column,
    named,
    number,
    relation,
    select_from,
    sql,
    text,
)

TRACED: Final = relation("linkage", "traced")
SOLE: Final = relation("linkage", "sole")
LATE: Final = relation("staging", "late")

TRACE: Final = """
CREATE TABLE :traced AS
WITH here AS (
    SELECT DISTINCT g.old, g.person, g.record
    FROM earlier.seen AS s INNER JOIN :grouped AS g ON g.record = s.record
    WHERE s.file = :file AND s.resource = :resource
),
several AS (
    SELECT person FROM here GROUP BY person HAVING count(*) > 1
)
SELECT h.old, min(h.record) AS lowest, max(h.record) AS highest
FROM here AS h
WHERE h.old IN (SELECT old FROM :parted) OR h.person IN (SELECT person FROM several)
GROUP BY h.old
"""
"""People whose rows need their records: those who are parted, and those who
have several here, who may be parted later."""

TRACE_PARTED: Final = """
INSERT INTO :traced
SELECT old, NULL, NULL FROM :parted WHERE old NOT IN (SELECT old FROM :traced)
"""

ROWS: Final = """
WITH whose AS (
    SELECT h.person AS old, h.rank, g.person, g.record
    FROM earlier.held AS h
    INNER JOIN :grouped AS g ON g.record = h.record
    WHERE h.file = :file AND h.resource = :resource
),
row AS (
    SELECT t.*, coalesce(w.person, m.person) AS _person, w.record AS _record
    FROM :source AS t
    INNER JOIN :traced AS c ON c.old = t.person_id AND c.lowest <> c.highest
    LEFT JOIN whose AS w ON w.old = t.person_id AND w.rank = t._rank
    LEFT JOIN :moved AS m ON m.old = t.person_id
    UNION ALL
    SELECT t.*, g.person AS _person, g.record AS _record
    FROM :source AS t
    INNER JOIN :traced AS c ON c.old = t.person_id AND c.lowest = c.highest
    INNER JOIN :grouped AS g ON g.record = c.lowest
)
SELECT *, sha256($lot || ' ' || person_id || ' ' || _rank) AS _lot
FROM row
WHERE _person IS NOT NULL
"""

PLACE: Final = """
CREATE TABLE :late AS
SELECT *, row_number() OVER (PARTITION BY _person ORDER BY _lot) AS _place FROM :rows
"""

UNMOVED: Final = """
SELECT m.person, t.*
FROM :source AS t
INNER JOIN :moved AS m ON m.old = t.person_id
ANTI JOIN :traced AS c ON c.old = t.person_id
"""

CAPPED: Final = "SELECT * FROM :late WHERE _place <= :cap"

WRITE: Final = """
CREATE TABLE :target AS
SELECT * FROM :rows AS r
WHERE person_id NOT IN (:objectors)
ORDER BY person_id, _rank
"""

HOLD: Final = """
INSERT INTO :held BY NAME
SELECT
    _person AS person,
    _place AS rank,
    _record AS record,
    :fresh AS file,
    :resource AS resource,
    0 AS epoch
FROM :late
WHERE
    _place <= :cap
    AND _record IS NOT NULL
    AND _person IN (
        SELECT _person FROM :late GROUP BY _person HAVING min(_record) <> max(_record)
    )
"""

TOTAL: Final = "CAST(coalesce(sum(:value) OVER (PARTITION BY _person), 0) AS BIGINT)"
LARGEST: Final = "SELECT max(person) FROM :grouped"


def rewrite(engine: Engine, table: Table, file: str, fresh: str, use: Use) -> None:
    """Write `version.<table>` from `old.<table>`, under the people of `spine`.

    `file` is where the old version is, from the home, and `fresh` where the new one
    will be. Needs `earlier`, and what `renumber` leaves in `linkage`.
    """
    parts = {
        "grouped": GROUPED,
        "moved": MOVED,
        "parted": PARTED,
        "traced": TRACED,
        "late": LATE,
        "source": relation("old", table.name),
        "file": text(file),
        "resource": text(table.name),
        "cap": number(table.rows_per_person),
    }
    engine.run(sql(TRACE, **parts))
    engine.run(sql(TRACE_PARTED, **parts))
    names = {each: each for each in _names(table)}
    late = within_groups(select_from(ROWS, **parts), table, names, "_person", ["_lot"])
    engine.run(
        sql(PLACE, late=LATE, rows=late.subquery("rows")),
        {"lot": secrets.token_hex(32)},
    )
    rows = exp.union(
        _unmoved(engine, table, parts), _capped(engine, table, parts), distinct=False
    )
    target = relation("version", table.name)
    engine.run(
        sql(WRITE, target=target, rows=rows.subquery(), objectors=objectors(use))
    )
    engine.run(sql(HOLD, held=HELD, fresh=text(fresh), **parts))
    for name in (TRACED, LATE):
        engine.run(sql("DROP TABLE :table", table=name))


def _unmoved(engine: Engine, table: Table, parts: dict[str, Tree]) -> exp.Select:
    """Rows of people who stay as they are, with the order and totals they had."""
    kept = ["_rank", *_names(table), *map(total_of, _totalled(table)), "_order"]
    rows = select_from(UNMOVED, **parts)
    person = cast(column("person", "m"), _unsigned(engine))
    columns = [column(name, "t") for name in kept]
    return rows.select(named(person, "person_id"), *columns, append=False, copy=False)


def _capped(engine: Engine, table: Table, parts: dict[str, Tree]) -> exp.Select:
    """Rows of people who are put together or parted: capped, and summed anew."""
    rows = select_from(CAPPED, **parts)
    own = [
        named(cast(column("_person"), _unsigned(engine)), "person_id"),
        named(cast(column("_place"), unsigned(table.rows_per_person)), "_rank"),
    ]
    totals = [
        named(
            cast(
                sql(TOTAL, value=column(each.name)),
                unsigned(most_in_total(each, table)),
            ),
            total_of(each.name),
        )
        for each in totalled(table)
    ]
    public = [column(name) for name in _names(table)]
    return rows.select(
        *own, *public, *totals, column("_order"), append=False, copy=False
    )


def _names(table: Table) -> list[str]:
    return [each.name for each in table.columns]


def _totalled(table: Table) -> list[str]:
    return [each.name for each in totalled(table)]


def _unsigned(engine: Engine) -> str:
    """The narrowest type for all people: not only those there are in a table."""
    return unsigned(engine.count(sql(LARGEST, grouped=GROUPED)))
