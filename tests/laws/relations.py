"""Questions over joins and subqueries, and small databases to ask them of."""

from collections.abc import Mapping
from typing import Any

import duckdb
import hypothesis.strategies as st
from hypothesis.strategies import SearchStrategy

from privacy.catalogue import Table
from tests.language.example import EARNINGS, JOBS, PEOPLE, REGIONS
from tests.laws.grammar import cell, physical

Database = Mapping[str, list[dict[str, Any]]]
"""Rows by table."""

TABLES = (EARNINGS, JOBS, PEOPLE, REGIONS)
LINKED = (EARNINGS, JOBS)

SOURCES = {
    "earnings": ["region", "tax_year", "score", "pay", "employed"],
    "jobs": ["tax_year", "sector", "hours"],
    "people": ["age", "tax_year", "score"],
    "regions": ["region", "country", "budget"],
    "(SELECT person_id, tax_year, score * 2 AS score, region FROM earnings"
    " WHERE score > -3)": ["tax_year", "score", "region"],
    "(SELECT * FROM jobs WHERE hours IS NULL OR hours < 40)": ["tax_year", "hours"],
    "(SELECT a.person_id, COALESCE(b.hours, -1) AS h, a.tax_year FROM jobs AS a"
    " LEFT JOIN jobs AS b USING (person_id))": ["h", "tax_year"],
    "(SELECT e.person_id, r.country, e.score FROM earnings e JOIN regions r"
    " ON e.region = r.region)": ["country", "score"],
    "(SELECT person_id, COUNT(*) AS n, SUM(score) AS total FROM earnings"
    " WHERE pay IS NULL OR pay > 9 GROUP BY person_id)": ["n", "total"],
    "(SELECT person_id, sector, COUNT(hours) AS n, SUM(hours + tax_year) AS total"
    " FROM jobs GROUP BY ALL)": ["sector", "n", "total"],
    "(SELECT e.person_id, e.region, SUM(e.pay - j.hours) AS total FROM earnings e"
    " LEFT JOIN jobs j USING (person_id) GROUP BY e.person_id, e.region, e.employed"
    ")": ["region", "total"],
    "(SELECT person_id, MIN(pay) AS low, MAX(score) AS high, AVG(score) AS mean,"
    " AVG(pay) AS pay, COUNT(*) AS n FROM earnings GROUP BY person_id)": [
        *("low", "high", "mean", "pay", "n")
    ],
    "(SELECT person_id, COUNT(DISTINCT region) AS n, MEDIAN(pay) AS pay,"
    " MEDIAN(score) AS mean, BOOL_OR(employed) AS employed,"
    " BOOL_AND(score > 0 OR employed) AS always, MAX(score) FILTER (WHERE employed)"
    " AS high, AVG(score) FILTER (WHERE pay > 9) AS low FROM earnings"
    " GROUP BY person_id)": ["n", "pay", "mean", "employed", "high", "low"],
    "(SELECT person_id, region, SUM(score) AS total FROM earnings GROUP BY person_id,"
    " region HAVING MAX(pay) > 9 OR total > 0)": ["region", "total"],
    "(SELECT DISTINCT person_id, region, employed FROM earnings)": [
        *("region", "employed")
    ],
    "(SELECT person_id, score, region FROM earnings WHERE employed UNION ALL"
    " SELECT person_id, hours, 'Kent' FROM jobs)": ["score", "region"],
    "(SELECT person_id, pay FROM earnings UNION ALL SELECT person_id, hours FROM jobs"
    " UNION ALL SELECT person_id, tax_year FROM jobs WHERE hours > 3)": ["pay"],
    "(SELECT person_id, NULL AS score, region FROM earnings UNION ALL SELECT"
    " person_id, hours, NULL FROM jobs)": ["score", "region"],
    "(SELECT * FROM earnings WHERE person_id NOT IN (SELECT person_id FROM jobs"
    " WHERE sector = 'Farms') AND region IN (SELECT region FROM regions))": [
        *("region", "score", "pay")
    ],
    "(SELECT * FROM earnings WHERE score > 0 OR person_id IN (SELECT person_id FROM"
    " jobs WHERE sector = 'Farms'))": ["region", "score", "pay"],
    "(SELECT * FROM jobs AS j WHERE NOT EXISTS (SELECT 1 FROM earnings AS e WHERE"
    " e.person_id = j.person_id AND e.tax_year = j.tax_year AND j.hours > 3))": [
        *("tax_year", "sector")
    ],
    "(SELECT age, score FROM people UNION ALL SELECT score, age FROM people)": [
        *("age", "score")
    ],
    "(SELECT region AS place, budget FROM regions WHERE budget IS NOT NULL)": [
        "place",
        "budget",
    ],
}
"""What may stand in FROM, and columns of it."""

