"""A version's rows under the people of a new spine version.

Who stays one person keeps their rows as they were. The rows of people who were parted
go to those whose records they came of, and what cannot be said of a row is not guessed:
it is left out. People who were put together are capped like anybody, within the bounds
by group, by the numbers that their rows were drawn by at intake: with a cap alone as if
they had been one person from the start, because what it left out of either has higher
numbers than all that it kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import sqlglot.expressions as exp

from privacy.catalogue import Table
from privacy.totals import total_of, totalled
from tre.intake.anew import Written
from tre.intake.brought import by_name, keep_brought, moved_in
from tre.intake.carry import brought_by
from tre.intake.engine import Engine
from tre.intake.grouped import within_groups
from tre.intake.heed import objectors
from tre.intake.publish import totals, unsigned
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
    SELECT h.number, g.old, g.person, g.record
    FROM earlier.whose AS h
    INNER JOIN :grouped AS g ON g.record = h.record
    WHERE h.file = :file AND h.resource = :resource
),
row AS (
    SELECT t.*, coalesce(w.person, m.person) AS _person, w.record AS _record
    FROM :source AS t
    INNER JOIN :traced AS c ON c.old = t.person_id AND c.lowest <> c.highest
    LEFT JOIN whose AS w ON w.old = t.person_id AND w.number = t._order
    LEFT JOIN :moved AS m ON m.old = t.person_id
    UNION ALL
    SELECT t.*, g.person AS _person, g.record AS _record
    FROM :source AS t
    INNER JOIN :traced AS c ON c.old = t.person_id AND c.lowest = c.highest
    INNER JOIN :grouped AS g ON g.record = c.lowest
)
SELECT * FROM row WHERE _person IS NOT NULL
"""

PLACE: Final = """
CREATE TABLE :late AS
SELECT
    *,
    row_number() OVER (PARTITION BY _person ORDER BY _order, person_id, _rank) AS _place
FROM :rows
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
    _order AS number,
    _record AS record,
    :fresh AS file,
    :resource AS resource,
    0 AS epoch
FROM :late
WHERE _place <= :cap AND _record IS NOT NULL
"""

BROUGHT: Final = """
SELECT m.person, b.brought
FROM :brought AS b INNER JOIN :moved AS m ON m.old = b.person_id
WHERE m.person NOT IN (:objectors)
"""
BROUGHT_APART: Final = """
SELECT _person AS person, count(*) AS brought
FROM :late
WHERE person_id IN (SELECT old FROM :parted) AND _person NOT IN (:objectors)
GROUP BY _person
"""
"""Of who is parted each brought what is known to be theirs, and no more is told."""

LARGEST: Final = "SELECT max(person) FROM :grouped"


def rewrite(engine: Engine, old: Written, table: Table, fresh: str) -> None:
    """Write `version.<table>` from `old.<table>`, under the people of `spine`.

    With it goes what people brought. `fresh` is where the new version will be, from
    the home. Needs `earlier`, and what `renumber` leaves in `linkage`.
    """
    parts: dict[str, Tree] = {
        "grouped": GROUPED,
        "moved": MOVED,
        "parted": PARTED,
        "traced": TRACED,
        "late": LATE,
        "source": relation("old", table.name),
        "file": text(old.file.as_posix()),
        "resource": text(table.name),
        "cap": number(table.rows_per_person),
        "objectors": objectors(old.use),
    }
    engine.run(sql(TRACE, **parts))
    engine.run(sql(TRACE_PARTED, **parts))
    names = {each: each for each in _names(table)}
    order = ("_order", "person_id", "_rank")
    late = within_groups(
        select_from(ROWS, **parts), table.bounds, names, "_person", order
    )
    engine.run(sql(PLACE, late=LATE, rows=late.subquery("rows")))
    rows = exp.union(
        _unmoved(engine, table, parts), _capped(engine, table, parts), distinct=False
    )
    target = relation("version", table.name)
    engine.run(sql(WRITE, target=target, rows=rows.subquery(), **parts))
    engine.run(sql(HOLD, held=HELD, fresh=text(fresh), **parts))
    if engine.has_column("old", brought_by(table.name), "person_id"):
        _bring(engine, old, table, fresh, parts)
    for name in (TRACED, LATE):
        engine.run(sql("DROP TABLE :table", table=name))


def _bring(
    engine: Engine, old: Written, table: Table, fresh: str, parts: dict[str, Tree]
) -> None:
    """Write what people brought, and how they are linked in the new spine."""
    moved = [*moved_in(engine, "old", table).values()]
    source = relation("old", brought_by(table.name))
    kept = select_from(BROUGHT, brought=source, **parts)
    kept = kept.select(*(column(name, "b") for name in moved), copy=False)
    rows = by_name([kept, select_from(BROUGHT_APART, **parts)])
    keep_brought(engine, table, rows, moved, old.linking(table, fresh))


def _unmoved(engine: Engine, table: Table, parts: dict[str, Tree]) -> exp.Select:
    """Rows of people who stay as they are, with the order and totals they had."""
    summed = [total_of(each.name) for each in totalled(table)]
    kept = ["_rank", *_names(table), *summed, "_order"]
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
    public = [column(name) for name in _names(table)]
    summed = totals(table, {name: name for name in _names(table)}, "_person")
    return rows.select(
        *own, *public, *summed, column("_order"), append=False, copy=False
    )


def _names(table: Table) -> Sequence[str]:
    return [each.name for each in table.columns]


def _unsigned(engine: Engine) -> str:
    """The narrowest type for all people: not only those there are in a table."""
    return unsigned(engine.count(sql(LARGEST, grouped=GROUPED)))
