"""Stage 6: attributes under dense person numbers, capped, sorted, in a new file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
import sqlglot.expressions as exp

from privacy.catalogue import Table, Unit
from privacy.totals import most_in_total, total_of, totalled
from tre.intake.carry import (
    SUPERSEDED,
    Carry,
    brought_by,
    carried_brought,
    carried_rows,
    next_person,
)
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
ASSURED: Final = relation("staging", "assured")

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
OF_BEFORE: Final = "person_id NOT IN (SELECT person FROM :assured)"

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
    kept = within_groups(rows, table, names, person, ("_order", "_row"))
    return kept.subquery("rows")


def summarise(
    engine: Engine,
    table: Table,
    clamped: Sequence[int],
    linked: Sequence[str] = (),
    carry: Carry | None = None,
) -> None:
    """Write what each person of a protected table brought, for its profile.

    One row a person: `person_id`, `brought`, the rows of all deliveries before the
    cap, and for each place in `clamped` a column `m…`, how many of the values there
    were clamped. A row that was corrected counts once; values that were clamped count
    in each delivery, and a removed row that the cap had left out goes on to count.
    Where people were linked, the columns `linked` say how (`assure`): of the delivery
    that they were last in. It
    is asked by no question, and read in the enclave alone.
    """
    moved = [f"m{place}" for place in clamped]
    every = exp.Count(this=exp.Star())
    corrected = carry is not None and carry.corrected
    fresh = sql(FRESH, superseded=SUPERSEDED) if corrected else every
    rows: exp.Query = select_from(
        BROUGHT, attributes=ATTRIBUTES, people=PEOPLE, fresh=fresh
    ).select(*(_counted(name) for name in moved), copy=False)
    name = brought_by(table.name)
    if carry is not None:
        known = [each for each in moved if engine.has_column("before", name, each)]
        rows = _by_name([rows, *carried_brought(table, name, known, carry)])
    together = select_from(TOGETHER, rows=rows.subquery("r"))
    sums = [
        named(cast(sql("sum(:x)", x=column(each)), "BIGINT"), each) for each in moved
    ]
    together = together.select(*sums, copy=False)
    if linked:
        together = _with_linked(engine, together, name, linked, carry)
    target = relation("version", name)
    engine.run(sql(CREATE, target=target, rows=together))


def _with_linked(
    engine: Engine,
    brought: exp.Select,
    name: str,
    linked: Sequence[str],
    carry: Carry | None,
) -> exp.Select:
    """What people brought, beside how they are linked; who is not here, as before."""
    columns = [column(each) for each in linked]
    found: exp.Query = select([column("person"), *columns], ASSURED)
    if carry is not None:
        known = [each for each in linked if engine.has_column("before", name, each)]
        own = [named(column("person_id"), "person"), *map(column, known)]
        before = select(own, relation("before", name))
        before = before.where(sql(OF_BEFORE, assured=ASSURED), copy=False)
        found = _by_name([found, before])
    rows = select_from(LINKED, brought=brought.subquery(), linked=found.subquery())
    shown = [
        named(sql(UNSAID.get(each, LACKING), x=column(each, "l")), each)
        for each in linked
    ]
    return rows.select(*shown, copy=False)


def _counted(name: str) -> Tree:
    return named(sql("count_if(:moved)", moved=column(name, "a")), name)


def _by_name(parts: Sequence[exp.Query]) -> exp.Query:
    """All rows of the parts, columns by their names; absent ones are NULL."""
    first, *rest = parts
    together = first
    for part in rest:
        together = exp.Union(
            this=together, expression=part, distinct=False, by_name=True
        )
    return together


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
    shown = [*own, *public, *_totals(table), column("_order")]
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
