"""Bounds are below the truth as often as they say, and near it."""

from __future__ import annotations

from math import exp, inf, log

import numpy as np
import pytest
from scipy.stats import binom, norm

from tre.distinguish.bound import (
    delta_at_least,
    epsilon_at_delta,
    epsilon_at_least,
    mu_at_least,
    rho_at_least,
)

GAMES = 20_000
PLAYS = 1_000


def drawn(share: float) -> np.ndarray:
    """How many guesses of many games are right, each with this probability."""
    return np.random.default_rng(5).binomial(PLAYS, share, GAMES)


@pytest.mark.parametrize("epsilon", [0.1, 1.0, 3.0])
def test_epsilon_is_exceeded_as_seldom_as_said(epsilon: float) -> None:
    """Randomised response reaches its ε exactly: nearly 1% of bounds are above it."""
    right = drawn(1 / (1 + exp(-epsilon)))
    bounds = epsilon_at_least(right, PLAYS - right, miss=0.01)
    above = int(np.sum(bounds > epsilon))
    assert binom.cdf(above, GAMES, 0.005) > 1e-6
    assert binom.sf(above - 1, GAMES, 0.01) > 1e-6
    assert np.median(bounds) > epsilon * 0.7 - 0.15


@pytest.mark.parametrize("mu", [0.2, 1.0, 2.0])
def test_mu_is_exceeded_as_seldom_as_said(mu: float) -> None:
    """The best guess of a Gaussian's mean is right with probability Φ(μ/2)."""
    bounds = mu_at_least(drawn(norm.cdf(mu / 2)), PLAYS, miss=0.01)
    above = int(np.sum(bounds > mu))
    assert binom.sf(above - 1, GAMES, 0.01) > 1e-6
    assert np.median(bounds) > mu - 0.25
    open_failure = 0.02
    allowed = mu_at_least(
        drawn(norm.cdf(mu / 2) + open_failure / 2), PLAYS, miss=0.01, delta=open_failure
    )
    above = int(np.sum(allowed > mu))
    assert binom.sf(above - 1, GAMES, 0.01) > 1e-6


@pytest.mark.parametrize("mu", [0.2, 1.0, 2.0])
def test_rho_holds_for_gaussians_and_for_randomised_response(mu: float) -> None:
    """ρ is at least what guessing right so often needs, and for small ε no less."""
    at_truth = rho_at_least(norm.cdf(mu / 2) * 1e9, 1e9, miss=0.01)
    assert 0.5 * mu**2 / 2 < at_truth < mu**2 / 2
    epsilon = 0.1
    responding = rho_at_least(1e9 / (1 + exp(-epsilon)), 1e9, miss=0.01)
    assert responding == pytest.approx(epsilon**2 / 2, rel=0.01)


def test_delta_is_allowed_for() -> None:
    """A mechanism of ε that fails openly with probability δ stays below ε at that δ."""
    epsilon, delta = 1.0, 0.01
    right = (1 - delta) / (1 + exp(-epsilon)) + delta
    made = np.random.default_rng(6).binomial(PLAYS, right, 2_000)
    bounds = epsilon_at_delta(made, PLAYS - made, plays=PLAYS, delta=delta, miss=0.01)
    assert binom.sf(np.sum(bounds > epsilon) - 1, 2_000, 0.01) > 1e-6
    without = epsilon_at_least(made, PLAYS - made, miss=0.01)
    assert np.mean(bounds) < np.mean(without)


def test_the_delta_of_a_key_is_bounded_from_below() -> None:
    """A key seen only with the person, in 3 of 100 plays: δ is above 0.3%, below 3%."""
    found = delta_at_least(300, 0, plays=10_000, rho=1e-6, miss=1e-3)
    assert 0.003 < found < 0.03
    assert delta_at_least(0, 0, plays=10_000, rho=1e-6, miss=1e-3) == 0
    assert delta_at_least(300, 300, plays=10_000, rho=1e-6, miss=1e-3) == 0
    honest = binom.rvs(10_000, 0.5e-3, size=200, random_state=7)
    bounds = [
        delta_at_least(int(n), 0, plays=10_000, rho=1e-6, miss=1e-3) for n in honest
    ]
    assert max(bounds) <= 1e-3


def test_certain_guesses_prove_any_loss() -> None:
    """Nothing wrong is still no proof of infinity; nothing right proves nothing."""
    assert 0 < epsilon_at_least(1_000, 0, miss=0.001) < inf
    assert epsilon_at_least(1_000, 0, miss=0.001) == pytest.approx(
        log(0.001 ** (1 / 1000) / (1 - 0.001 ** (1 / 1000)))
    )
    assert epsilon_at_least(0, 0, miss=0.001) == 0
    assert epsilon_at_least(0, 1_000, miss=0.001) == 0
    assert mu_at_least(500, 1_000, miss=0.001) == 0
    assert rho_at_least(500, 1_000, miss=0.001) == 0
