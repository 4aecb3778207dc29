from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from privacy.certificates import least_shown
from privacy.derive import derive
from privacy.disclosure import disclosure
from privacy.mechanism import Kind
from privacy.policy import GATEWAY, NONE, POLICIES, Dominance
from privacy.price import Price
from privacy.quantile import beyond, half_width, upper_quantile
from privacy.query import AggregateRef, Operator
from privacy.spending import Allowance, Intent
from tests.mechanics.questions import (
    PEOPLE,
    PURE,
    ROWS,
    ZCDP,
    column,
    exact_table,
    mean_of,
    noised_table,
    number,
    operation,
    present,
    priced,
    question,
    regions,
    released,
    shown,
    sum_of,
    without_certificates,
)

AGE = number(0, 100, nullable=True)


def count_price(
    epsilon: float = 0.5, allowance: Allowance = ZCDP, rows: int = 1
) -> Price:
    """The price of COUNT(*)."""
    return priced(question(ROWS, rows_per_person=rows), epsilon, allowance=allowance)


@pytest.mark.parametrize("allowance", [ZCDP, PURE])
@pytest.mark.parametrize(("rows", "people"), [(1, 10), (4, 40)])
def test_a_cell_is_shown_from_exactly_k_proven_people_on(
    allowance, rows, people
) -> None:
    """Noised count − q ≥ k shows; one less does not; one more does."""
    cost = count_price(allowance=allowance, rows=rows)
    quantile = upper_quantile(cost.mechanisms[0], Fraction(99, 100))
    edge = people + quantile
    table = shown(cost, noised_table([[edge - 1], [edge], [edge + 1]]))
    assert column(table, "a0") == [None, edge, edge + 1]
    assert column(table, "a0_status")[0] == "suppressed:frequency"
    assert column(table, "a0_low")[0] is None
    assert column(table, "a0_high")[0] is None


@given(
    st.sampled_from((ZCDP, PURE)),
    st.floats(0.02, 20).map(lambda e: round(e, 4)),
    st.integers(1, 6),
)
def test_too_few_people_are_shown_at_most_once_in_100(allowance, epsilon, rows) -> None:
    """With k − 1 people of as many rows as may be, 1% is exact and kept."""
    cost = count_price(epsilon, allowance, rows)
    (support,) = cost.plan.supports
    true_rows = 9 * rows
    needed = least_shown(cost, support) - true_rows
    assert beyond(cost.mechanisms[0], needed - 1) <= 0.01
    if rows == 1 and needed > 1:
        assert beyond(cost.mechanisms[0], needed - 2) > 0.01 - 1e-9


@pytest.mark.statistical
@pytest.mark.parametrize("allowance", [ZCDP, PURE])
@pytest.mark.parametrize(
    ("people", "shown_share"), [(9, (0.008, 0.01)), (10, (0.0101, 0.02))]
)
def test_the_certificate_is_neither_loose_nor_wasteful(
    allowance, people, shown_share
) -> None:
    """Nine people are shown just under 1% of the time, and ten more often than that."""
    size = 50_000
    cost = count_price(0.9, allowance)
    table = released(cost, exact_table([people]), draws=size)
    found = sum(value is not None for value in column(table, "a0"))
    low, high = shown_share
    assert stats.binom.cdf(found, size, low) > 1e-6
    assert stats.binom.sf(found - 1, size, high) > 1e-6


def test_ungrouped_answers_meet_the_same_rule() -> None:
    """A total over nobody is one cell like any other."""
    table = shown(count_price(), noised_table([[0]]))
    assert column(table, "a0_status") == ["suppressed:frequency"]
    assert table.rows == 1


def test_rows_of_public_keys_stay() -> None:
    """Suppression hides figures, never rows: keys are public."""
    cost = priced(question(ROWS, keys=(regions(3),)))
    table = shown(cost, noised_table([[0, 10_000, 0]]))
    assert column(table, "k0") == ["r000000", "r000001", "r000002"]
    assert column(table, "a0") == [None, 10_000, None]


