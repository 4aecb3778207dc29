"""What a person may have in each group bounds what they move, whatever is asked."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from operator import le
from typing import Any

import duckdb
import hypothesis.strategies as st
import pytest
import sqlglot.expressions as exp
from hypothesis import HealthCheck, assume, given, settings

from privacy.bind import bind
from privacy.bound import bound
from privacy.catalogue import Catalogue, GroupBound, Table
from privacy.contribution import Contribution
from privacy.parse import parse
from privacy.plan import Plan, positions
from tests.language.example import CATALOGUE, EARNINGS, JOBS
from tests.laws.relations import Database, databases, fill, together
from tests.laws.test_sensitivity import check, exact, measured, planned, questions
from tre.intake.grouped import within_groups

BOUNDS = {
    "earnings": (
        GroupBound(("tax_year",), rows=1),
        GroupBound(("region", "employed"), groups=2),
        GroupBound(("score", "region"), rows=2, groups=3),
    ),
    "jobs": (GroupBound(("tax_year", "sector"), rows=1),),
}
BOUNDED = Catalogue(
    CATALOGUE.population,
    {
        name: replace(table, bounds=BOUNDS.get(name, ()))
        for name, table in CATALOGUE.tables.items()
    },
)

Row = Mapping[str, Any]


def kept(rows: list[dict[str, Any]], table: Table) -> list[dict[str, Any]]:
    """One person's rows, the first first, as far as the bounds leave them."""
    for each in table.bounds:
        counts: Counter[tuple[Any, ...]] = Counter()
        left = []
        for row in rows:
            group = tuple(row[name] for name in each.columns)
            most = len(counts) < (each.groups or len(rows)) or group in counts
            if most and counts[group] < (each.rows or len(rows)):
                left.append(row)
            if most:
                counts[group] += 1
        rows = left
    return rows


def within(people: list[Database]) -> list[Database]:
    """The same people, with the rows that publication would keep of them."""
    return [
        {
            name: kept(rows, BOUNDED.tables[name]) if name in BOUNDS else rows
            for name, rows in person.items()
        }
        for person in people
    ]


CONDITIONS = [
    *("tax_year = 2012", "tax_year IN (2012, 2013)", "tax_year % 2 = 0"),
    *("tax_year > 2012 AND region = 'Wales'", "region IS NULL", "NOT employed"),
    *("tax_year = 2012 AND score = 0 AND region <> 'London'", "employed IS NULL"),
    "tax_year = 2012 OR tax_year = 2013",
]
ABOUT = [
    "earnings AS e",
    "(SELECT person_id, tax_year, region, score, employed, pay FROM earnings) AS e",
    "(SELECT person_id, tax_year, region, employed, MAX(score) AS score, SUM(pay) AS"
    " pay FROM earnings GROUP BY person_id, tax_year, region, employed) AS e",
    "earnings AS e JOIN jobs AS j ON e.person_id = j.person_id AND"
    " e.tax_year = j.tax_year",
    "earnings AS e LEFT JOIN jobs AS j ON e.person_id = j.person_id AND"
    " j.tax_year = e.tax_year AND j.sector = 'Farms'",
    "earnings AS e JOIN earnings AS f ON e.person_id = f.person_id AND"
    " e.tax_year = f.tax_year",
    "(SELECT person_id, tax_year, score, region, employed, pay FROM earnings UNION ALL"
    " SELECT person_id, tax_year, score, region, employed, pay FROM earnings) AS e",
]
ASKED = [
    *("COUNT(*)", "COUNT(DISTINCT e.person_id)", "SUM(e.pay)", "AVG(e.score)"),
    *("COUNT(DISTINCT e.score)", "MEDIAN(e.score)", "MAX(e.score)", "VAR_POP(e.pay)"),
    *("COVAR_POP(e.pay, e.score)", "SUM(CASE WHEN e.tax_year = 2013 THEN e.score END)"),
    "COUNT_IF(e.tax_year = 2013 AND e.region = 'Wales')",
]
KEYS = ["e.tax_year", "e.region", "e.employed", "e.score", "e.tax_year % 3"]


def _qualified(condition: str) -> str:
    """A condition about the columns of e."""
    names = r"\b(tax_year|region|employed|score)\b"
    return re.sub(names, r"e.\1", condition)


