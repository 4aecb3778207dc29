"""Averages over some of a person's rows: when, and how far one person moves them."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.accounting import NANO, Measure
from privacy.bound import bound
from privacy.compile import compile_plan
from privacy.explain import explain
from privacy.fewer import chances_of, ranked
from privacy.histogram import Histogram, ladder
from privacy.plan import Plan, plan, plan_less
from privacy.policy import GATEWAY, NONE
from privacy.price import Price, price
from privacy.profile import Profile, classes
from privacy.query import BoundQuery
from privacy.relation import TableOf
from privacy.spending import Intent, Spending
from tests.mechanics.questions import (
    PEOPLE,
    PURE,
    ROWS,
    ZCDP,
    mean_of,
    number,
    question,
    regions,
    sum_of,
)

CAP = 8
PAY = number(0, 100)


def profiled(
    query: BoundQuery, *people: int, values: tuple[int, ...] = ()
) -> BoundQuery:
    """The question of a table with a profile of so many people with 1, 2 … rows.

    `values` are the people of each class of values of pay, where they are known.
    """
    assert isinstance(query.relation, TableOf)
    cap = query.relation.table.rows_per_person
    starts = classes(cap)
    held = (*people, *(0 for _ in starts[len(people) :]))
    known = (Histogram("pay", 0, ladder(0, 100), 100, values, 32),) if values else ()
    profile = Profile(
        starts, held, 32, 0, 500, (), 0, 1_000_000, "2026.1", values=known
    )
    table = replace(query.relation.table, profile=profile)
    return replace(query, relation=TableOf("", table))


def averages(cells: int = 500, *people: int, cap: int = CAP) -> BoundQuery:
    """AVG by so many cells of a table with people of 1 to 8 rows."""
    held = people or (3_000, 3_500, 4_000, 4_000, 4_000, 3_000, 2_000, 1_500)
    asked = question(mean_of(PAY), keys=(regions(cells),), rows_per_person=cap)
    return profiled(asked, *held)


def chosen(query: BoundQuery, rho: float = 0.02) -> int | None:
    """The number of a person's rows that averages are over; None for all."""
    found = ranked(plan(bound(query), GATEWAY), Measure.ZCDP, int(rho * NANO))
    return found.rank


def test_small_groups_are_averaged_over_fewer_rows() -> None:
    """Where noise is most of the error, rows are left out; where not, none are."""
    assert chosen(averages(500)) in {1, 2, 3, 4}
    assert chosen(averages(2)) is None
    assert chosen(averages(500), rho=50) is None