def test_each_figure_has_its_own_certificate() -> None:
    """Nobody with a known age hides the average of ages, not the count of rows."""
    cost = priced(question(ROWS, mean_of(AGE), present(AGE)))
    table = shown(cost, noised_table([[9_000]], [[5]], [[2]]))
    assert column(table, "a0_status") == ["ok"]
    assert column(table, "a1_status") == ["suppressed:frequency"]
    assert column(table, "a2_status") == ["suppressed:frequency"]


def test_an_output_is_hidden_where_any_part_is() -> None:
    """A ratio needs a certificate for both its sides."""
    rate = operation(Operator.DIVIDE, AggregateRef(1), AggregateRef(0))
    cost = priced(question(ROWS, present(AGE), outputs=(rate, AggregateRef(0))))
    table = shown(cost, noised_table([[9_000]], [[3]]))
    assert column(table, "o0") == [None]
    assert column(table, "o1") == [9_000]


def test_a_sum_is_certified_by_a_count_nobody_sees() -> None:
    """SUM alone comes with a count in its price, and obeys it."""
    cost = priced(question(sum_of(number(0, 9)), rows_per_person=3))
    table = shown(cost, noised_table([[10**6], [10**6]], [[0], [10**5]]))
    assert column(table, "a0") == [None, 10**6]
    assert [each.name for each in table.columns] == [
        "a0",
        "a0_low",
        "a0_high",
        "a0_status",
    ]


def test_people_are_the_better_certificate() -> None:
    """Where people are asked for, rows are certified by people."""
    cost = priced(question(ROWS, PEOPLE, rows_per_person=4))
    table = shown(cost, noised_table([[10**6]], [[0]]))
    assert column(table, "a0") == [None]


@pytest.mark.parametrize(
    ("count", "status"), [(-5, "unreliable"), (98, "unreliable"), (10**5, "ok")]
)
def test_wide_intervals_are_marked_not_hidden(count: int, status: str) -> None:
    """A figure under twice its margin is shown, and said to be unreliable."""
    cost = priced(
        question(ROWS), "50", intent=Intent.MARGIN, policy=without_certificates()
    )
    table = shown(cost, noised_table([[count]]))
    assert column(table, "a0") == [count]
    assert column(table, "a0_status") == [status]


def test_the_boundary_of_reliability_is_reliable() -> None:
    """Exactly the policy's margin is still reliable; a hair more is not."""
    cost = priced(question(ROWS), policy=without_certificates())
    width = half_width(cost.mechanisms[0])
    table = shown(cost, noised_table([[2 * width], [2 * width - 1]]))
    assert column(table, "a0_status") == ["ok", "unreliable"]


def test_a_missing_value_is_unreliable() -> None:
    """NULL from arithmetic is not called reliable."""
    post = operation(Operator.NULLIF, AggregateRef(0), 100)
    cost = priced(question(ROWS, outputs=(post,)), policy=without_certificates())
    table = shown(cost, noised_table([[100]]))
    assert column(table, "o0_status") == ["unreliable"]


def test_without_certificates_everything_is_shown() -> None:
    """Under `none`, nothing is hidden and nothing marked."""
    cost = priced(question(ROWS, mean_of(AGE)), policy=NONE)
    table = shown(cost, noised_table([[-5]], [[0]], [[0]]))
    assert column(table, "a0") == [-5]
    assert column(table, "a0_status") == column(table, "a1_status") == ["ok"]


def test_hidden_figures_are_wiped() -> None:
    """Beneath a NULL there is no figure, in aggregates and outputs alike."""
    checked = disclosure(derive(noised_table([[7]]), count_price()))
    assert checked.aggregates[0].values.tolist() == [[0.0]]
    assert checked.outputs[0].value.values.tolist() == [[0]]
    assert "7" not in repr(checked.outputs)


def test_policies_are_named_and_hashed() -> None:
    """A policy's hash follows every one of its rules, and only them."""
    assert POLICIES["gateway"] is GATEWAY
    assert POLICIES["none"].certificates is False
    assert GATEWAY.hash == replace(GATEWAY).hash
    other = [
        replace(GATEWAY, threshold_people=11),
        replace(GATEWAY, dominance=Dominance(largest=3)),
        replace(GATEWAY, class_disclosure=False),
    ]
    assert len({GATEWAY.hash, NONE.hash, *(each.hash for each in other)}) == 5
    assert Kind.GAUSSIAN.value not in GATEWAY.hash
