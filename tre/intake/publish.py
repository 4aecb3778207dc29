"""Stage 6: attributes under dense person numbers, capped, sorted, in a new file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
import sqlglot.expressions as exp

from privacy.catalogue import Table, Unit
from privacy.totals import most_in_total, total_of, totalled
from tre.intake.carry import Carry, carried_rows, next_person
from tre.intake.engine import Engine
from tre.intake.grouped import within_groups
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

BY_ROW: Final = """
CREATE TABLE :people AS
SELECT
    _row,
    :first + row_number() OVER (ORDER BY _order, _row) - 1 AS person,
    _row AS record
FROM :attributes
"""

CREATE: Final = "CREATE TABLE :target AS :rows"

DELIVERED: Final = """
SELECT a._row, a._order
FROM :attributes AS a INNER JOIN :people AS p ON p._row = a._row
"""
CAPPED: Final = """
SELECT * FROM (
    SELECT
        *,
        row_number() OVER (PARTITION BY person ORDER BY _order, _row) AS rank
    FROM :rows
)
WHERE rank <= :cap
ORDER BY person, rank
"""

TALLY: Final = """
SELECT
    coalesce(sum(rows), 0)::BIGINT,
    coalesce(sum(least(rows, :cap)), 0)::BIGINT,
    count(*)
FROM (SELECT count(*) AS rows FROM :rows GROUP BY record)
"""
RECORDS: Final = """
SELECT p.record, a.*
FROM :attributes AS a INNER JOIN :people AS p ON p._row = a._row
"""
TOTAL: Final = "CAST(coalesce(sum(:value) OVER (PARTITION BY :person), 0) AS BIGINT)"
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


def publish(engine: Engine, table: Table, carry: Carry | None = None) -> Published:
    """Write `version.<table>` from `staging.attributes` and `staging.people`.

    A protected table has `person_id`, then `_rank`, from 1 within each person and in
    the order of secret random numbers, then its public columns in their narrowest
    types; rows past a bound by group, and then past `rows_per_person`, are left out,
    and the rest lie sorted by person and rank. Beside them is each person's total,
    over the rows that remain, of every column whose sums may be clipped, and last the
    random number `_order` of each row, by which later deliveries are ranked among
    them. With `carry`, rows of the version before stay. A reference table has its
    public columns alone, and is delivered whole each time.
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
        first = number(next_person(engine, table) if carry else 0)
        engine.run(sql(BY_ROW, people=PEOPLE, attributes=ATTRIBUTES, first=first))
    rows = _capped(engine, table, public, carry)
    engine.run(sql(CREATE, target=target, rows=rows))
    with_person, kept, people = _tallied(engine, table, PEOPLE)
    if table.bounds:
        records = select_from(RECORDS, attributes=ATTRIBUTES, people=PEOPLE)
        _, kept, _ = _tallied(engine, table, _within(records, table, "record"))
    return Published(with_person, kept, people)


def _tallied(engine: Engine, table: Table, rows: Tree) -> tuple[int, int, int]:
    """The rows of the source, those of them that the cap leaves, and their people."""
    cap = number(table.rows_per_person)
    ((with_person, kept, people),) = engine.run(sql(TALLY, rows=rows, cap=cap))
    return with_person, kept, people


def _within(rows: exp.Query, table: Table, person: str) -> Tree:
    """The rows that bounds by group leave, as a subquery."""
    names = {known.name: f"c{place}" for place, known in enumerate(table.columns)}
    kept = within_groups(rows, table.bounds, names, person, ("_order", "_row"))
    return kept.subquery("rows")


def links(engine: Engine, table: Table) -> pa.Table:
    """Which row is whose, for the laboratory; call before staging is destroyed."""
    if table.unit is Unit.NONE:
        nobody = pa.array([], pa.int64())
        return pa.table({"row": nobody, "person": nobody})
    return engine.table(sql(LINKS, people=PEOPLE))


def _capped(
    engine: Engine, table: Table, public: list[Tree], carry: Carry | None
) -> Tree:
    rows = _within(_ranked(table, carry), table, "person")
    capped = select_from(CAPPED, rows=rows, cap=number(table.rows_per_person))
    largest = engine.count(sql(LARGEST, people=PEOPLE))
    if carry is not None:
        largest = max(largest, next_person(engine, table) - 1)
    person = cast(column("person"), unsigned(largest))
    rank = cast(column("rank"), unsigned(table.rows_per_person))
    own = [named(person, "person_id"), named(rank, "_rank")]
    places = {known.name: f"c{at}" for at, known in enumerate(table.columns)}
    shown = [*own, *public, *totals(table, places, "person"), column("_order")]
    return capped.select(*shown, append=False, copy=False)


def _ranked(table: Table, carry: Carry | None) -> exp.Query:
    """The delivered rows with their people, and those that stay."""
    values = [column(f"c{place}", "a") for place, _ in enumerate(table.columns)]
    delivered = select_from(DELIVERED, attributes=ATTRIBUTES, people=PEOPLE)
    delivered = delivered.select(*values, column("person", "p"), copy=False)
    if carry is None:
        return delivered
    return exp.Union(
        this=delivered, expression=carried_rows(table, carry), distinct=False
    )


def totals(table: Table, held: Mapping[str, str], person: str) -> list[Tree]:
    """What each person's rows add up to, of columns `held` by these names.

    `person` is the column that says whose a row is. Windows come after WHERE: it is
    of the rows that remain.
    """
    return [
        named(
            cast(
                sql(TOTAL, value=column(held[known.name]), person=column(person)),
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
