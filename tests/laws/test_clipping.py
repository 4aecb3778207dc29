"""However totals are clipped or values cut off, one person stays within the bounds."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import cache

import duckdb
import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from privacy.bound import bound
from privacy.catalogue import Domain, Type
from privacy.ceiling import Ceiling
from privacy.compile import compile_plan
from privacy.cut import Cut, Tail
from privacy.expression import ColumnOf
from privacy.plan import Plan, plan, plan_less
from privacy.policy import GATEWAY, NONE
from privacy.query import Aggregate, BoundQuery, Statistic
from privacy.reading import Reading
from tests.mechanics.questions import (
    ROWS,
    mean_of,
    number,
    question,
    regions,
    sum_of,
)

CAP, MOST = 4, 1_000
PAY = number(0, MOST, nullable=True)
CELLS = 3

Row = tuple[int, int | None, bool]
ROW = st.tuples(
    st.integers(0, CELLS - 1),
    st.one_of(st.none(), st.integers(0, MOST)),
    st.booleans(),
)
PERSON = st.lists(ROW, min_size=1, max_size=CAP)
PEOPLE = st.lists(PERSON, max_size=4)


def tail(bound_at: int, told: int, farthest: int) -> Tail:
    """Numbers past a bound; how many there are makes no difference to sensitivity."""
    return Tail(bound_at, told, farthest, 0, 0.1, 1.0, 1.0)


def ceiling(bound_at: int) -> Ceiling:
    """Totals clipped there; what that loses makes no difference to sensitivity."""
    return Ceiling(bound_at, CAP * MOST, 0, 1.0, 0.0, 0.0, 1.0)


def asked(*, filtered: bool = False) -> BoundQuery:
    """The sum of pay by region, of all rows or of those that meet a condition."""
    query = question(sum_of(PAY), ROWS, keys=(regions(CELLS),), rows_per_person=CAP)
    if not filtered:
        return query
    kept = ColumnOf("", "kept", Domain(Type.BOOLEAN, nullable=False))
    return replace(query, where=kept)


@cache
def engine() -> duckdb.DuckDBPyConnection:
    """One engine for all examples; its table is made anew for each."""
    connection = duckdb.connect()
    connection.execute("ATTACH ':memory:' AS v")
    return connection


def components(planned: Plan, people: list[list[Row]]) -> np.ndarray:
    """Every component over every cell, as the engine computes it on these people."""
    rows = [
        (owner, rank, f"r{key:06}", pay, kept, sum(each[1] or 0 for each in brought))
        for owner, brought in enumerate(people)
        for rank, (key, pay, kept) in enumerate(brought, 1)
    ]
    names = ("person_id", "_rank", "region", "pay", "kept", "_total_pay")
    types = (pa.int64(), pa.int64(), pa.string(), pa.int64(), pa.bool_(), pa.int64())
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    table = pa.table(
        {n: pa.array(list(c), t) for n, c, t in zip(names, columns, types, strict=True)}
    )
    connection = engine()
    connection.register("given", table)
    connection.execute("CREATE OR REPLACE TABLE v.t AS FROM given")
    sql = compile_plan(planned, {"t": "v"}).sql
    found = np.zeros((len(planned.components), CELLS), dtype=object)
    for key, *values in connection.execute(sql).fetchall():
        found[:, int(key[1:])] = [value or 0 for value in values]
    return found


def assert_within(planned: Plan, moved: np.ndarray) -> None:
    """Over all cells, in both norms, nothing moves past what its noise is made for."""
    for component, cells in zip(planned.components, moved, strict=True):
        assert sum(abs(each) for each in cells) <= component.l1
        assert sum(each**2 for each in cells) <= component.l2_squared


@given(PEOPLE, PERSON, st.integers(1, CAP * MOST), st.booleans())
def test_nobody_moves_a_clipped_sum_past_its_bound(
    others: list[list[Row]], person: list[Row], bound_at: int, filtered: bool
) -> None:
    """Over all cells, whichever of their rows a condition keeps, and nobody else's."""
    clips = ((PAY, ceiling(bound_at)),)
    planned = plan_less(bound(asked(filtered=filtered)), GATEWAY, clips=clips)
    assert planned.components[0].l1 == bound_at
    moved = components(planned, [*others, person]) - components(planned, others)
    assert_within(planned, moved)
    assert all(each >= 0 for each in moved[:2].flat)
    assert planned.components[1].whole
    assert planned.components[2].l1 == 10**6


@given(PEOPLE, st.integers(1, CAP * MOST))
def test_clipping_is_what_it_is_said_to_be(
    people: list[list[Row]], bound_at: int
) -> None:
    """Each row counts for min(1, bound/total) of itself, toward zero."""
    planned = plan_less(bound(asked()), NONE, clips=((PAY, ceiling(bound_at)),))
    expected, counted = [0] * CELLS, [0] * CELLS
    for brought in people:
        total = sum(pay or 0 for _, pay, _ in brought)
        for key, pay, _ in brought:
            whole = pay or 0
            over = total > bound_at
            expected[key] += whole * bound_at // total if over else whole
            counted[key] += whole * 10**6 // total if over else 0
    kept, lost, people_over, *_ = components(planned, people)
    assert list(kept) == expected
    assert list(people_over) == counted
    whole = components(plan(bound(asked()), NONE), people)[0]
    assert list(kept + lost) == list(whole)


