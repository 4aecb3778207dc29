from __future__ import annotations

from fractions import Fraction
from functools import cache

import numpy as np
import pytest

from privacy.derive import derive
from privacy.interval import Evidence, interval
from privacy.noise import noise
from privacy.policy import NONE
from privacy.query import AggregateRef, Constant, KeyRef, Operator, Post
from privacy.spending import Allowance
from privacy.table import DerivedOutput
from tests.mechanics.questions import (
    PEOPLE,
    PURE,
    ROWS,
    ZCDP,
    exact_table,
    mean_of,
    noised_table,
    number,
    operation,
    present,
    priced,
    question,
    regions,
    sum_of,
)

SIZE, FEW = 40_000, 15_000
SLACK = 0.0054
"""Five standard deviations of a share of 95% among so many draws: one in a million."""

SLACK_OF_FEW = 0.0089
"""The same for the smaller samples."""

PAY = number(0, 200_000, scale=2)
SCORE = number(0, 1, nullable=True)
NET = number(-1_000, 1_000, name="net", nullable=True)

COUNT, TOTAL, PRESENT, AVERAGE = (AggregateRef(position) for position in range(4))
ASKED = (ROWS, sum_of(PAY), present(SCORE), mean_of(NET))


@cache
def derived(
    posts: tuple[Post, ...],
    allowance: Allowance,
    exact: tuple[int, ...],
    epsilon: float,
) -> tuple[DerivedOutput, ...]:
    """Expressions over one cell of known truth, all from the same many draws."""
    query = question(*ASKED, outputs=posts, rows_per_person=2)
    cost = priced(query, epsilon, allowance=allowance, policy=NONE)
    table = exact_table(*([value] for value in exact))
    return derive(noise(table, cost.mechanisms, SIZE), cost).outputs


def output(
    post: Post, allowance: Allowance, exact: tuple[int, ...], epsilon: float = 1.0
) -> DerivedOutput:
    """One of them."""
    posts = EVERY if post in EVERY else (post,)
    return derived(posts, allowance, exact, epsilon)[posts.index(post)]


def coverage(found: DerivedOutput, truth: float) -> float:
    """How often the interval has the truth in it; a missing end is no bound."""
    low, high = found.low, found.high
    assert low is not None
    assert high is not None
    scaled = truth * 10**found.scale
    above = low.null | (low.values <= scaled + 1e-9)
    below = high.null | (high.values >= scaled - 1e-9)
    return float(np.mean(above & below))


EXACT = (2_000, 20_000_000, 900, -30_000, 1_500)
"""COUNT(*), SUM(pay) in pence, COUNT(score), SUM(net), COUNT(net)."""

UNBIASED: dict[str, tuple[Post, float]] = {
    "count": (COUNT, 2_000),
    "sum": (TOTAL, 200_000),
    "average": (AVERAGE, -20),
    "percent": (operation(Operator.MULTIPLY, AVERAGE, 100), -2_000),
    "complement": (operation(Operator.SUBTRACT, 1, AVERAGE), 21),
    "difference": (operation(Operator.SUBTRACT, COUNT, PRESENT), 1_100),
    "mixture": (operation(Operator.ADD, operation(Operator.DIVIDE, TOTAL, 7), COUNT),
                200_000 / 7 + 2_000),
    "ratio": (operation(Operator.DIVIDE, TOTAL, COUNT), 100),
    "guarded": (
        operation(Operator.DIVIDE, TOTAL, operation(Operator.NULLIF, COUNT, 0)),
        100),
    "rate": (operation(Operator.DIVIDE, PRESENT, COUNT), 0.45),
    "across": (operation(Operator.DIVIDE, COUNT, PRESENT), 2_000 / 900),
    "shared": (
        operation(Operator.DIVIDE, TOTAL, operation(Operator.ADD, COUNT, PRESENT)),
        200_000 / 2_900),
    "own": (
        operation(Operator.DIVIDE, operation(Operator.SUBTRACT, TOTAL, COUNT), COUNT),
        99),
    "negated": (operation(Operator.NEGATE, COUNT), -2_000),
}  # fmt: skip


@pytest.mark.statistical
@pytest.mark.parametrize("allowance", [ZCDP, PURE], ids=["gaussian", "laplace"])
@pytest.mark.parametrize("name", UNBIASED)
def test_intervals_cover_95(name: str, allowance: Allowance) -> None:
    """Between 94% and 96% of the intervals have the exact answer in them."""
    post, truth = UNBIASED[name]
    found = coverage(output(post, allowance, EXACT), truth)
    conservative = name == "shared" and allowance is PURE
    assert found >= 0.945 - SLACK
    assert found <= (1.0 if conservative else 0.955 + SLACK)


