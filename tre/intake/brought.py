"""What each person of a table brought, and how they are linked: for its profile.

It stands beside the table, is asked by no question, and is read in the enclave alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import sqlglot.expressions as exp

from privacy.catalogue import Table
from tre.intake.assure import ASSURED, Linking, assure, assured_columns
from tre.intake.carry import SUPERSEDED, Carry, brought_by, carried_brought
from tre.intake.engine import Engine
from tre.intake.sql import Tree, cast, column, named, relation, select_from, sql

ATTRIBUTES: Final = relation("staging", "attributes")
PEOPLE: Final = relation("staging", "people")

CREATE: Final = "CREATE TABLE :target AS :rows"

BROUGHT: Final = """
SELECT p.person, :fresh AS brought
FROM :attributes AS a INNER JOIN :people AS p ON p._row = a._row
GROUP BY p.person
"""
FRESH: Final = "count_if(a._order NOT IN (SELECT number FROM :superseded))"
TOGETHER: Final = """
SELECT person AS person_id, CAST(sum(brought) AS BIGINT) AS brought
FROM :rows
GROUP BY person
HAVING sum(brought) > 0
"""

LINKED: Final = """
SELECT b.* FROM :brought AS b LEFT JOIN :linked AS l ON l.person = b.person_id
"""
UNSAID: Final = {
    "linked": "CAST(coalesce(:x, 0) AS TINYINT)",
    "doubtful": "coalesce(:x, FALSE)",
}
LACKING: Final = "coalesce(:x, TRUE)"


def summarise(
    engine: Engine,
    table: Table,
    clamped: Sequence[int],
    linking: Linking | None = None,
    carry: Carry | None = None,
) -> None:
    """Write what each person of a protected table brought, for its profile.

    One row a person: `person_id`, `brought`, the rows of all deliveries before the
    cap, and for each place in `clamped` a column `m…`, how many of the values there
    were clamped. A row that was corrected counts once; values that were clamped count
    in each delivery, and a removed row that the cap had left out goes on to count.
    With `linking`, further columns say how people are linked now (`assure`).
    """
    moved = [f"m{place}" for place in clamped]
    every = exp.Count(this=exp.Star())
    corrected = carry is not None and carry.corrected
    fresh = sql(FRESH, superseded=SUPERSEDED) if corrected else every
    rows: exp.Query = select_from(
        BROUGHT, attributes=ATTRIBUTES, people=PEOPLE, fresh=fresh
    ).select(*(_counted(name) for name in moved), copy=False)
    if carry is not None:
        name = brought_by(table.name)
        known = [each for each in moved if engine.has_column("before", name, each)]
        rows = by_name([rows, *carried_brought(table, name, known, carry)])
    keep_brought(engine, table, rows, moved, linking)


def keep_brought(
    engine: Engine,
    table: Table,
    rows: exp.Query,
    moved: Sequence[str],
    linking: Linking | None,
) -> None:
    """Write what people brought: the sums of `rows` (`person`, `brought`, `m…`)."""
    together = select_from(TOGETHER, rows=rows.subquery("r"))
    sums = [
        named(cast(sql("sum(:x)", x=column(each)), "BIGINT"), each) for each in moved
    ]
    together = together.select(*sums, copy=False)
    if linking is not None:
        assure(engine, linking)
        together = _with_linked(together, assured_columns(linking))
    target = relation("version", brought_by(table.name))
    engine.run(sql(CREATE, target=target, rows=together))
    engine.run(sql("DROP TABLE IF EXISTS :assured", assured=ASSURED))


def moved_in(engine: Engine, zone: str, table: Table) -> dict[int, str]:
    """The columns of clamped values that a version has of a table, by their places."""
    name = brought_by(table.name)
    return {
        place: f"m{place}"
        for place, _ in enumerate(table.columns)
        if engine.has_column(zone, name, f"m{place}")
    }


def by_name(parts: Sequence[exp.Query]) -> exp.Query:
    """All rows of the parts, columns by their names; absent ones are NULL."""
    first, *rest = parts
    together = first
    for part in rest:
        together = exp.Union(
            this=together, expression=part, distinct=False, by_name=True
        )
    return together


def _with_linked(brought: exp.Select, columns: Sequence[str]) -> exp.Select:
    """What people brought, beside how they are linked."""
    rows = select_from(LINKED, brought=brought.subquery(), linked=ASSURED)
    shown = [
        named(sql(UNSAID.get(each, LACKING), x=column(each, "l")), each)
        for each in columns
    ]
    return rows.select(*shown, copy=False)


def _counted(name: str) -> Tree:
    return named(sql("count_if(:moved)", moved=column(name, "a")), name)
