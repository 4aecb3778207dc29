from __future__ import annotations

from fractions import Fraction
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.derive import derive
from privacy.errors import Refused
from privacy.explain import explain
from privacy.expression import ColumnOf
from privacy.mechanism import Kind
from privacy.mixture import mixture_half_width
from privacy.noise import noise
from privacy.plan import Spread, Support
from privacy.policy import NONE
from privacy.price import Price
from privacy.quantile import half_width
from privacy.query import Aggregate, Statistic
from privacy.spending import Allowance, Intent
from privacy.table import DerivedOutput
from tests.laws.oracle import Row, component
from tests.mechanics.questions import (
    PURE,
    ROWS,
    ZCDP,
    exact_table,
    mean_of,
    noised_table,
    number,
    planned,
    priced,
    question,
    sum_of,
)

SIZE = 12_000
SLACK = 0.0098
"""Five standard deviations of a share of 95% among so many draws: one in a million."""

X = number(0, 120, name="x")
Y = number(-500, 2_000, name="y")
HUGE = number(-(2**50), 2**50, scale=2, name="x")
ALLOWANCES = pytest.mark.parametrize(
    "allowance", [ZCDP, PURE], ids=["gaussian", "laplace"]
)


def spread(
    statistic: Statistic, argument: ColumnOf = Y, other: ColumnOf | None = None
) -> Aggregate:
    """One aggregate about spread."""
    return Aggregate(statistic, argument, other)


def rows(count: int) -> list[Row]:
    """One row a person, in which y follows x; the same each time."""
    drawn = np.random.default_rng(7)
    x = np.clip(np.round(drawn.normal(45, 20, count)), 0, 120)
    y = np.clip(np.round(8 * x + drawn.normal(200, 150, count)), -500, 2_000)
    pairs = zip(x.astype(int).tolist(), y.astype(int).tolist(), strict=True)
    return [{"x": a, "y": b, "person_id": p} for p, (a, b) in enumerate(pairs)]


def sums(cost: Price, count: int) -> list[list[int]]:
    """The exact components over these rows, in one cell."""
    held = rows(count)
    return [
        [component(each.statistic, each.argument, held)]
        for each in cost.plan.components
    ]


@cache
def derived(asked: Aggregate, allowance: Allowance, count: int) -> DerivedOutput:
    """The aggregate over one cell of known truth, drawn many times."""
    cost = priced(question(asked), 2.0, allowance=allowance, policy=NONE)
    drawn = noise(exact_table(*sums(cost, count)), cost.mechanisms, SIZE)
    return derive(drawn, cost).outputs[0]


def coverage(found: DerivedOutput, truth: float) -> float:
    """How often the interval has the truth in it; a missing end is no bound."""
    low, high = found.low, found.high
    assert low is not None
    assert high is not None
    above = low.null | (low.values <= truth + 1e-6)
    below = high.null | (high.values >= truth - 1e-6)
    return float(np.mean(above & below))


def truth(statistic: Statistic, count: int) -> float:
    """What numpy says."""
    x = np.array([row["x"] for row in rows(count)])
    y = np.array([row["y"] for row in rows(count)])
    slope, intercept = np.polyfit(x, y, 1)
    found = {
        Statistic.VAR_POP: y.var(),
        Statistic.VAR_SAMP: y.var(ddof=1),
        Statistic.STDDEV_POP: y.std(),
        Statistic.STDDEV_SAMP: y.std(ddof=1),
        Statistic.COVAR_POP: np.cov(y, x, ddof=0)[0, 1],
        Statistic.COVAR_SAMP: np.cov(y, x)[0, 1],
        Statistic.CORR: np.corrcoef(y, x)[0, 1],
        Statistic.REGR_SLOPE: slope,
        Statistic.REGR_INTERCEPT: intercept,
    }
    return float(found[statistic])


EACH = {
    statistic: spread(statistic)
    if statistic.value.startswith(("VAR", "STD"))
    else spread(statistic, Y, X)
    for statistic in Statistic
    if statistic.value.startswith(("VAR", "STD", "COVAR", "CORR", "REGR"))
}


@pytest.mark.statistical
@ALLOWANCES
@pytest.mark.parametrize("statistic", EACH, ids=str)
def test_intervals_of_many_rows_cover_95(
    statistic: Statistic, allowance: Allowance
) -> None:
    """95%, and no more."""
    found = derived(EACH[statistic], allowance, 60_000)
    covered = coverage(found, truth(statistic, 60_000))
    assert covered >= 0.945 - SLACK
    assert covered <= 0.96 + SLACK


