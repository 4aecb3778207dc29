"""Rounding to a policy's granularity: boundaries, intervals, what is and is not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from privacy.derive import derive
from privacy.disclosure import disclosure
from privacy.explain import explain
from privacy.granularity import granular
from privacy.policy import GATEWAY, NONE, Granularity
from privacy.query import AggregateRef, Operator, Ordering, Post
from privacy.table import DerivedOutput
from tests.mechanics.questions import (
    PEOPLE,
    ROWS,
    column,
    exact_table,
    mean_of,
    noised_table,
    number,
    operation,
    priced,
    question,
    regions,
    released,
    shown,
    sum_of,
    without_certificates,
)

FIVES = replace(NONE, granularity=Granularity(counts=5))


@pytest.mark.parametrize(
    ("base", "noised", "rounded"),
    [
        (5, [-8, -7, -3, -2, 0, 2, 3, 7, 8], [-10, -5, -5, 0, 0, 0, 5, 5, 10]),
        (10, [-15, -5, 4, 5, 6, 14, 15, 16, 25], [-20, 0, 0, 0, 10, 10, 20, 20, 20]),
        (2, [-3, -1, 1, 3, 5], [-4, 0, 0, 4, 4]),
        (1, [-3, 0, 7], [-3, 0, 7]),
        (
            1000,
            [2**60 + 500, 499, 500, 501],
            [(2**60 + 500) // 1000 * 1000, 0, 0, 1000],
        ),
    ],
)
def test_a_count_is_the_nearest_multiple_and_of_two_the_even_one(
    base, noised, rounded
) -> None:
    """Below, at and above half-points, of negative noised counts too, as int64."""
    policy = replace(NONE, granularity=Granularity(counts=base))
    table = shown(
        priced(question(ROWS), policy=policy), noised_table([[n] for n in noised])
    )
    assert column(table, "a0") == rounded
    assert table.columns[0].values.dtype.name == "int64"


def _figures(output: DerivedOutput) -> tuple[float, ...]:
    """The one figure of an output, and the ends of its interval."""
    found = (output.value, output.low, output.high)
    return tuple(float(each.values.item()) for each in found if each is not None)


@given(
    st.integers(2, 1000),
    st.integers(-(2**50), 2**50),
    st.integers(-50, 50),
    st.booleans(),
)
def test_rounding_never_narrows_an_interval(base, noised, constant, alone) -> None:
    """Ends move outwards, by less than a granule, and have the figure between them."""
    post: Post = AggregateRef(0)
    if not alone:
        post = operation(Operator.ADD, post, constant)
    policy = replace(NONE, granularity=Granularity(counts=base))
    cost = priced(question(ROWS, outputs=(post,)), policy=policy)
    derived = derive(noised_table([[noised]]), cost)
    value, low, high = _figures(derived.outputs[0])
    rounded, floor, ceiling = _figures(granular(derived).outputs[0])
    assert low - base < floor <= low
    assert high <= ceiling < high + base
    assert floor <= rounded <= ceiling
    assert abs(rounded - value) <= base / 2
    assert floor % base == ceiling % base == rounded % base == 0


def test_what_is_computed_of_counts_by_adding_is_rounded_too() -> None:
    """A constant or a difference is no way around; rates and sums stay as they are."""
    plus = operation(Operator.ADD, AggregateRef(0), 1)
    less = operation(Operator.SUBTRACT, AggregateRef(0), AggregateRef(1))
    rate = operation(Operator.DIVIDE, AggregateRef(1), AggregateRef(0))
    pay = number(0, 100)
    asked = question(
        ROWS,
        PEOPLE,
        sum_of(pay),
        outputs=(plus, less, rate, AggregateRef(2)),
        rows_per_person=2,
    )
    cost = priced(asked, policy=FIVES)
    table = shown(cost, noised_table([[1003]], [[401]], [[40_003]]))
    assert column(table, "o0") == [1005.0]
    assert column(table, "o1") == [600.0]
    assert column(table, "o2") == [pytest.approx(401 / 1003, abs=1e-6)]
    assert column(table, "o3") == [40_003]


def test_having_order_and_limit_see_rounded_figures() -> None:
    """12 and 11 are both 10, so the order of their keys decides; 13 is over 12."""
    asked = question(
        ROWS,
        keys=(regions(4),),
        having=operation(Operator.MORE, AggregateRef(0), 5),
        ordering=(Ordering(AggregateRef(0), descending=True),),
        limit=2,
    )
    noised = noised_table([[11, 12, 7, 8]])
    table = shown(priced(asked, policy=FIVES), noised)
    assert column(table, "k0") == ["r000000", "r000001"]
    assert column(table, "a0") == [10, 10]
    every = shown(priced(replace(asked, limit=None), policy=FIVES), noised)
    assert column(every, "k0") == ["r000000", "r000001", "r000003"]


@pytest.mark.parametrize("base", [1, 5, 100])
def test_certificates_look_at_the_figures_before_they_are_rounded(base) -> None:
    """The same cells are hidden whatever the granularity, and hidden ones are NULL."""
    policy = replace(GATEWAY, granularity=Granularity(counts=base))
    cost = priced(question(ROWS), policy=policy)
    (certificate,) = explain(cost).certificates
    edge = certificate.shown_from
    table = shown(cost, noised_table([[edge - 1], [edge], [edge + 1]]))
    assert [each is None for each in column(table, "a0")] == [True, False, False]
    for end in ("a0_low", "a0_high"):
        assert column(table, end)[0] is None
    assert column(table, "a0_status")[0] == "suppressed:frequency"


def test_what_is_marked_unreliable_is_the_interval_that_is_shown() -> None:
    """A count rounded to nothing is unreliable, however certain it was."""
    fives = replace(without_certificates(), granularity=Granularity(counts=50))
    cost = priced(question(ROWS), 20, policy=fives)
    table = shown(cost, noised_table([[20]]))
    assert column(table, "a0") == [0]
    assert column(table, "a0_status") == ["unreliable"]
    fine = priced(question(ROWS), 20, policy=without_certificates())
    assert column(shown(fine, noised_table([[20]])), "a0_status") == ["ok"]


def test_a_table_that_is_not_rounded_is_the_very_same() -> None:
    """The shipped policy rounds nothing, and explains nothing of it."""
    cost = priced(question(ROWS))
    derived = derive(noised_table([[1003]]), cost)
    assert granular(derived) is derived
    assert explain(cost).rounding == ""
    means = priced(question(mean_of(number(0, 9))), policy=FIVES)
    assert explain(means).rounding == ""
    assert "a0: rounded" in explain(priced(question(ROWS), policy=FIVES)).rounding


def test_the_checked_table_holds_rounded_aggregates() -> None:
    """Every stage after disclosure sees rounded counts, and no other."""
    cost = priced(question(ROWS, keys=(regions(2),)), policy=FIVES)
    checked = disclosure(derive(noised_table([[13, 17]]), cost))
    assert checked.aggregates[0].values.tolist() == [[15.0, 15.0]]


@pytest.mark.statistical
@pytest.mark.parametrize("people", [40, 42, 43])
def test_rounded_intervals_cover_no_less(people) -> None:
    """95 in 100 or more, at a half-point and off it; not all, or they say nothing."""
    size = 50_000
    cost = priced(question(ROWS), 0.2, policy=FIVES)
    table = released(cost, exact_table([people]), draws=size)
    ends = zip(column(table, "a0_low"), column(table, "a0_high"), strict=True)
    covered = sum(low <= people <= high for low, high in ends)
    assert stats.binom.cdf(covered, size, 0.95) > 1e-6
    assert covered < size
