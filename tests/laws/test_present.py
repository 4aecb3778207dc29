"""Rows in which a figure is present are no more than what its condition leaves."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import duckdb
import hypothesis.strategies as st
from hypothesis import HealthCheck, assume, given, settings

from privacy.bind import bind
from privacy.bound import bound
from privacy.catalogue import Catalogue, GroupBound, Table
from privacy.compile import compile_rows
from privacy.errors import Refused
from privacy.parse import parse
from tests.language.example import CATALOGUE, EARNINGS, JOBS, LOCATION
from tests.laws.relations import fill, together
from tests.laws.test_groups import ABOUT, kept

LOCATIONS = dict.fromkeys(CATALOGUE.tables, LOCATION)
CAPS = {"earnings": 12, "jobs": 6}
GROUPS = {
    "earnings": ["tax_year", "region", "score", "employed"],
    "jobs": ["tax_year", "sector", "hours"],
}
FEW: dict[str, list[Any]] = {
    "tax_year": [2012, 2013],
    "region": ["Wales", "London", None],
    "score": [0, 1, None],
    "employed": [True, False, None],
    "sector": ["Farms", "Mills"],
    "hours": [0, 1, None],
    "pay": [1, None],
}
"""Values that meet often, so that a person has as many rows as bounds leave."""

OF_EARNINGS = [
    *("e.tax_year = 2012", "e.tax_year IN (2012, 2014)", "e.tax_year % 2 = 0"),
    *("e.region IS NULL", "e.region = 'Wales'", "e.region <> 'Wales'"),
    *("e.employed", "NOT e.employed", "e.employed IS NULL", "e.score = 0"),
    *("e.score IS NULL OR e.score = 1", "COALESCE(e.score, 0) = 0"),
    *("e.tax_year = 2012 OR e.score = 1", "e.tax_year = 2012 AND e.region = 'Wales'"),
]
OF_JOBS = [
    *("j.tax_year = 2012", "j.tax_year IS NULL", "j.sector = 'Farms'"),
    *("j.sector = 'Mills' AND j.tax_year = 2012", "j.hours IS NULL OR j.hours = 1"),
    "j.hours IS NULL AND e.tax_year = 2012",
]
ARGUMENTS = [
    *("e.pay", "e.score", "CASE WHEN {0} THEN e.score END"),
    *("-CASE WHEN {0} THEN e.score END", "COALESCE(CASE WHEN {0} THEN e.pay END, 0)"),
    "CASE WHEN {0} THEN e.pay WHEN {1} THEN e.score END",
    "CASE WHEN {0} THEN e.pay ELSE 1 END",
    "CASE WHEN e.score IS NOT NULL THEN CASE WHEN {0} THEN e.pay END END",
    "NULLIF(CASE WHEN {0} THEN e.score END, 1)",
    "e.score + CASE WHEN {0} THEN e.pay END",
]
KEYS = ["e.tax_year", "e.region", "e.score", "e.employed", "e.tax_year % 3"]
FORMS = [
    *("{0}", "{0}", "{0}, {1}", "ROLLUP ({0}, {1})"),
    "GROUPING SETS (({0}), ({1}), ())",
]


@st.composite
def bounds(draw: st.DrawFn, table: Table) -> Table:
    """The table with one or two bounds by group."""
    columns = st.lists(st.sampled_from(GROUPS[table.name]), min_size=1, max_size=2)
    found = [GroupBound((draw(st.sampled_from(GROUPS[table.name])),), rows=1)]
    if draw(st.booleans()):
        rows = draw(st.sampled_from([1, 2, None]))
        groups = draw(st.sampled_from([None, 1, 2] if rows else [1, 2]))
        names = tuple(dict.fromkeys(draw(columns)))
        found.append(GroupBound(names, rows=rows, groups=groups))
    return replace(table, rows_per_person=CAPS[table.name], bounds=tuple(found))


def rows_of(table: Table) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Many rows of one person, of which publication keeps what the bounds allow."""
    own = {name: values for name, values in FEW.items() if name in _names(table)}
    some = st.fixed_dictionaries({n: st.sampled_from(v) for n, v in own.items()})
    empty: dict[str, Any] = {name: _filler(table, name) for name in _names(table)}
    many = st.lists(some.map(lambda row: empty | row), min_size=6, max_size=24)
    return many.map(lambda rows: kept(rows, table)[: table.rows_per_person])


def _names(table: Table) -> list[str]:
    return [each.name for each in table.columns]


def _filler(table: Table, name: str) -> Any:
    domain = next(each.domain for each in table.columns if each.name == name)
    return None if domain.nullable else (domain.values or (domain.lower,))[0]


@st.composite
def asked(draw: st.DrawFn) -> str:
    """Every figure there is of two conditions, of tables however put together."""
    source = draw(st.sampled_from(ABOUT))
    both = " AS j " in source
    condition = st.sampled_from(OF_EARNINGS + (OF_JOBS if both else []))
    one, other = draw(condition), draw(condition)
    plain = [f"SUM({each.format(one, other)})" for each in ARGUMENTS]
    figures = [*plain, *(f"{each} FILTER (WHERE {other})" for each in plain)]
    keys = draw(st.lists(st.sampled_from(KEYS), max_size=2, unique=True))
    by = draw(st.sampled_from(FORMS)).format(*keys, *keys) if keys else ""
    where = f" WHERE {draw(condition)}" if draw(st.integers(0, 3)) == 0 else ""
    shown = [each for each in keys if each in by]
    items = ", ".join(f"{each} AS x{at}" for at, each in enumerate(shown + figures))
    group = f" GROUP BY {by}" if by else ""
    return f"SELECT {items} FROM {source}{where}{group}"


@settings(
    suppress_health_check=list(HealthCheck),
    max_examples=max(150, settings().max_examples),
)
@given(sql=asked(), data=st.data())
def test_a_person_has_no_more_rows_in_a_figure_than_its_bounds(
    database: duckdb.DuckDBPyConnection, sql: str, data: st.DataObject
) -> None:
    """In all, in any one cell, and in cells; however what it is of is computed."""
    tables = [data.draw(bounds(each)) for each in (EARNINGS, JOBS)]
    drawn = {each.name: data.draw(rows_of(each)) for each in tables}
    held = {**CATALOGUE.tables, **{each.name: each for each in tables}}
    try:
        bounded = bound(bind(parse(sql), Catalogue("residents", held)))
    except Refused:
        assume(False)
        raise
    person = {
        name: [{**row, "person_id": 0} for row in rows] for name, rows in drawn.items()
    }
    fill(database, together([person], {"regions": []}))
    text = compile_rows(bounded.query, LOCATIONS).sql
    rows = database.execute(text).to_arrow_table().to_pylist()
    keys = range(len(bounded.query.keys))
    for at, aggregate in enumerate(bounded.query.aggregates):
        most = bounded.of(aggregate.argument)
        present = [row for row in rows if row[f"a{at}"] is not None]
        for grouped in bounded.query.sets or (tuple(keys),):
            cells = Counter(tuple(row[f"k{key}"] for key in grouped) for row in present)
            assert cells.total() <= most.rows_per_person
            assert max(cells.values(), default=0) <= most.rows_per_cell
            assert len(cells) <= most.cells_per_person
