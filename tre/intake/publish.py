"""Stage 6: attributes under dense person numbers, capped, sorted, in a new file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from privacy.catalogue import Table, Unit
from privacy.totals import most_in_total, total_of, totalled
from tre.intake.engine import Engine
from tre.intake.sql import (
    Tree,
    cast,
    column,
    named,
    number,
    relation,
    select,
    select_from,
    sql,
)

ATTRIBUTES: Final = relation("staging", "attributes")
PEOPLE: Final = relation("staging", "people")
ASSURED: Final = relation("staging", "assured")

BY_ROW: Final = """
CREATE TABLE :people AS
SELECT
    _row,
    row_number() OVER (ORDER BY _order, _row) - 1 AS person,
    _row AS record
FROM :attributes
"""

CREATE: Final = "CREATE TABLE :target AS :rows"

CAPPED: Final = """
SELECT * FROM (
    SELECT
        a.*,
        p.person,
        row_number() OVER (PARTITION BY p.person ORDER BY a._order, a._row) AS rank
    FROM :attributes AS a INNER JOIN :people AS p ON p._row = a._row
)
WHERE rank <= :cap
ORDER BY person, rank
"""

TALLY: Final = """
SELECT
    coalesce(sum(rows), 0)::BIGINT,
    coalesce(sum(least(rows, :cap)), 0)::BIGINT,
    count(*)
FROM (SELECT count(*) AS rows FROM :people GROUP BY record)
"""
BROUGHT: Final = """
SELECT count(*) AS brought
FROM :attributes AS a INNER JOIN :people AS p ON p._row = a._row
GROUP BY p.person
"""

BROUGHT_LINKED: Final = """
SELECT b.* EXCLUDE (person), l.* EXCLUDE (person)
FROM :brought AS b INNER JOIN :assured AS l ON l.person = b.person
"""

TOTAL: Final = "CAST(coalesce(sum(:value) OVER (PARTITION BY person), 0) AS BIGINT)"
LARGEST: Final = "SELECT max(person) FROM :people"
LINKS: Final = "SELECT _row AS row, person FROM :people ORDER BY row"


@dataclass(frozen=True, slots=True)
class Published:
    """How many rows had a person, how many remain, and whose they are.

    As the source alone has it: rows with equal identifiers are one person's. What
    linkage found besides rests on who else is in the population.
    """

    with_person: int
    rows: int
    people: int


def publish(engine: Engine, table: Table) -> Published:
    """Write `version.<table>` from `staging.attributes` and `staging.people`.

    A protected table has `person_id`, then `_rank`, from 1 within each person and in
    the order of secret random numbers, then its public columns in their narrowest
    types; rows past `rows_per_person` are left out, and the rest lie sorted by
    person and rank. Beside them is each person's total, over the rows that remain, of
    every column whose sums may be clipped. A reference table has its public columns
    alone.
    """
    target = relation("version", table.name)
    public = [
        named(column(f"c{position}"), known.name)
        for position, known in enumerate(table.columns)
    ]
    if table.unit is Unit.NONE:
        engine.run(sql(CREATE, target=target, rows=select(public, ATTRIBUTES)))
        count = engine.count(sql("SELECT count(*) FROM :t", t=target))
        return Published(count, count, 0)
    if table.unit is Unit.ROW:
        engine.run(sql(BY_ROW, people=PEOPLE, attributes=ATTRIBUTES))
    rows = _capped(engine, table, public)
    engine.run(sql(CREATE, target=target, rows=rows))
    cap = number(table.rows_per_person)
    ((with_person, kept, people),) = engine.run(sql(TALLY, people=PEOPLE, cap=cap))
    return Published(with_person, kept, people)


def summarise(
    engine: Engine, table: Table, clamped: Sequence[int], *, linked: bool
) -> None:
    """Write what each person of a protected table brought, for its profile.

    One row a person, in no order and without a number: `brought`, the rows before
    the cap, and for each place in `clamped` a column `m…`, how many of the values
    there were clamped. Where people were `linked`, how is beside that (`assure`). It
    is asked by no question, and read in the enclave alone.
    """
    rows = select_from(BROUGHT, attributes=ATTRIBUTES, people=PEOPLE)
    counted = [
        named(sql("count_if(:moved)", moved=column(f"m{place}", "a")), f"m{place}")
        for place in clamped
    ]
    target = relation("version", brought_by(table.name))
    rows = rows.select(*counted, copy=False)
    if linked:
        brought = rows.select(column("person", "p"), copy=False).subquery()
        rows = select_from(BROUGHT_LINKED, brought=brought, assured=ASSURED)
    engine.run(sql(CREATE, target=target, rows=rows))


def brought_by(table: str) -> str:
    """The name beside a table's that no table can have: what its people brought."""
    return f"_brought_{table}"


def links(engine: Engine, table: Table) -> pa.Table:
    """Which row is whose, for the laboratory; call before staging is destroyed."""
    if table.unit is Unit.NONE:
        nobody = pa.array([], pa.int64())
        return pa.table({"row": nobody, "person": nobody})
    return engine.table(sql(LINKS, people=PEOPLE))


def _capped(engine: Engine, table: Table, public: list[Tree]) -> Tree:
    largest = engine.count(sql(LARGEST, people=PEOPLE))
    rows = select_from(
        CAPPED,
        attributes=ATTRIBUTES,
        people=PEOPLE,
        cap=number(table.rows_per_person),
    )
    person = cast(column("person"), unsigned(largest))
    rank = cast(column("rank"), unsigned(table.rows_per_person))
    own = [named(person, "person_id"), named(rank, "_rank")]
    return rows.select(*own, *public, *_totals(table), append=False, copy=False)


def _totals(table: Table) -> list[Tree]:
    """What each person's rows add up to: windows come after WHERE, so rows kept."""
    places = {known.name: place for place, known in enumerate(table.columns)}
    return [
        named(
            cast(
                sql(TOTAL, value=column(f"c{places[known.name]}")),
                unsigned(most_in_total(known, table)),
            ),
            total_of(known.name),
        )
        for known in totalled(table)
    ]


def unsigned(largest: int) -> str:
    """The narrowest unsigned type that holds whole numbers up to `largest`."""
    for name, bits in (("UTINYINT", 8), ("USMALLINT", 16), ("UINTEGER", 32)):
        if largest < 2**bits:
            return name
    return "UBIGINT"
