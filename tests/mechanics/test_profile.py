"""What a table's profile says, what it costs, and how far one person moves it."""

from __future__ import annotations

from dataclasses import replace

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.catalogue import Column, Domain, Table, Type, Unit
from privacy.histogram import ladder
from privacy.profile import Profile, classes, people, rows_within, share_beyond
from privacy.profiling import HISTOGRAMS_NANO, PROFILE_NANO, measurement
from privacy.table import ExactTable
from privacy.totals import totalled, valued
from tre.enclave.execute import execute
from tre.enclave.job import Attachment
from tre.profiling import counts, jobs

CAP = 4
NUMBER = Domain(Type.NUMBER, 0, 0, 100)
COLUMNS = (Column("pay", NUMBER), Column("net", replace(NUMBER, lower=-100)))
NAMES = frozenset(("pay", "net"))
TABLE = Table("t", "d", Unit.PERSON, CAP, COLUMNS, NAMES)
PLANNED = measurement(TABLE, ("pay", "hours"))
MOVED = ["m0", "m3"]

PERSON = st.integers(1, 200).flatmap(
    lambda rows: st.tuples(st.just(rows), st.integers(0, rows), st.integers(0, rows))
)


def exact(brought: list[tuple[int, int, int]]) -> list[int]:
    """Every exact figure, before noise, as the enclave would compute it."""
    connection = duckdb.connect()
    columns = zip(("brought", *MOVED), range(3), strict=True)
    table = pa.table(
        {
            name: pa.array([person[place] for person in brought], pa.int64())
            for name, place in columns
        }
    )
    connection.execute("ATTACH ':memory:' AS v")
    connection.register("given", table)
    connection.execute('CREATE TABLE v."_brought_t" AS FROM given')
    read = lambda sql: connection.execute(sql).to_arrow_table()
    found: list[ExactTable] = [
        execute(job, read)
        for job in jobs(TABLE, Attachment("v", "", ""), PLANNED, MOVED)
    ]
    return [int(v) for table in found for values in table.values for v in values]


@given(st.lists(PERSON, max_size=5), PERSON)
def test_one_person_moves_no_figure_past_its_bound(
    others: list[tuple[int, int, int]], person: tuple[int, int, int]
) -> None:
    """A person is in one class, and in each sum at most what its noise is made for."""
    without, together = exact(others), exact([*others, person])
    moves = [b - a for a, b in zip(without, together, strict=True)]
    counted = len(PLANNED.starts)
    assert sorted(moves[:counted])[-1] == sum(moves[:counted]) == 1
    mechanisms = (PLANNED.dropped, *PLANNED.clamped)
    for move, mechanism in zip(moves[counted:], mechanisms, strict=True):
        assert 0 <= move <= mechanism.l1
        assert mechanism.l2_squared == mechanism.l1**2
    assert (PLANNED.people.l1, PLANNED.people.l2_squared) == (1, 1)


VALUE = st.one_of(st.none(), st.integers(0, 100))
OWN = st.lists(st.tuples(VALUE, st.integers(-100, 100)), min_size=1, max_size=CAP)


def held(people: list[list[tuple[int | None, int]]]) -> list[list[int]]:
    """Every class of every histogram, as the enclave would count it."""
    connection = duckdb.connect()
    rows = [
        (rank, pay, net, sum(each[0] or 0 for each in brought))
        for brought in people
        for rank, (pay, net) in enumerate(brought, 1)
    ]
    names = ("_rank", "pay", "net", "_total_pay")
    columns = list(zip(*rows, strict=True)) or [()] * 4
    table = pa.table(
        {n: pa.array(list(c), pa.int64()) for n, c in zip(names, columns, strict=True)}
    )
    connection.execute("ATTACH ':memory:' AS v")
    connection.register("given", table)
    connection.execute("CREATE TABLE v.t AS FROM given")
    read = lambda sql: connection.execute(sql).to_arrow_table()
    jobs = counts("t", Attachment("v", "", ""), PLANNED)
    return [execute(job, read).values[0].tolist() for job in jobs]


@given(st.lists(OWN, max_size=4), OWN)
def test_one_person_is_in_one_class_of_each_histogram(
    others: list[list[tuple[int | None, int]]], person: list[tuple[int | None, int]]
) -> None:
    """By the value of the one row that was drawn, and by the total of all of them."""
    assert [(each.column, each.is_total) for each in PLANNED.histograms] == [
        ("pay", False),
        ("net", False),
        ("pay", True),
    ]
    pairs = zip(held([*others, person]), held(others), strict=True)
    moves = [[a - b for a, b in zip(*pair, strict=True)] for pair in pairs]
    assert all(each in (0, 1) for move in moves for each in move)
    pay = person[0][0]
    assert [sum(move) for move in moves] == [pay is not None, 1, 1]
    assert (PLANNED.each.l1, PLANNED.each.l2_squared) == (1, 1)
    _, _, totals = PLANNED.histograms
    total = sum(each[0] or 0 for each in person)
    start = totals.starts[moves[2].index(1)]
    assert start == max(each for each in totals.starts if each <= total)


