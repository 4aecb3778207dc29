from __future__ import annotations

from fractions import Fraction

import opendp.prelude as dp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.accounting import (
    ATTO,
    NANO,
    epsilon_of_rho,
    nano_at_least,
    rho_budget,
    rho_for_epsilon,
    rho_of_pure,
)
from privacy.mechanism import delta_of_zcdp

epsilons = st.fractions(Fraction(1, 100), 100, max_denominator=10**6)
deltas = st.integers(10, 17).flatmap(lambda digits: st.integers(1, 10**digits))


def opendp_epsilon(rho: float, delta: float) -> float:
    """OpenDP's own conversion, searched by OpenDP itself."""
    domain = dp.vector_domain(dp.atom_domain(T="i64"))
    gaussian = dp.m.make_gaussian(domain, dp.l2_distance(T="f64"), 1.0)
    profile = dp.c.make_zCDP_to_approxDP(gaussian).map((2 * rho) ** 0.5)
    return profile.epsilon(delta)


@given(epsilons, deltas)
def test_rho_for_epsilon_keeps_the_promise_and_is_the_most(
    epsilon: Fraction, delta_atto: int
) -> None:
    """OpenDP converts the ρ to at most ε, and a part in 10⁸ more to above it."""
    nano = rho_for_epsilon(epsilon, delta_atto)
    delta = delta_atto / ATTO
    if nano:
        assert delta_of_zcdp(nano / NANO, float(epsilon)) <= delta
    more = nano + 1 + nano // 10**8
    assert delta_of_zcdp(more / NANO, float(epsilon)) > delta


@pytest.mark.parametrize("rho", [1e-6, 1e-3, 0.1, 1.0, 30.0, 2_000.0])
@pytest.mark.parametrize("delta_atto", [1, 5 * 10**11, ATTO // 100])
def test_epsilon_of_rho_is_opendps(rho: float, delta_atto: int) -> None:
    """Our conversion and OpenDP's search agree to parts in 10⁹."""
    ours = epsilon_of_rho(round(rho * NANO), delta_atto)
    assert ours == pytest.approx(opendp_epsilon(rho, delta_atto / ATTO), rel=2e-9)


@given(st.integers(0, 10**15), st.integers(0, 10**15))
def test_more_rho_is_never_less_epsilon(one: int, other: int) -> None:
    """The conversion grows with ρ, and nothing converts to nothing."""
    less, more = sorted((one, other))
    assert epsilon_of_rho(less, ATTO // 10**6) <= epsilon_of_rho(more, ATTO // 10**6)
    assert epsilon_of_rho(0, ATTO // 10**6) == 0


@pytest.mark.parametrize("epsilon", ["1e4", "1e6", "1e9"])
def test_budgets_of_any_finite_size_convert(epsilon: str) -> None:
    """Laboratories may have budgets far beyond what OpenDP's arithmetic reaches."""
    nano = rho_for_epsilon(Fraction(epsilon), 5 * 10**11)
    assert nano / NANO == pytest.approx(float(epsilon), rel=0.1)
    assert epsilon_of_rho(nano, 5 * 10**11) <= float(epsilon)


def test_half_of_delta_is_for_thresholds_and_half_converts() -> None:
    """A budget's δ is split in two, and neither half is spent twice."""
    kept = rho_budget(Fraction(3), Fraction(1, 10**6))
    assert kept.threshold_delta_atto == kept.conversion_delta_atto == 5 * 10**11
    assert kept.rho_nano == rho_for_epsilon(Fraction(3), 5 * 10**11)
    assert kept.threshold_delta_atto + kept.conversion_delta_atto <= ATTO // 10**6


@pytest.mark.parametrize(
    ("epsilon", "delta_atto"), [(0, 10**9), (-1, 10**9), (1, 0), (1, ATTO)]
)
def test_what_is_no_budget_has_no_rho(epsilon: int, delta_atto: int) -> None:
    """ε is positive and δ between 0 and 1, or there is no conversion."""
    with pytest.raises(ValueError, match=r"epsilon|delta"):
        rho_for_epsilon(Fraction(epsilon), delta_atto)


@given(st.fractions(0, 1000), st.fractions(0, 1000))
def test_rounding_is_against_the_spender(one: Fraction, other: Fraction) -> None:
    """Rounded losses never add up to less than the losses."""
    assert nano_at_least(one) + nano_at_least(other) >= (one + other) * NANO
    assert nano_at_least(one) < one * NANO + 1


@given(st.integers(0, 10**15))
def test_pure_epsilon_charges_half_its_square(epsilon_nano: int) -> None:
    """ε of pure DP is at most ε²/2 of zCDP, rounded up to whole nano-ρ."""
    exact = Fraction(epsilon_nano, NANO) ** 2 / 2 * NANO
    assert exact <= rho_of_pure(epsilon_nano) < exact + 1


def test_conversions_are_remembered() -> None:
    """A budget's conversion is computed once."""
    rho_for_epsilon(Fraction(7, 5), 10**11)
    before = rho_for_epsilon.cache_info().hits
    rho_for_epsilon(Fraction(7, 5), 10**11)
    assert rho_for_epsilon.cache_info().hits == before + 1