@pytest.mark.statistical
@pytest.mark.parametrize("allowance", [ZCDP, PURE], ids=["gaussian", "laplace"])
def test_averages_of_small_groups_are_covered_too(allowance: Allowance) -> None:
    """Where noise drowns the count the interval widens to the public bounds."""
    rows = np.array([1, 15, 60, 240])
    query = question(mean_of(NET), keys=(regions(4),), rows_per_person=2)
    cost = priced(query, 0.3, allowance=allowance, policy=NONE)
    table = noise(exact_table(400 * rows, rows), cost.mechanisms, FEW)
    found = derive(table, cost).outputs[1]
    low, high = found.low, found.high
    assert low is not None
    assert high is not None
    covered = ((low.values <= 400) & (high.values >= 400)).mean(axis=0)
    assert covered.min() >= 0.945 - SLACK_OF_FEW
    assert (low.values.min(), high.values.max()) == (-1_000, 1_000)


@pytest.mark.statistical
@pytest.mark.parametrize("allowance", [ZCDP, PURE], ids=["gaussian", "laplace"])
@pytest.mark.parametrize("epsilon", [3.0, 8.0, 15.0, 30.0])
def test_rates_are_covered_where_noise_is_a_few_people(
    epsilon: float, allowance: Allowance
) -> None:
    """Steps of whole people never push coverage under 94%."""
    rate = operation(Operator.DIVIDE, AggregateRef(1), AggregateRef(0))
    query = question(ROWS, present(SCORE), outputs=(rate,), rows_per_person=2)
    cost = priced(query, epsilon, allowance=allowance, policy=NONE)
    table = noise(exact_table([200], [90]), cost.mechanisms, FEW)
    assert coverage(derive(table, cost).outputs[0], 0.45) >= 0.94 - SLACK_OF_FEW


CONSERVATIVE: dict[str, tuple[Post, float]] = {
    "product": (operation(Operator.MULTIPLY, COUNT, PRESENT), 2_000 * 900),
    "quotient": (operation(Operator.DIVIDE, AVERAGE, COUNT), -0.01),
    "two averages": (operation(Operator.ADD, AVERAGE, AVERAGE), -40),
    "nested": (
        operation(Operator.DIVIDE, operation(Operator.DIVIDE, TOTAL, COUNT), PRESENT),
        1 / 9),
    "rounded": (operation(Operator.ROUND, AVERAGE, 1), -20),
    "rounded to tens": (operation(Operator.ROUND, TOTAL, -1), 200_000),
    "minus": (
        operation(Operator.NEGATE, operation(Operator.MULTIPLY, COUNT, COUNT)), -4e6),
    "spread": (
        operation(Operator.SUBTRACT, operation(Operator.ROUND, AVERAGE), COUNT),
        -2_020),
    "three in one": (
        operation(Operator.DIVIDE, operation(Operator.ADD, TOTAL, PRESENT), COUNT),
        100.45),
    "one in one": (
        operation(Operator.DIVIDE, operation(Operator.ADD, COUNT, 10), COUNT), 1.005),
    "averages by": (operation(Operator.MULTIPLY, AVERAGE, COUNT), -40_000),
    "more": (operation(Operator.ADD, 1, operation(Operator.ADD, AVERAGE, 1)), -18),
    "nullif": (operation(Operator.NULLIF, COUNT, 5), 2_000),
}  # fmt: skip


EVERY = tuple(post for post, _ in (*UNBIASED.values(), *CONSERVATIVE.values()))
"""All expressions above, so that each truth and price is drawn once."""


@pytest.mark.statistical
@pytest.mark.parametrize("allowance", [ZCDP, PURE], ids=["gaussian", "laplace"])
@pytest.mark.parametrize("name", CONSERVATIVE)
def test_other_arithmetic_covers_at_least_95(name: str, allowance: Allowance) -> None:
    """Interval arithmetic over the parts may be wide, never narrow."""
    post, truth = CONSERVATIVE[name]
    assert coverage(output(post, allowance, EXACT), truth) >= 0.945 - SLACK


@pytest.mark.parametrize("allowance", [ZCDP, PURE])
@pytest.mark.parametrize("post", [post for post, _ in UNBIASED.values()])
def test_the_value_lies_in_its_interval(post: Post, allowance: Allowance) -> None:
    """Low ≤ value ≤ high in every draw of every form."""
    found = output(post, allowance, (40, 100_000, 20, 3_000, 30), epsilon=0.5)
    assert found.low is not None
    assert found.high is not None
    known = ~(found.value.null | found.low.null | found.high.null)
    value = found.value.values[known]
    assert np.all(found.low.values[known] <= value + 1e-6)
    assert np.all(value <= found.high.values[known] + 1e-6)


def test_a_ratio_without_public_ends_may_have_no_bound() -> None:
    """Where the divisor could be zero an end is missing, not made up."""
    post = operation(Operator.DIVIDE, AggregateRef(0), AggregateRef(1))
    query = question(sum_of(PAY), present(SCORE), outputs=(post,))
    for allowance in (ZCDP, PURE):
        cost = priced(query, allowance=allowance, policy=NONE)
        found = derive(noised_table([[10**6] * 2], [[1, 10**6]]), cost).outputs[0]
        assert found.low is not None
        assert found.high is not None
        assert found.low.null.tolist() == found.high.null.tolist() == [[True, False]]