@st.composite
def grouped(draw: st.DrawFn) -> str:
    """Questions whose keys and conditions are about what is bounded by group."""
    source = draw(st.sampled_from(ABOUT))
    keys = draw(st.lists(st.sampled_from(KEYS), max_size=2, unique=True))
    asked = draw(st.lists(st.sampled_from(ASKED), min_size=1, max_size=2, unique=True))
    conditions = st.sampled_from(["", "", *map(_qualified, CONDITIONS)])
    where = draw(conditions)
    asked = [
        f"{each} FILTER (WHERE {kept})" if (kept := draw(conditions)) else each
        for each in asked
    ]
    items = ", ".join(f"{each} AS x{at}" for at, each in enumerate(keys + asked))
    condition = f" WHERE {where}" if where else ""
    by = f" GROUP BY {', '.join(keys)}" if keys else ""
    return f"SELECT {items} FROM {source}{condition}{by}"


@settings(suppress_health_check=list(HealthCheck))
@given(sql=st.one_of(grouped(), grouped(), questions()), drawn=databases())
def test_nobody_moves_anything_past_what_groups_leave(
    database: duckdb.DuckDBPyConnection,
    sql: str,
    drawn: tuple[list[Database], Database],
) -> None:
    """Each person is left out in turn: in all, in squares, and in cells."""
    asked = planned(sql, BOUNDED)
    people, public = within(drawn[0]), drawn[1]
    assume(people)
    parts = measured(asked)
    fill(database, together(people, public))
    before = [exact(database, each) for each in parts]
    for place in range(len(people)):
        fill(database, together(people[:place] + people[place + 1 :], public))
        for part, each in zip(parts, before, strict=True):
            check(part, each, exact(database, part))


ROWS = [
    ("SELECT tax_year, COUNT(*) AS n FROM earnings GROUP BY tax_year", 4, 1),
    ("SELECT region, COUNT(*) AS n FROM earnings GROUP BY region", 4, 4),
    ("SELECT COUNT(*) AS n FROM earnings WHERE tax_year = 2012", 1, 1),
    ("SELECT COUNT(*) AS n FROM earnings WHERE tax_year BETWEEN 2012 AND 2014", 3, 3),
    ("SELECT COUNT(*) AS n FROM earnings WHERE tax_year = 2012 OR score = 1", 4, 4),
    (
        "SELECT COUNT(*) AS n FROM earnings AS e JOIN jobs AS j"
        " ON e.person_id = j.person_id AND e.tax_year = j.tax_year",
        *(2, 2),
    ),
    (
        "SELECT x.region, COUNT(*) AS n FROM (SELECT person_id, region, SUM(pay) AS pay"
        " FROM earnings GROUP BY person_id, region) AS x GROUP BY x.region",
        *(4, 1),
    ),
    ("SELECT tax_year, COUNT(*) AS n FROM earnings GROUP BY ROLLUP (tax_year)", 4, 4),
]


@pytest.mark.parametrize(("sql", "rows", "in_one"), ROWS)
def test_keys_and_conditions_bound_rows(sql: str, rows: int, in_one: int) -> None:
    """A person has so many rows in all, and so many in one cell."""
    found = bound(bind(parse(sql), BOUNDED))
    assert (found.rows_per_person, found.rows_per_cell) == (rows, in_one)


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("where", CONDITIONS)
def test_a_figures_filter_bounds_it_as_where_would(asked: str, where: str) -> None:
    """Its rows are those of a question that asks of no others."""
    kept, source = _qualified(where), "FROM earnings AS e"
    alone = planned(f"SELECT {asked} AS x {source} WHERE {kept}", BOUNDED)
    beside = planned(
        f"SELECT {asked} FILTER (WHERE {kept}) AS x, COUNT(*) AS n {source}", BOUNDED
    )
    whole = planned(f"SELECT {asked} AS x {source}", BOUNDED)

    def bounds(found: Plan) -> list[tuple[int, int]]:
        read = sorted(positions(found.readings[0]))
        parts = [found.components[each] for each in read]
        moved = [(each.l1, each.l2_squared) for each in parts]
        return moved + [(each.rows.rows, each.rows.squared) for each in found.choices]

    assert bounds(beside) == bounds(alone)
    assert all(map(le, bounds(beside), bounds(whole)))
    narrower = alone.bounded.rows_per_person == 1 and "2013" not in asked
    if narrower and bounds(whole) != [(1, 1)]:
        assert bounds(beside) != bounds(whole)