NUMBERS = {"tax_year", "score", "pay", "hours", "age", "budget", "h", "n", "total"}
NUMBERS |= {"low", "high", "mean"}
KEYS = {"region", "tax_year", "score", "employed", "sector", "hours", "country", "n"}


@st.composite
def conditions(draw: st.DrawFn, left: list[str], right: list[str]) -> str:
    """A condition over both sides of a join; many are not sound alone."""
    texts = ("region", "place", "country", "sector")
    one = draw(st.sampled_from(left))
    same = [each for each in right if _kind(each) == _kind(one)] or right
    other = draw(st.sampled_from(same))
    if _kind(one) != "number":
        comparison = draw(st.sampled_from(["=", "=", "=", "<>"]))
        return f"{one} {comparison} {other}"
    comparison = draw(st.sampled_from(["=", "=", "<", "<>"]))
    shift = draw(st.sampled_from(["", " + 1", " * 2"]))
    assert not one.endswith(texts)
    return f"{one} {comparison} {other}{shift}"


def _kind(column: str) -> str:
    name = column.split(".")[-1]
    if name in NUMBERS:
        return "number"
    return "truth" if name == "employed" else "text"


KINDS = [
    *("JOIN", "INNER JOIN", "LEFT JOIN", "LEFT JOIN", "RIGHT JOIN"),
    *("SEMI JOIN", "ANTI JOIN"),
]


@st.composite
def forms(draw: st.DrawFn) -> tuple[str, list[str]]:
    """A FROM clause, and qualified columns of what it joins."""
    first = draw(st.sampled_from(list(SOURCES)))
    text = f"{first} AS t0"
    columns = [f"t0.{each}" for each in SOURCES[first]]
    for place in range(1, draw(st.integers(1, 3))):
        source = draw(st.sampled_from(list(SOURCES)))
        mine = [f"t{place}.{each}" for each in SOURCES[source]]
        kind = draw(st.sampled_from(KINDS))
        text += f" {kind} {source} AS t{place} ON "
        demanded = draw(st.lists(conditions(columns, mine), max_size=2))
        whom = draw(st.integers(0, place - 1))
        if draw(st.integers(0, 4)) or not demanded:
            demanded.insert(0, f"t{whom}.person_id = t{place}.person_id")
        if "region" in source or "place" in mine:
            key = "place" if f"t{place}.place" in mine else "region"
            places = [each for each in columns if each.endswith(".region")]
            if places and f"t{place}.{key}" in mine:
                demanded[0] = f"{draw(st.sampled_from(places))} = t{place}.{key}"
        text += " AND ".join(demanded)
        columns += mine if kind not in ("SEMI JOIN", "ANTI JOIN") else []
    return text, columns


def kept_rows(columns: list[str]) -> SearchStrategy[str]:
    """What FILTER keeps of a join's rows: of either side, matched or not, or both."""
    column = st.sampled_from(columns)
    numbers = [each for each in columns if _kind(each) == "number"] or ["1"]
    number = st.sampled_from(numbers)
    comparison = st.sampled_from(["=", "<", ">=", "<>"])
    simple = st.one_of(
        column.map("{} IS NULL".format),
        column.map("{} IS NOT NULL".format),
        st.tuples(number, comparison, st.integers(-2, 40)).map(
            "{0[0]} {0[1]} {0[2]}".format
        ),
        st.tuples(number, comparison, number).map("{0[0]} {0[1]} {0[2]}".format),
    )
    joined = st.sampled_from(["AND", "OR"])
    both = st.tuples(simple, joined, simple).map("({0[0]} {0[1]} {0[2]})".format)
    return st.one_of(simple, both, simple.map("NOT ({})".format))


@st.composite
def related(draw: st.DrawFn) -> str:
    """A question over joins, that may be refused for how it joins."""
    source, columns = draw(forms())
    column = st.sampled_from(columns)
    number = st.sampled_from(
        [each for each in columns if _kind(each) == "number"] or ["1"]
    )
    aggregate = st.one_of(
        st.sampled_from(["COUNT(*)", "COUNT(DISTINCT t0.person_id)"]),
        number.map("VAR_POP({})".format),
        column.map("COUNT({})".format),
        number.map("SUM({})".format),
        st.tuples(number, number).map("SUM({0[0]} - {0[1]})".format),
        number.map("AVG({})".format),
    )
    some = st.tuples(aggregate, kept_rows(columns)).map(
        "{0[0]} FILTER (WHERE {0[1]})".format
    )
    counted = kept_rows(columns).map("COUNT_IF({})".format)
    aggregate = st.one_of(aggregate, some, counted)
    asked = draw(st.lists(aggregate, min_size=1, max_size=3))
    keyed = [each for each in columns if each.split(".")[1] in KEYS]
    keys = draw(st.lists(st.sampled_from(keyed), max_size=1)) if keyed else []
    items = [f"{each} AS x{place}" for place, each in enumerate(keys + asked)]
    where = draw(st.one_of(st.just(""), column.map(" WHERE {} IS NOT NULL".format)))
    where = draw(st.one_of(st.just(where), column.map(" WHERE {} IS NULL".format)))
    kept = draw(st.sampled_from(KEPT))
    if kept:
        where = f"{where} AND {kept}" if where else f" WHERE {kept}"
    group = f" GROUP BY {', '.join(keys)}" if keys else ""
    return f"SELECT {', '.join(items)} FROM {source}{where}{group}"


