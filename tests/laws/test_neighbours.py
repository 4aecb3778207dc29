"""Nothing but noised figures tells two databases apart that differ by one person."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import duckdb
import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis.strategies import SearchStrategy

from privacy.accounting import ATTO, NANO, Measure
from privacy.arrange import arrange
from privacy.bound import bound
from privacy.compile import compile_plan
from privacy.errors import Refused
from privacy.levels import level, parts, price_levels
from privacy.margins import check
from privacy.noise import noise
from privacy.plan import Plan, plan
from privacy.policy import GATEWAY
from privacy.price import Price
from privacy.spending import Allowance, Intent, Spending
from privacy.table import NoisedTable, ReleasedTable
from privacy.teach import understand
from tests.language.example import CATALOGUE, LOCATION
from tests.language.test_spec import ACCEPTED, REFUSED
from tests.laws import relations
from tests.laws.grammar import aggregates, keys, questions
from tests.laws.laboratory import catalogue, package, tables
from tests.laws.relations import Database, databases, related, together
from tre.enclave.execute import execute
from tre.enclave.job import Job
from tre.lab import Lab

STATUS = "_status"
MOST_CELLS = 5_000
ALLOWANCE = Allowance(Measure.ZCDP, 10 * NANO, ATTO // 2_000_000)
SPENDING = Spending(Intent.EPSILON, Fraction(1))
EVERY = [*ACCEPTED, *(sql for _, sql in REFUSED)]

THERE = catalogue()
"""The laboratories' catalogue."""


@st.composite
def mangled(draw: st.DrawFn) -> str:
    """A question of the manual with a piece cut out or swapped: mostly wrong."""
    sql = draw(st.sampled_from(EVERY))
    pieces = re.findall(r"\w+|\s+|.", sql, re.DOTALL)
    place = draw(st.integers(0, len(pieces) - 1))
    other = draw(st.sampled_from(["", "pay", "paye", "1", "COUNT", ")", "person_id"]))
    return "".join([*pieces[:place], other, *pieces[place + 1 :]])


@st.composite
def sets(draw: st.DrawFn) -> str:
    """A question with margins."""
    one, other, asked = draw(keys()), draw(keys()), draw(aggregates())
    assume(one != other)
    form = draw(st.sampled_from(["ROLLUP ({}, {})", "CUBE ({}, {})"]))
    group = form.format("x0", "x1")
    items = f"{one} AS x0, {other} AS x1, {asked} AS y"
    return f"SELECT {items} FROM earnings GROUP BY {group}"


def asked() -> SearchStrategy[str]:
    """Questions of every kind, right and wrong."""
    return st.one_of(questions(), related(), sets(), mangled(), st.sampled_from(EVERY))


# ------------------------------------------------------------------ stage by stage


def planned(sql: str) -> Plan:
    """The plan of an accepted question over public keys, of a size worth drawing."""
    try:
        found = level(plan(bound(understand(sql, CATALOGUE)), GATEWAY), Measure.ZCDP)
    except Refused as refused:
        event(f"refused: {refused.code}")
        assume(False)
        raise
    assume(found.emerging is None and not found.choices and found.cells <= MOST_CELLS)
    return found


def released(
    database: duckdb.DuckDBPyConnection, cost: Price, found: Database
) -> ReleasedTable:
    """The whole way from a database to what is released of it."""
    relations.fill(database, found)
    values: dict[int, Any] = {}
    for part in parts(cost):
        job = Job(
            (),
            compile_plan(part.plan, dict.fromkeys(CATALOGUE.tables, LOCATION)).sql,
            tuple(key.domain for key in part.plan.query.keys),
            part.mechanisms,
        )
        exact = execute(job, lambda text: database.execute(text).to_arrow_table())
        drawn = noise(exact, part.mechanisms, 1)
        values |= dict(zip(part.positions, drawn.values, strict=True))
    noised = NoisedTable(tuple(values[place] for place in sorted(values)))
    return arrange(check(noised, cost))


def keyed(table: ReleasedTable, plan: Plan) -> tuple[Any, ...]:
    """All that is not a figure: names, kinds and order of columns, and the keys."""
    shape = tuple((each.name, each.kind, each.scale) for each in table.columns)
    names = {each.name for each in table.columns}
    figures = {each.removesuffix(STATUS) for each in names if each.endswith(STATUS)}
    ends = {f"{each}{end}" for each in figures for end in ("", "_low", "_high", STATUS)}
    keys = tuple(
        (each.name, tuple(each.values.tolist()), tuple(each.null.tolist()))
        for each in table.columns
        if each.name not in ends
    )
    sorted_by_figures = plan.query.having is not None or plan.query.ordering
    cut = plan.query.limit is not None or plan.query.offset
    return (shape,) if sorted_by_figures or cut else (shape, table.rows, keys)