def test_people_are_in_as_many_cells_as_groups() -> None:
    """What publication lets people be in bounds how many cells they are in."""
    sql = (
        "SELECT region, employed, COUNT(DISTINCT person_id) AS n FROM earnings"
        " GROUP BY region, employed"
    )
    assert bound(bind(parse(sql), BOUNDED)).cells_per_person == 2
    assert bound(bind(parse(sql), CATALOGUE)).cells_per_person == 4


def test_text_that_is_not_listed_is_not_counted_by_its_digests() -> None:
    """Two texts of one digest are two values, so no condition on such text counts."""
    table = replace(EARNINGS, bounds=(GroupBound(("employer",), rows=1),))
    catalogue = replace(CATALOGUE, tables={**CATALOGUE.tables, "earnings": table})
    sql = "SELECT COUNT(*) AS n FROM earnings WHERE employer IN ('a', 'b')"
    assert bound(bind(parse(sql), catalogue)).rows_per_person == 4


@given(st.lists(st.integers(0, 6), min_size=1, max_size=9), st.integers(1, 6))
def test_squares_add_up_to_no_more_than_said(cells: list[int], in_one: int) -> None:
    """However rows fall into cells, and some way of falling reaches the bound."""
    rows = max(in_one, sum(min(each, in_one) for each in cells))
    most = Contribution(rows, in_one).squared
    assert sum(min(each, in_one) ** 2 for each in cells) <= most
    full, rest = divmod(rows, in_one)
    assert most == sum(each**2 for each in [in_one] * full + [rest])
    assert most <= in_one * rows


NUMBERED = st.tuples(
    st.integers(0, 2),
    st.integers(0, 30),
    st.sampled_from([2012, 2013, None]),
    st.sampled_from(["a", "b", "c", None]),
)
"""Whose a row is, its random number, and its group; numbers often are the same."""


@settings(suppress_health_check=list(HealthCheck))
@given(
    rows=st.lists(NUMBERED, max_size=14),
    most=st.integers(1, 3),
    few=st.integers(1, 3),
    alone=st.integers(0, 2),
)
def test_publication_keeps_what_bounds_allow(
    database: duckdb.DuckDBPyConnection,
    rows: list[tuple[int, int, Any, Any]],
    most: int,
    few: int,
    alone: int,
) -> None:
    """In every group and number of groups, the lowest first, whoever else is there."""
    bounds = (GroupBound(("a",), groups=few), GroupBound(("a", "b"), rows=most))
    table = replace(JOBS, bounds=bounds)

    def left(some: list[tuple[int, int, Any, Any]]) -> Counter[tuple[Any, ...]]:
        database.execute(
            "CREATE OR REPLACE TEMP TABLE g"
            " (person INT, number INT, row INT, a INT, b TEXT)"
        )
        for at, (person, number, a, b) in enumerate(some):
            found = [person, number, at, a, b]
            database.execute("INSERT INTO g VALUES (?, ?, ?, ?, ?)", found)
        every = exp.select("*").from_("g")
        names = {"a": "a", "b": "b"}
        query = within_groups(every, table.bounds, names, "person", ("number", "row"))
        return Counter(
            (person, number, a, b)
            for person, number, _, a, b in database.execute(
                query.sql("duckdb")
            ).fetchall()
        )

    found = left(rows)
    groups = Counter((person, a, b) for person, _, a, b in found.elements())
    assert max(groups.values(), default=0) <= most
    seen = {(person, a) for person, _, a, _ in found}
    assert max(Counter(person for person, _ in seen).values(), default=0) <= few
    others = left([row for row in rows if row[0] != alone])
    assert others == Counter({k: n for k, n in found.items() if k[0] != alone})
    for (person, number, a, b), n in Counter(rows).items():
        short = n - found[(person, number, a, b)]
        if short and (person, a) in seen:
            same = [k for k in found.elements() if (k[0], k[2], k[3]) == (person, a, b)]
            assert len(same) == most
            assert all(each[1] <= number for each in same)