KEPT = [
    *("", "", "", ""),
    "t0.person_id IN (SELECT person_id FROM jobs WHERE hours > 5)",
    "t0.person_id NOT IN (SELECT person_id FROM earnings WHERE employed)",
    "EXISTS (SELECT 1 FROM jobs AS x WHERE x.person_id = t0.person_id)",
    "NOT EXISTS (SELECT 1 FROM (SELECT * FROM earnings WHERE score = 0) AS x"
    " WHERE t0.person_id = x.person_id AND t0.person_id = x.person_id)",
    "(t0.person_id IN (SELECT person_id FROM jobs WHERE hours > 5) OR NOT EXISTS"
    " (SELECT 1 FROM earnings AS x WHERE x.person_id = t0.person_id AND x.score = 0))",
    "(t0.person_id NOT IN (SELECT person_id FROM jobs WHERE hours > 5) OR t0.person_id"
    " IN (SELECT person_id FROM earnings GROUP BY person_id HAVING COUNT(*) > 1 AND"
    " person_id IN (SELECT person_id FROM jobs GROUP BY person_id HAVING COUNT(*) > 1"
    ")))",
]
"""Conditions about a person's other rows."""


def _row(table: Table) -> SearchStrategy[dict[str, Any]]:
    """A row whose values meet those of other rows often."""
    return st.fixed_dictionaries(
        {
            each.name: st.one_of(st.sampled_from(_few(each.name)), cell(each.domain))
            if each.name in ("tax_year", "score", "age")
            else cell(each.domain)
            for each in table.columns
        }
    )


def _few(name: str) -> list[int]:
    return {"tax_year": [2012, 2013], "score": [0, 1], "age": [1, 2]}[name]


@st.composite
def databases(draw: st.DrawFn, most: int = 3) -> tuple[list[Database], Database]:
    """People one by one, each with rows in every table, and the public rows.

    No more rows a person than the tables allow, and no more public rows of a key
    than one.
    """
    people: list[Database] = []
    for number in range(draw(st.integers(0, most))):
        mine: dict[str, list[dict[str, Any]]] = {}
        for table in LINKED:
            found = draw(st.lists(_row(table), max_size=table.rows_per_person))
            mine[table.name] = [{**row, "person_id": number} for row in found]
        alone = draw(st.lists(_row(PEOPLE), max_size=1))
        mine["people"] = [{**row, "person_id": 7 * number} for row in alone]
        people.append(mine)
    public = draw(
        st.lists(_row(REGIONS), max_size=4, unique_by=lambda row: row["region"])
    )
    kept = {(row["country"], row["budget"]): row for row in public}
    return people, {"regions": list(kept.values())}


def together(people: list[Database], public: Database) -> Database:
    """One database of these people."""
    named = {
        table.name: [row for each in people for row in each.get(table.name, [])]
        for table in TABLES
    }
    return {**named, **public}


def engine() -> duckdb.DuckDBPyConnection:
    """An engine with the example's tables, typed as publication types them."""
    connection = duckdb.connect(
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "threads": "1",
        }
    )
    for table in TABLES:
        columns = [f'"{each.name}" {physical(each.domain)}' for each in table.columns]
        if table is not REGIONS:
            columns.insert(0, "person_id UTINYINT")
        connection.execute(f"CREATE TABLE {table.name} ({', '.join(columns)})")
    return connection


def fill(connection: duckdb.DuckDBPyConnection, database: Database) -> None:
    """Make the tables hold these rows and no others."""
    for table in TABLES:
        connection.execute(f"DELETE FROM {table.name}")
        names = [each.name for each in table.columns]
        if table is not REGIONS:
            names.insert(0, "person_id")
        marks = ", ".join("?" for _ in names)
        rows = [[row[name] for name in names] for row in database[table.name]]
        if rows:
            connection.executemany(f"INSERT INTO {table.name} VALUES ({marks})", rows)
