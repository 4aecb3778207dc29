"""Questions drawn from the grammar, as SQL text, and rows drawn from the domains."""

from datetime import date, datetime
from functools import cache
from typing import Any

import duckdb
import hypothesis.strategies as st
from hypothesis.strategies import SearchStrategy

from privacy.catalogue import Domain, Type
from tests.language.example import EARNINGS

NUMBERS = ["age", "tax_year", "score", "pay", "rent"]
COUNTS = st.integers(-3, 130).map(str)
DECIMALS = st.decimals(-600, 600, places=2).map(str)
CONSTANTS = st.one_of(COUNTS, DECIMALS, st.sampled_from(["0", "1", "10", "0.5"]))


@cache
def numbers(depth: int) -> SearchStrategy[str]:
    """A bounded number over rows."""
    leaves = st.one_of(st.sampled_from(NUMBERS), CONSTANTS)
    if depth == 0:
        return leaves
    below = numbers(depth - 1)
    pairs = st.tuples(below, below)
    binary = st.sampled_from(["+", "-", "*", "/", "%"])
    return st.one_of(
        leaves,
        st.tuples(pairs, binary).map(
            lambda each: f"({each[0][0]} {each[1]} {each[0][1]})"
        ),
        below.map(lambda each: f"(-{each})" if each[0] != "-" else each),
        below.map(lambda each: f"ABS({each})"),
        st.tuples(st.sampled_from(["FLOOR", "CEIL"]), below).map(
            "{0[0]}({0[1]})".format
        ),
        st.tuples(below, st.integers(0, 3)).map("ROUND({0[0]}, {0[1]})".format),
        pairs.map("LEAST({0[0]}, {0[1]})".format),
        pairs.map("GREATEST({0[0]}, {0[1]})".format),
        pairs.map("COALESCE({0[0]}, {0[1]})".format),
        pairs.map("NULLIF({0[0]}, {0[1]})".format),
        clamped(depth),
        bucket(depth),
        dates().map("YEAR({})".format),
        st.tuples(
            st.sampled_from(["YEAR", "QUARTER", "MONTH", "DAY", "ISODOW"]), dates()
        ).map("EXTRACT({0[0]} FROM {0[1]})".format),
        st.just("HOUR(seen)"),
        st.tuples(conditions(depth - 1), below, below).map(
            "CASE WHEN {0[0]} THEN {0[1]} ELSE {0[2]} END".format
        ),
        st.tuples(st.sampled_from(NUMBERS), COUNTS, below).map(
            "CASE {0[0]} WHEN {0[1]} THEN {0[2]} END".format
        ),
    )


@cache
def clamped(depth: int) -> SearchStrategy[str]:
    """CLAMP, which also takes numbers without bounds."""
    inside = st.one_of(st.sampled_from(["debt", "savings"]), numbers(depth - 1))
    ends = st.lists(CONSTANTS, min_size=2, max_size=2).map(
        lambda each: sorted(each, key=float)
    )
    return st.tuples(inside, ends).map(
        lambda each: f"CLAMP({each[0]}, {each[1][0]}, {each[1][1]})"
    )


@cache
def bucket(depth: int) -> SearchStrategy[str]:
    """WIDTH_BUCKET, likewise."""
    inside = st.one_of(st.sampled_from(["debt", "savings"]), numbers(depth - 1))
    return st.tuples(inside, COUNTS, st.integers(1, 90), st.integers(1, 12)).map(
        lambda each: (
            f"WIDTH_BUCKET({each[0]}, {each[1]}, {int(each[1]) + each[2]}, {each[3]})"
        )
    )


@cache
def dates() -> SearchStrategy[str]:
    """A column of dates or times."""
    return st.sampled_from(["born", "died", "seen"])


@cache
def texts() -> SearchStrategy[str]:
    """A text over rows."""
    plain = st.sampled_from(["region", "sex", "employer", '"odd name"'])
    return st.one_of(
        plain,
        plain.map("COALESCE({}, 'none')".format),
        st.tuples(plain, st.sampled_from(["F", "London", "b"])).map(
            "NULLIF({0[0]}, '{0[1]}')".format
        ),
        plain.map("CASE WHEN employed THEN {} ELSE 'x' END".format),
    )