@pytest.mark.parametrize("allowance", [ZCDP, PURE])
@pytest.mark.parametrize(
    ("post", "ends"),
    [
        (operation(Operator.DIVIDE, PRESENT, COUNT), (0, 1)),
        (operation(Operator.DIVIDE, TOTAL, COUNT), (0, 2_000)),
        (
            operation(Operator.DIVIDE, TOTAL, operation(Operator.NEGATE, COUNT)),
            (-2_000, 0),
        ),
    ],
)
def test_ratios_of_the_same_rows_stay_within_public_ends(post, ends, allowance) -> None:
    """A share is between 0 and 1, and a sum over its rows between the bounds."""
    found = output(post, allowance, (30, 100_000, 3, 0, 0), epsilon=0.1)
    assert found.low is not None
    assert found.high is not None
    assert found.low.values.min() >= ends[0]
    assert found.high.values.max() <= ends[1]
    assert found.value.values.min() >= ends[0]
    assert found.value.values.max() <= ends[1]


@pytest.mark.parametrize(
    ("above", "below", "ends"),
    [
        (sum_of(PAY), PEOPLE, (0, 6_000)),
        (ROWS, PEOPLE, (0, 3)),
        (PEOPLE, ROWS, (0, 1)),
        (sum_of(NET), ROWS, (-1_000, 1_000)),
        (sum_of(NET), present(NET), (-1_000, 1_000)),
        (present(NET), present(SCORE), None),
        (ROWS, present(SCORE), None),
    ],
)
def test_public_ends_of_ratios(above, below, ends) -> None:
    """What is known of a ratio follows from cap, bounds and which rows count."""
    post = operation(Operator.DIVIDE, AggregateRef(0), AggregateRef(1))
    query = question(above, below, outputs=(post,), rows_per_person=3)
    cost = priced(query, 0.001, policy=NONE)
    found = derive(noised_table([[-(10**9), 10**9]], [[-4, -4]]), cost).outputs[0]
    values = found.value.values[0]
    if ends is None:
        assert abs(values).min() > 10**6
    else:
        assert (values.min(), values.max()) == ends


def test_a_key_is_an_exact_factor() -> None:
    """A number key in arithmetic adds no error."""
    years = number(2010, 2012, name="year")
    domain = years.domain.__class__(
        years.domain.type, 0, 2010, 2012, nullable=False, values=(2010, 2011, 2012)
    )
    key = regions(1).__class__(years.__class__("t", "year", domain))
    post = operation(Operator.MULTIPLY, AggregateRef(0), KeyRef(0))
    cost = priced(question(ROWS, keys=(key,), outputs=(post,)), policy=NONE)
    found = derive(noised_table([[100, 100, 100]]), cost).outputs[0]
    assert found.value.values.tolist() == [[201_000, 201_100, 201_200]]
    assert found.low is not None
    widths = (found.value.values - found.low.values)[0] / [2010, 2011, 2012]
    assert np.ptp(widths) == pytest.approx(0)


def test_null_in_arithmetic_is_null_without_bounds() -> None:
    """COUNT(*) + NULL is NULL, and nothing is known of it."""
    post = operation(Operator.ADD, AggregateRef(0), Constant(None))
    cost = priced(question(ROWS, outputs=(post,)), policy=NONE)
    found = derive(noised_table([[100]]), cost).outputs[0]
    assert found.low is not None
    assert found.value.null.all()
    assert found.low.null.all()


def test_a_constant_multiple_of_nothing_has_no_error() -> None:
    """0 · COUNT(*) is 0 exactly."""
    post = operation(Operator.MULTIPLY, AggregateRef(0), 0)
    cost = priced(question(ROWS, outputs=(post,)), policy=NONE)
    found = derive(noised_table([[100]]), cost).outputs[0]
    assert found.low is not None
    assert (found.value.values.item(), found.low.values.item()) == (0, 0)


def test_dividing_by_the_constant_zero_is_null() -> None:
    """Nothing fails on data or constants: x / 0 is NULL."""
    post = operation(Operator.DIVIDE, AggregateRef(0), Constant(Fraction(0)))
    cost = priced(question(ROWS, outputs=(post,)), policy=NONE)
    found = derive(noised_table([[100]]), cost).outputs[0]
    assert found.value.null.all()


def test_a_truth_value_has_no_interval() -> None:
    """Planning refuses such columns; nobody makes an interval up for one."""
    cost = priced(question(ROWS), policy=NONE)
    evidence = Evidence(cost, noised_table([[100]]), ())
    for post in (
        operation(Operator.MORE, COUNT, 5),
        operation(Operator.IS_NULL, COUNT),
    ):
        with pytest.raises(ValueError, match="numeric"):
            interval(post, evidence)