@pytest.mark.statistical
@ALLOWANCES
@pytest.mark.parametrize("count", [400, 1_000])
@pytest.mark.parametrize(
    "statistic", [Statistic.CORR, Statistic.REGR_SLOPE, Statistic.REGR_INTERCEPT]
)
def test_ratios_cover_95_however_near_their_divisor_is_to_its_noise(
    statistic: Statistic, count: int, allowance: Allowance
) -> None:
    """No interval is chosen by how the noise fell; NULL has none."""
    found = derived(EACH[statistic], allowance, count)
    told = ~found.value.null
    assert told.mean() > 0.9
    covered = 1 - (1 - coverage(found, truth(statistic, count))) / told.mean()
    assert 0.945 - SLACK <= covered <= 0.968 + SLACK


@pytest.mark.statistical
@ALLOWANCES
@pytest.mark.parametrize("count", [3, 400])
@pytest.mark.parametrize("statistic", EACH, ids=str)
def test_intervals_of_few_rows_cover_at_least_95(
    statistic: Statistic, count: int, allowance: Allowance
) -> None:
    """Where noise is large the interval is wider than it need be, never narrower."""
    found = derived(EACH[statistic], allowance, count)
    assert coverage(found, truth(statistic, count)) >= 0.945 - SLACK


@pytest.mark.statistical
@ALLOWANCES
@pytest.mark.parametrize("count", [3, 400])
@pytest.mark.parametrize("statistic", EACH, ids=str)
def test_values_are_possible_and_in_their_interval(
    statistic: Statistic, count: int, allowance: Allowance
) -> None:
    """Low ≤ value ≤ high; no variance is negative or above a quarter of the span²."""
    found = derived(EACH[statistic], allowance, count)
    assert found.low is not None
    assert found.high is not None
    known = ~(found.value.null | found.low.null | found.high.null)
    value = found.value.values[known]
    assert np.all(found.low.values[known] <= value + 1e-6)
    assert np.all(value <= found.high.values[known] + 1e-6)
    if statistic is Statistic.VAR_POP:
        assert value.min() >= 0
        assert value.max() <= 2_500**2 / 4
    if statistic is Statistic.CORR:
        assert np.all(np.abs(value) <= 1)


def test_a_variance_that_noise_made_negative_is_zero() -> None:
    """The value and the low end are 0; the high end still says what may be."""
    cost = priced(question(spread(Statistic.VAR_POP)), 1.0, policy=NONE)
    lift = -(10**9)
    found = derive(noised_table([[1_000]], [[0]], [[lift]]), cost).outputs[0]
    assert found.low is not None
    assert (found.value.values.item(), found.low.values.item()) == (0, 0)
    assert not found.value.null.item()


@pytest.mark.parametrize("count", [1, 0, -5])
def test_a_sample_of_fewer_than_two_has_no_variance(count: int) -> None:
    """VAR_SAMP of fewer than two noised rows is NULL, as in SQL."""
    cost = priced(question(spread(Statistic.VAR_SAMP)), 1.0, policy=NONE)
    order = [each.statistic for each in cost.plan.components]
    noised = [[count] if each is Statistic.ROWS else [0] for each in order]
    found = derive(noised_table(*([each] for each in noised)), cost).outputs[0]
    assert found.value.null.item()


@pytest.mark.parametrize("statistic", [Statistic.CORR, Statistic.REGR_SLOPE])
def test_without_variance_there_is_nothing_to_regress_on(statistic: Statistic) -> None:
    """NULL, and no bounds but public ones."""
    cost = priced(question(spread(statistic, Y, X)), 1.0, policy=NONE)
    crosses = cost.plan.readings[0]
    assert isinstance(crosses, Spread)
    table = [[0] for _ in cost.plan.components]
    table[crosses.count] = [1_000]
    square = crosses.squares[1]
    assert square is not None
    table[square.component] = [-(10**7)]
    found = derive(noised_table(*([each] for each in table)), cost).outputs[0]
    assert found.value.null.item()


def test_what_aggregates_share_is_computed_once() -> None:
    """AVG, VAR and STDDEV of a column are one count, one sum and one of squares."""
    asked = (
        ROWS,
        mean_of(X),
        *(spread(each, X) for each in (Statistic.VAR_POP, Statistic.STDDEV_SAMP)),
    )
    assert len(planned(question(*asked)).components) == 3
    both = (spread(Statistic.CORR, Y, X), spread(Statistic.REGR_SLOPE, Y, X))
    assert len(planned(question(*both)).components) == 6