@cache
def conditions(depth: int) -> SearchStrategy[str]:
    """A condition over rows."""
    comparison = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])
    words = st.sampled_from(["F", "London", "Nowhere", "a", "M", "Z"])
    patterns = st.text("aLnd%_", max_size=5)
    below = numbers(max(depth - 1, 0))
    simple = st.one_of(
        st.just("employed"),
        st.tuples(below, comparison, below).map("({0[0]} {0[1]} {0[2]})".format),
        st.tuples(
            st.sampled_from(["debt", "savings", "huge"]), comparison, CONSTANTS
        ).map("({0[0]} {0[1]} {0[2]})".format),
        st.tuples(texts(), comparison, words).map("({0[0]} {0[1]} '{0[2]}')".format),
        st.tuples(texts(), comparison, texts()).map("({0[0]} {0[1]} {0[2]})".format),
        st.tuples(texts(), words, words).map("({0[0]} IN ('{0[1]}', '{0[2]}'))".format),
        st.tuples(below, CONSTANTS, CONSTANTS).map(
            "({0[0]} NOT IN ({0[1]}, {0[2]}))".format
        ),
        st.tuples(below, below, below).map("({0[0]} BETWEEN {0[1]} AND {0[2]})".format),
        st.tuples(
            texts(), st.sampled_from(["LIKE", "NOT LIKE", "ILIKE"]), patterns
        ).map("({0[0]} {0[1]} '{0[2]}')".format),
        st.tuples(
            st.sampled_from(["born", "died", "seen"]),
            comparison,
            st.dates(date(1940, 1, 1), date(2030, 1, 1)),
        ).map("({0[0]} {0[1]} '{0[2]}')".format),
        st.sampled_from(["pay", "debt", "region", "seen", "employed"]).map(
            "({} IS NULL)".format
        ),
        st.sampled_from(["TRUE", "NOT TRUE", "FALSE", "NOT FALSE"]).map(
            "(employed IS {})".format
        ),
    )
    if depth == 0:
        return simple
    parts = st.lists(conditions(depth - 1), min_size=2, max_size=3)
    return st.one_of(
        simple,
        parts.map(lambda each: f"({' AND '.join(each)})"),
        parts.map(lambda each: f"({' OR '.join(each)})"),
        conditions(depth - 1).map("(NOT {})".format),
    )


@cache
def keys() -> SearchStrategy[str]:
    """A public key, or what may turn out to be one."""
    return st.one_of(
        st.sampled_from(
            ["region", "sex", "employed", "age", "tax_year", "score", '"odd name"']
        ),
        st.sampled_from(["born", "seen"]).map("EXTRACT(QUARTER FROM {})".format),
        st.just("YEAR(born)"),
        st.just("age - age % 10"),
        conditions(1),
        bucket(1),
        st.tuples(conditions(1), conditions(1)).map(
            "CASE WHEN {0[0]} THEN 'a' WHEN {0[1]} THEN 'b' END".format
        ),
        st.just("COALESCE(region, 'none')"),
        numbers(2),
    )


@cache
def aggregates() -> SearchStrategy[str]:
    """An aggregate, of all rows or of some."""
    every = plain_aggregates()
    some = st.tuples(every, conditions(1)).map("{0[0]} FILTER (WHERE {0[1]})".format)
    return st.one_of(every, every, some, conditions(1).map("COUNT_IF({})".format))


@cache
def plain_aggregates() -> SearchStrategy[str]:
    """An aggregate of all rows."""
    return st.one_of(
        st.just("COUNT(*)"),
        st.just("COUNT(DISTINCT person_id)"),
        st.one_of(texts(), numbers(1), conditions(1)).map("COUNT({})".format),
        st.one_of(texts(), numbers(1), st.just("born")).map(
            "COUNT(DISTINCT {})".format
        ),
        numbers(3).map("SUM({})".format),
        numbers(2).map("AVG({})".format),
        st.tuples(st.sampled_from(["VAR_POP", "STDDEV_SAMP"]), numbers(1)).map(
            "{0[0]}({0[1]})".format
        ),
        st.tuples(
            st.sampled_from(["COVAR_SAMP", "CORR", "REGR_SLOPE"]),
            numbers(1),
            numbers(1),
        ).map("{0[0]}({0[1]}, {0[2]})".format),
    )


