"""What a table's profile says, what it costs, and how far one person moves it."""

from __future__ import annotations

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.profile import Profile, classes, people, rows_within, share_beyond
from privacy.profiling import PROFILE_NANO, measurement
from privacy.table import ExactTable
from tre.enclave.execute import execute
from tre.enclave.job import Attachment
from tre.profiling import jobs

CAP = 4
PLANNED = measurement(CAP, ("pay", "hours"))
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
    read = lambda sql: connection.execute(sql).to_arrow_table()  # noqa: E731
    found: list[ExactTable] = [
        execute(job, read) for job in jobs("t", Attachment("v", "", ""), PLANNED, MOVED)
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


@pytest.mark.parametrize("columns", [(), ("a",), tuple("abcdefg")])
@pytest.mark.parametrize("cap", [1, 8, 100_000])
def test_a_profile_costs_what_policy_says_at_most(
    cap: int, columns: tuple[str, ...]
) -> None:
    """The maps' sum, rounded up for each figure, is about the policy's and no more."""
    planned = measurement(cap, columns)
    assert PROFILE_NANO * 0.999 < planned.rho_nano <= PROFILE_NANO + 2 + len(columns)


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