@given(PEOPLE, PERSON, st.integers(1, CAP * MOST))
def test_a_bound_nobody_reaches_changes_nothing(
    others: list[list[Row]], person: list[Row], spare: int
) -> None:
    """Up to the bound a sum is the sum."""
    people = [*others, person]
    most = max(sum(pay or 0 for _, pay, _ in each) for each in people)
    planned = plan_less(bound(asked()), NONE, clips=((PAY, ceiling(most + spare)),))
    whole = plan(bound(asked()), NONE)
    clipped, plain = (components(each, people)[0] for each in (planned, whole))
    assert list(clipped) == list(plain)


ENDS = st.lists(st.integers(0, MOST), min_size=4, max_size=4, unique=True).map(sorted)


@given(PEOPLE, PERSON, ENDS, st.one_of(st.none(), st.integers(1, CAP - 1)))
def test_nobody_moves_an_average_of_cut_values_past_its_bounds(
    others: list[list[Row]], person: list[Row], ends: list[int], rank: int | None
) -> None:
    """Sums and counts of rows kept, left out and past either bound, wherever it is."""
    query = question(mean_of(PAY), keys=(regions(CELLS),), rows_per_person=CAP)
    low, lower, upper, high = ends
    sides = tail(lower, low, 0), tail(upper, high, MOST)
    cuts = ((PAY, Cut(low, high, 1.0, *sides)),)
    planned = plan_less(bound(query), GATEWAY, rank, cuts)
    whole = plan(bound(query), GATEWAY)
    # Half of an odd range is rounded up, so one unit less may gain nothing.
    assert planned.components[0].l1 <= whole.components[0].l1
    if high - low < MOST - 1:
        assert planned.components[0].l1 < whole.components[0].l1
    moved = components(planned, [*others, person]) - components(planned, others)
    assert_within(planned, moved)


@given(PEOPLE, ENDS)
def test_an_average_counts_what_is_past_its_bounds(
    people: list[list[Row]], ends: list[int]
) -> None:
    """Below the lower bound and from the upper on, each value is told as one number."""
    query = question(mean_of(PAY), keys=(regions(CELLS),), rows_per_person=CAP)
    low, lower, upper, high = ends
    sides = tail(lower, low, 0), tail(upper, high, MOST)
    cuts = ((PAY, Cut(low, high, 1.0, *sides)),)
    planned = plan_less(bound(query), NONE, None, cuts)
    (reading,) = planned.readings
    assert isinstance(reading, Reading)
    found = components(planned, people)
    for cell in range(CELLS):
        pays = [p for each in people for k, p, _ in each if k == cell and p is not None]
        told = [low if p < lower else high if p >= upper else p for p in pays]
        centre = Fraction(reading.centre) * planned.components[0].unit
        unit = planned.components[0].unit
        assert found[0][cell] * unit == sum(told) - centre * len(told)
        past = [found[position][cell] for position, _ in reading.past]
        assert past == [sum(p < lower for p in pays), sum(p >= upper for p in pays)]


@given(
    st.lists(st.integers(0, MOST), max_size=5),
    st.integers(0, MOST),
    st.integers(1, MOST),
)
def test_where_people_have_one_row_it_is_the_value_that_is_clipped(
    others: list[int], own: int, bound_at: int
) -> None:
    """There is no total beside it then, and none is needed."""
    pay = number(0, MOST)
    query = question(sum_of(pay), keys=(regions(CELLS),), rows_per_person=1)
    planned = plan_less(bound(query), NONE, clips=((pay, ceiling(bound_at)),))
    people: list[list[Row]] = [[(0, each, True)] for each in [*others, own]]
    moved = components(planned, people) - components(planned, people[:-1])
    assert moved[0].sum() == min(own, bound_at) <= planned.components[0].l1
    assert moved[2].sum() == (own > bound_at)
    assert_within(planned, moved)


def test_a_cut_is_of_one_figure_alone() -> None:
    """A variance, covariance or median of the same column is of all its values."""
    other = number(0, MOST, name="kept")
    beside = (
        Aggregate(Statistic.COVAR_POP, PAY, other),
        Aggregate(Statistic.CORR, other, PAY),
        Aggregate(Statistic.REGR_SLOPE, PAY, other),
    )
    alone = question(*beside, keys=(regions(CELLS),), rows_per_person=CAP)
    both = question(sum_of(PAY), *beside, keys=(regions(CELLS),), rows_per_person=CAP)
    cuts = ((PAY, Cut(0, 5, 1.0, upper=tail(3, 5, MOST))),)
    planned = plan_less(bound(both), NONE, None, cuts, ((PAY, ceiling(3)),))
    plain = plan(bound(alone), NONE).components
    assert [e for e in planned.components if e in plain] == [*plain]