@st.composite
def questions(draw: st.DrawFn) -> str:
    """A question that is mostly accepted."""
    asked = draw(st.lists(aggregates(), min_size=1, max_size=3))
    grouped = draw(st.lists(keys(), max_size=2))
    items = [f"{each} AS x{place}" for place, each in enumerate(grouped + asked)]
    where = draw(st.one_of(st.none(), conditions(2)))
    group = f" GROUP BY {', '.join(grouped)}" if grouped else ""
    condition = f" WHERE {where}" if where else ""
    return f"SELECT {', '.join(items)} FROM earnings{condition}{group}"


def cell(domain: Domain) -> SearchStrategy[Any]:
    """A value of a domain, ends likelier than not."""
    if domain.values is not None:
        found: SearchStrategy[Any] = st.sampled_from(domain.values)
    elif domain.type is Type.NUMBER:
        ends = [each for each in (domain.lower, domain.upper) if isinstance(each, int)]
        lower = domain.lower if isinstance(domain.lower, int) else -(2**63) + 1
        upper = domain.upper if isinstance(domain.upper, int) else 2**63 - 1
        near = st.integers(max(lower, -100_000), min(upper, 100_000))
        extremes = [*ends, lower, upper, max(lower, 0)]
        found = st.one_of(st.sampled_from(extremes), near)
    elif domain.type is Type.TEXT:
        found = st.one_of(
            st.sampled_from(["London", "F", "land", ""]), st.text(max_size=4)
        )
    elif domain.type is Type.DATE:
        lower_date = domain.lower if isinstance(domain.lower, date) else date(1, 1, 1)
        upper_date = (
            domain.upper if isinstance(domain.upper, date) else date(9999, 12, 31)
        )
        found = st.dates(lower_date, upper_date)
    else:
        found = st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1))  # noqa: DTZ001 - values have no zone
    return st.one_of(st.none(), found) if domain.nullable else found


def people(most: int = 4) -> SearchStrategy[list[list[dict[str, Any]]]]:
    """Rows of a few people, each with at most as many as the table allows."""
    row = st.fixed_dictionaries(
        {each.name: cell(each.domain) for each in EARNINGS.columns}
    )
    person = st.lists(row, min_size=0, max_size=EARNINGS.rows_per_person)
    return st.lists(person, max_size=most).map(_numbered)


def _numbered(found: list[list[dict[str, Any]]]) -> list[list[dict[str, Any]]]:
    return [
        [{**row, "person_id": place} for row in rows]
        for place, rows in enumerate(found)
    ]


def engine() -> duckdb.DuckDBPyConnection:
    """An engine with the example's table, typed as publication types it."""
    connection = duckdb.connect(
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "threads": "1",
        }
    )
    columns = ", ".join(
        f'"{each.name}" {physical(each.domain)}' for each in EARNINGS.columns
    )
    connection.execute(f"CREATE TABLE earnings (person_id INTEGER, {columns})")
    return connection


def physical(domain: Domain) -> str:
    """The narrowest type a column is stored in."""
    if domain.type is Type.NUMBER:
        ends = (domain.lower, domain.upper)
        bounded = [each for each in ends if isinstance(each, int)]
        for name, bits in (("TINYINT", 7), ("SMALLINT", 15), ("INTEGER", 31)):
            if len(bounded) == 2 and all(
                -(2**bits) <= each < 2**bits for each in bounded
            ):
                return name
        return "BIGINT"
    if domain.type is Type.TEXT and domain.values is not None:
        return f"ENUM ({', '.join(repr(each) for each in domain.values)})"
    names = {Type.TEXT: "VARCHAR", Type.BOOLEAN: "BOOLEAN", Type.DATE: "DATE"}
    return names.get(domain.type, "TIMESTAMP")


def fill(connection: duckdb.DuckDBPyConnection, rows: list[dict[str, Any]]) -> None:
    """Make the table hold these rows and no others."""
    connection.execute("DELETE FROM earnings")
    names = ["person_id", *(each.name for each in EARNINGS.columns)]
    marks = ", ".join("?" for _ in names)
    if rows:
        values = [[row[name] for name in names] for row in rows]
        connection.executemany(f"INSERT INTO earnings VALUES ({marks})", values)