@settings(suppress_health_check=list(HealthCheck))
@given(sql=st.one_of(questions(), related(), sets()), drawn=databases())
def test_a_release_has_the_same_rows_with_and_without_a_person(
    database: duckdb.DuckDBPyConnection,
    sql: str,
    drawn: tuple[list[Database], Database],
) -> None:
    """Columns, keys, their order and their number depend on public facts alone."""
    people, public = drawn
    assume(people)
    asked = planned(sql)
    cost = price_levels(asked, SPENDING, ALLOWANCE)
    with_them, without, nobody = (
        keyed(released(database, cost, together(kept, public)), asked)
        for kept in (people, people[1:], [])
    )
    assert with_them == without == nobody


# -------------------------------------------------------------------- end to end


def crowd() -> Database:
    """Forty people like each other, and one last person like nobody."""
    usual = {
        **{"age": 40, "tax_year": 2014, "score": 1, "pay": 2_500_000, "rent": 1_000},
        **{"debt": 5, "savings": 7, "huge": 3, "region": "London", "sex": "F"},
        **{"employer": "Mills", "employed": True, "secret": 0, "odd name": "a"},
        **{"born": None, "died": None, "seen": None},
    }
    alone = {
        **usual,
        **{"age": 120, "tax_year": 2020, "score": -5, "pay": 20_000_000},
        **{"debt": -(10**12), "savings": 2**40, "huge": -(10**15), "sex": "M"},
        **{"region": "Wales", "employer": "Zebedee", "employed": None},
    }
    job = {"tax_year": 2014, "sector": "Mills", "hours": 40, "secret": 1}
    own = {**job, "sector": "Farms", "hours": 60}
    narrow = ("age", "tax_year", "score")
    return {
        "earnings": [
            *({**usual, "person_id": n} for n in range(40) for _ in range(2)),
            *({**alone, "person_id": 40} for _ in range(4)),
        ],
        "jobs": [
            *({**job, "person_id": n} for n in range(40)),
            {**own, "person_id": 40},
        ],
        "people": [{name: usual[name] for name in narrow}] * 40,
        "areas": [{"age": 40, "tax_year": 2014}],
        "regions": [
            {"region": "Wales", "country": "Wales", "budget": 1},
            {"region": "London", "country": "England", "budget": None},
        ],
    }


def without(found: Database, person: int) -> Database:
    """The same database where one person never was."""
    return {
        name: [row for row in rows if row.get("person_id", -1) != person]
        for name, rows in found.items()
    }


@pytest.fixture(scope="module")
def labs() -> Iterator[tuple[Lab, Lab]]:
    """Two laboratories that differ by one person; the same noised profile is public."""
    whole = crowd()
    others = tables(without(whole, 40))
    with (
        Lab(tables(whole), package(), epsilon=1e6) as one,
        Lab(others, package(), epsilon=1e6, profiles=one.profiles()) as other,
    ):
        yield one, other


def outcome(lab: Lab, sql: str) -> tuple[Any, ...]:
    """What a researcher sees of a question beside figures: a refusal or a shape."""
    try:
        table = lab.ask(sql, epsilon=1.0).to_arrow()
    except Refused as refused:
        told = (refused.code, refused.message, refused.clause, refused.suggestion)
        return (*told, refused.position)
    shape = tuple((each.name, str(each.type)) for each in table.schema)
    query = understand(sql, THERE)
    released = query.having is not None or query.ordering or query.limit is not None
    emerging = any(key.domain.values is None for key in query.keys)
    if released or emerging or query.offset:
        return (shape,)
    plain = [
        each
        for each in table.column_names
        if f"{each}{STATUS}" not in table.column_names
        and not each.endswith(("_low", "_high", STATUS))
    ]
    return shape, table.num_rows, table.select(plain).to_pydict()


def cells(sql: str) -> int:
    """How many cells a question has; none where it is refused."""
    try:
        return plan(bound(understand(sql, THERE)), GATEWAY).cells
    except Refused:
        return 0


@settings(suppress_health_check=list(HealthCheck))
@given(sql=asked())
def test_asking_tells_no_more_than_figures(labs: tuple[Lab, Lab], sql: str) -> None:
    """Refusals word for word, the charge, and the rows of an answer are the same."""
    assume(cells(sql) <= 500)
    before = [lab.remaining() for lab in labs]
    one, other = (outcome(lab, sql) for lab in labs)
    assert one == other
    paid = [
        earlier.rho - lab.remaining().rho
        for earlier, lab in zip(before, labs, strict=True)
    ]
    assert paid[0] == pytest.approx(paid[1], rel=1e-6)


def test_the_two_laboratories_are_neighbours(labs: tuple[Lab, Lab]) -> None:
    """One person is in the first alone, with all their rows; else they are the same."""
    for name, rows in (("earnings", 4), ("jobs", 1), ("people", 0)):
        question = f"SELECT COUNT(*) AS n FROM {name}"
        one, other = (lab.exact(question)["n"].to_pylist()[0] for lab in labs)
        assert one - other == rows