@given(
    st.lists(
        st.tuples(
            st.none() | st.integers(-(2**50), 2**50),
            st.none() | st.integers(-500, 2_000),
        ),
        max_size=4,
    )
)
def test_one_person_moves_moments_no_further_than_stated(
    held: list[tuple[int | None, int | None]],
) -> None:
    """However large the values, rounded and centred products stay within Δ₁ and Δ₂."""
    x = number(-(2**50), 2**50, scale=2, nullable=True, name="x")
    y = number(-500, 2_000, nullable=True, name="y")
    query = question(
        spread(Statistic.VAR_POP, x), spread(Statistic.CORR, x, y), rows_per_person=4
    )
    person: list[Row] = [{"x": a, "y": b, "person_id": 1} for a, b in held]
    for each in planned(query, NONE).components:
        moved = abs(component(each.statistic, each.argument, person))
        assert moved <= each.l1
        assert moved**2 <= each.l2_squared


def test_second_moments_fit_whatever_the_bounds() -> None:
    """A square is at most 10⁹ units, and says how far rounding moves the variance."""
    plan = planned(question(spread(Statistic.VAR_POP, HUGE), rows_per_person=4))
    reading = plan.readings[0]
    assert isinstance(reading, Spread)
    assert plan.components[reading.cross.component].l1 <= 4 * 10**9
    assert 0 < reading.cross.rough < Fraction(2**100, 10**4 * 10**7)


def test_a_variance_has_no_margin_to_keep() -> None:
    """Its error depends on the data, so nothing can be spent by it."""
    with pytest.raises(Refused) as refusal:
        priced(question(spread(Statistic.VAR_POP)), 50, intent=Intent.MARGIN)
    assert refusal.value.code == "margin_depends_on_data"


def test_explain_bounds_what_public_facts_bound() -> None:
    """Variances and covariances have a margin by group size, correlations none."""
    asked = (spread(Statistic.VAR_POP), spread(Statistic.CORR, Y, X))
    variance, correlation = explain(priced(question(*asked))).columns
    sizes = [size for size, _ in variance.margins]
    margins = [margin for _, margin in variance.margins]
    assert sizes == [100, 1_000, 10_000]
    assert margins == sorted(margins, reverse=True)
    assert correlation.margins == ()


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.statistical
def test_sums_of_noises_have_the_width_that_is_said(kind: Kind) -> None:
    """Of equal, near and very different scales alike."""
    drawn = np.random.default_rng(3)
    make = drawn.normal if kind is Kind.GAUSSIAN else drawn.laplace
    for scales in ([1.0], [1, 1, 1], [5, 5.001, 0.01, 3], [1e6, 1, 0]):
        total = sum(scale * make(size=400_000) for scale in scales)
        width = mixture_half_width([np.array(each) for each in scales], kind, 0.95)
        inside = np.mean(np.abs(total) <= width)
        assert 0.95 - 0.0018 <= inside <= 0.957


def test_a_sum_beside_a_variance_costs_nothing_more() -> None:
    """It is read off the centred sum and the count."""
    plan = planned(question(sum_of(X), spread(Statistic.VAR_POP, X)), NONE)
    assert len(plan.components) == 3


@pytest.mark.statistical
@ALLOWANCES
def test_a_sum_beside_an_average_is_covered_and_less_noisy(
    allowance: Allowance,
) -> None:
    """Its intervals cover 95%, and are narrower than at the same price before."""
    pay = number(0, 200_000, scale=2)
    cost = priced(
        question(ROWS, sum_of(pay), mean_of(pay), rows_per_person=2),
        1.0,
        allowance=allowance,
        policy=NONE,
    )
    table = noise(exact_table([2_000], [-180_000_000]), cost.mechanisms, SIZE)
    found = derive(table, cost).outputs[1]
    assert found.low is not None
    assert found.high is not None
    covered = (found.low.values <= 20_000_000) & (found.high.values >= 20_000_000)
    assert 0.945 - SLACK <= np.mean(covered) <= 0.955 + SLACK
    plain = priced(
        question(ROWS, sum_of(pay), rows_per_person=2),
        1.0,
        allowance=allowance,
        policy=NONE,
    )
    width = (found.high.values - found.low.values).max() / 2
    assert width < 0.85 * half_width(plain.mechanisms[1])
    assert found.value.values.dtype == np.int64


@pytest.mark.parametrize("missing", [(False, False), (True, False), (False, True)])
def test_a_spread_is_certified_by_the_pairs_it_is_about(
    missing: tuple[bool, bool],
) -> None:
    """The count it is read off certifies it too; nothing is paid for twice."""
    x = number(0, 120, nullable=missing[0], name="x")
    y = number(0, 500, nullable=missing[1], name="y")
    plan = planned(question(spread(Statistic.COVAR_POP, y, x), rows_per_person=4))
    reading = plan.readings[0]
    assert isinstance(reading, Spread)
    assert plan.supports == (Support(reading.count, 4),)
    assert len(plan.components) == 4
    counted = plan.components[reading.count].statistic
    assert counted is (Statistic.PRESENT if any(missing) else Statistic.ROWS)