def test_a_cap_that_nobody_reaches_costs_nothing() -> None:
    """Where the profile has nobody past two rows, two of ten are enough."""
    found = averages(100, 20_000, 5_000, cap=10)
    assert chosen(found) in {1, 2}
    chances = chances_of(plan(bound(found), GATEWAY), Measure.ZCDP, NANO // 50)
    assert [each.left_out for each in chances if each.rank >= 2] == [0] * 6


@pytest.mark.parametrize(
    "query",
    [
        question(mean_of(PAY), keys=(regions(500),), rows_per_person=CAP),
        profiled(question(mean_of(PAY), ROWS, rows_per_person=CAP), 9_000, 9_000),
        profiled(question(sum_of(PAY), rows_per_person=CAP), 9_000, 9_000),
        profiled(question(PEOPLE, rows_per_person=CAP), 9_000, 9_000),
        profiled(question(mean_of(PAY), rows_per_person=1), 9_000),
    ],
)
def test_nothing_is_left_out_where_nothing_is_known(query: BoundQuery) -> None:
    """Not without a profile, nor of counts and sums, which a smaller cap biases."""
    given = plan(bound(query), GATEWAY)
    assert ranked(given, Measure.ZCDP, 1_000) is given


def priced(query: BoundQuery, amount: str = "1", allowance=ZCDP) -> Price:
    """The price of a question for so much ε."""
    spent = Spending(Intent.EPSILON, Fraction(amount))
    return price(plan(bound(query), GATEWAY), spent, allowance)


def test_the_choice_is_told_in_words() -> None:
    """What is left out, what it gains, and what the rest of the price is for."""
    told = " ".join(explain(priced(averages())).words)
    assert "of a person's up to 8 rows, drawn by lot" in told
    assert "It only tells what leaving rows out, or clipping, does." in told
    assert "would be suppressed" in told
    assert "CLAMP" in told
    everything = " ".join(explain(priced(averages(2))).words)
    assert "Averages are over all 8 rows" in everything


def test_people_of_one_row_have_no_choice_of_rows() -> None:
    """Nothing is said of leaving rows out where a person has one."""
    told = " ".join(explain(priced(averages(500, 20_000, cap=1))).words)
    assert "One person has one row" in told
    assert "Averages are over" not in told


def test_a_price_of_pure_epsilon_chooses_too() -> None:
    """Under Laplace noise rows count for less, and the rule is the same."""
    assert priced(averages(2_000), "0.1", PURE).plan.rank is not None
    assert priced(averages(2_000), "100", PURE).plan.rank is None


ROW = st.tuples(st.integers(0, 2), st.one_of(st.none(), st.integers(0, 100)))
PERSON = st.lists(ROW, min_size=1, max_size=CAP)


def components(planned: Plan, people: list[list[tuple[int, int | None]]]) -> np.ndarray:
    """Every component over every cell, as the engine computes it on these people."""
    rows = [
        (owner, rank, f"r{key:06}", pay)
        for owner, brought in enumerate(people)
        for rank, (key, pay) in enumerate(brought, 1)
    ]
    columns = list(zip(*rows, strict=True)) or [(), (), (), ()]
    types = (pa.int64(), pa.int64(), pa.string(), pa.int64())
    names = ("person_id", "_rank", "region", "pay")
    table = pa.table(
        {n: pa.array(list(c), t) for n, c, t in zip(names, columns, types, strict=True)}
    )
    connection = duckdb.connect()
    connection.execute("ATTACH ':memory:' AS v")
    connection.register("given", table)
    connection.execute("CREATE TABLE v.t AS FROM given")
    sql = compile_plan(planned, {"t": "v"}).sql
    found = np.zeros((len(planned.components), 3), dtype=object)
    for key, *values in connection.execute(sql).fetchall():
        found[:, int(key[1:])] = [value or 0 for value in values]
    return found


@given(st.lists(PERSON, max_size=4), PERSON, st.integers(1, CAP - 1))
def test_one_person_moves_no_component_past_its_bound(
    others: list[list[tuple[int, int | None]]],
    person: list[tuple[int, int | None]],
    rank: int,
) -> None:
    """Over all cells, in both norms: kept rows and rows left out each have a bound."""
    pay = number(0, 100, nullable=True)
    query = question(mean_of(pay), keys=(regions(3),), rows_per_person=CAP)
    planned = plan_less(bound(query), GATEWAY, rank)
    moved = components(planned, [*others, person]) - components(planned, others)
    for component, cells in zip(planned.components, moved, strict=True):
        assert sum(abs(each) for each in cells) <= component.l1
        assert sum(each**2 for each in cells) <= component.l2_squared


@given(PERSON, st.integers(1, CAP - 1))
def test_rows_kept_and_left_out_are_all_rows(
    person: list[tuple[int, int | None]], rank: int
) -> None:
    """What is kept and what is left out sum and count to what there is."""
    pay = number(0, 100, nullable=True)
    query = question(mean_of(pay), keys=(regions(3),), rows_per_person=CAP)
    total, count, rest, others = components(
        plan_less(bound(query), NONE, rank), [person]
    )
    whole, rows = components(plan(bound(query), NONE), [person])
    assert list(total + rest) == list(whole)
    assert list(count + others) == list(rows)


@pytest.mark.parametrize("rank", [0, CAP, CAP + 1])
def test_a_rank_leaves_some_rows_out_and_some_not(rank: int) -> None:
    """Planning over none or all of a person's rows is a fault of the caller."""
    with pytest.raises(ValueError, match="some of a person's rows"):
        plan_less(bound(averages()), GATEWAY, rank)


def test_only_averages_leave_rows_out() -> None:
    """A count of some rows is not the count that was asked."""
    with pytest.raises(ValueError, match="only averages"):
        plan_less(bound(question(ROWS, rows_per_person=CAP)), GATEWAY, 2)