def table_of(cap: int, numbers: int) -> Table:
    """A table of people with so many columns of numbers."""
    columns = tuple(Column(f"n{each}", NUMBER) for each in range(numbers))
    names = frozenset(each.name for each in columns)
    return Table("t", "d", Unit.PERSON, cap, columns, names)


@pytest.mark.parametrize("numbers", [0, 1, 9])
@pytest.mark.parametrize("columns", [(), ("a",), tuple("abcdefg")])
@pytest.mark.parametrize("cap", [1, 8, 100_000])
def test_a_profile_costs_what_policy_says_at_most(
    cap: int, columns: tuple[str, ...], numbers: int
) -> None:
    """The maps' sum, rounded up for each figure, is about the policy's and no more."""
    planned = measurement(table_of(cap, numbers), columns)
    most = PROFILE_NANO + (HISTOGRAMS_NANO if numbers else 0)
    figures = 2 + len(columns) + len(planned.histograms)
    assert most * 0.999 < planned.rho_nano <= most + figures


def test_totals_are_of_sums_worth_clipping() -> None:
    """Not of signs, years, indicators, texts, or what could not fit, or of one row."""
    domains = {
        "pay": NUMBER,
        "net": replace(NUMBER, lower=-1),
        "year": replace(NUMBER, lower=2_010, upper=2_020),
        "flag": replace(NUMBER, upper=1),
        "vast": replace(NUMBER, upper=2**55),
        "open": replace(NUMBER, upper=None),
        "name": Domain(Type.TEXT),
    }
    columns = tuple(Column(name, domain) for name, domain in domains.items())
    table = Table("t", "d", Unit.PERSON, CAP, columns, frozenset(domains))
    assert [each.name for each in totalled(table)] == ["pay"]
    assert [each.name for each in valued(table)] == ["pay", "net", "year", "vast"]
    assert totalled(replace(table, rows_per_person=1, unit=Unit.ROW)) == ()
    assert valued(replace(table, unit=Unit.NONE)) == ()


@given(st.integers(-(10**9), 10**9), st.integers(8, 10**12))
def test_ladders_reach_from_one_bound_to_the_other(lower: int, span: int) -> None:
    """Classes rise from the lower bound, and each number is in one of them."""
    starts = ladder(lower, lower + span)
    assert starts[0] == lower
    assert starts[-1] <= lower + span
    assert list(starts) == sorted(set(starts))


@given(st.integers(1, 3_000))
def test_classes_end_at_the_cap(cap: int) -> None:
    """Classes rise from one row, and rows past the cap begin one."""
    starts = classes(cap)
    assert starts[0] == 1
    assert cap + 1 in starts
    assert list(starts) == sorted(set(starts))


def profile(cap: int, rows: list[int]) -> Profile:
    """The profile of people with so many rows, without noise."""
    starts = classes(cap)
    ends = (*starts[1:], 2**60)
    held = tuple(
        sum(low <= each < high for each in rows)
        for low, high in zip(starts, ends, strict=True)
    )
    return Profile(starts, held, 0, 0, 0, (), 0, 0, "1")


@given(st.integers(1, 16), st.lists(st.integers(1, 16), min_size=1), st.data())
def test_rows_left_by_a_rank_are_counted(
    cap: int, rows: list[int], data: st.DataObject
) -> None:
    """Where every number of rows is a class, what ranks leave is told exactly."""
    rank = data.draw(st.integers(1, cap))
    measured = profile(cap, rows)
    assert people(measured) == len(rows)
    assert rows_within(measured, rank) == pytest.approx(
        sum(min(each, rank) for each in rows)
    )
    kept = sum(min(each, cap) for each in rows)
    lost = kept - sum(min(each, rank) for each in rows)
    assert share_beyond(measured, rank, cap) == pytest.approx(lost / kept)


def test_people_spread_inside_a_class_are_told_about() -> None:
    """Wide classes are taken as spread evenly, and are right where people are."""
    rows = [*range(1, 101)] * 50
    measured = profile(100, rows)
    for rank in (3, 17, 40, 99):
        exactly = sum(min(each, rank) for each in rows)
        assert rows_within(measured, rank) == pytest.approx(exactly, rel=0.001)
