"""Attacks with counts succeed on exact answers and on rules, and not on paid noise."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.attacks.judging import clearly_succeeds, may_be_chance
from tre.attacks.averaging import TIMES, repeats, rewrites
from tre.attacks.differencing import differencing, tracker
from tre.attacks.people import People
from tre.attacks.reconstruction import (
    QUESTIONS_PER_PERSON,
    least_absolute,
    least_squared,
)
from tre.attacks.score import Score
from tre.attacks.singling_out import singling_out
from tre.attacks.suite import attack_all
from tre.attacks.target import Target, by_rules, gateway, unaccounted, unprotected
from tre.lab import Lab


def test_differencing_reads_exact_counts_and_counts_that_hide_small_cells(
    lab: Lab, people: People
) -> None:
    """ACRO's rules see two large counts, and neither that one follows the other."""
    for target in (unprotected(lab), by_rules(lab, "acro")):
        assert clearly_succeeds(differencing(target, people)), target
        assert clearly_succeeds(tracker(target, people)), target


def test_differencing_and_trackers_fail_on_paid_noise(lab: Lab, people: People) -> None:
    """All the questions together have ε = 1, and everything noised is shown."""
    questions = 3 * people.size
    target = gateway(lab, epsilon=1.0, questions=questions)
    assert may_be_chance(differencing(target, people))
    assert may_be_chance(tracker(target, people))


def test_rounding_stops_differencing_and_not_reconstruction(
    lab: Lab, people: People
) -> None:
    """Errors below √n are too small, as Dinur and Nissim proved."""
    target = by_rules(lab, "opensafely")
    assert may_be_chance(differencing(target, people))
    for attack in (least_absolute, least_squared):
        assert attack(target, people).succeeds


def test_reconstruction_needs_answers_that_nobody_paid_for(
    lab: Lab, people: People
) -> None:
    """Both ways find everybody's secret from exact counts, and nobody's for ε = 1."""
    paid = gateway(lab, epsilon=1.0, questions=QUESTIONS_PER_PERSON * people.size)
    for attack in (least_absolute, least_squared):
        assert clearly_succeeds(attack(unprotected(lab), people))
        assert may_be_chance(attack(paid, people))


@pytest.mark.slow
def test_singling_out_needs_small_counts(lab: Lab, people: People) -> None:
    """Halving finds rare conditions that isolate somebody from exact counts alone."""
    assert clearly_succeeds(singling_out(unprotected(lab), people))
    assert may_be_chance(singling_out(by_rules(lab, "acro"), people))
    paid = gateway(lab, epsilon=1.0, questions=200)
    assert may_be_chance(singling_out(paid, people))


@pytest.mark.slow
@pytest.mark.parametrize("attack", [repeats, rewrites])
def test_averaging_beats_noise_without_a_ledger(
    attack: Callable[[Target, People], Score], lab: Lab, people: People
) -> None:
    """Noise drawn anew cancels out; a repeat is the same release, a rewrite is paid."""
    assert attack(unaccounted(lab, epsilon=8.0), people).succeeds
    paid = gateway(lab, epsilon=1.0, questions=(people.size + 1) * TIMES)
    assert may_be_chance(attack(paid, people))


@pytest.mark.slow
@pytest.mark.parametrize("profile", ["acro", "sdctable", "datashield"])
def test_systems_that_only_suppress_fail(
    profile: str, lab: Lab, people: People
) -> None:
    """Differencing, a tracker and reconstruction read every secret behind them."""
    target = by_rules(lab, profile)
    for attack in (differencing, tracker, least_absolute, least_squared):
        assert clearly_succeeds(attack(target, people))


@pytest.mark.slow
def test_the_gateway_stands_against_all_attacks(guarded: Lab, people: People) -> None:
    """With its certificates, and ε = 1 for each attack; exact answers fall to each."""
    for score in attack_all(guarded, people):
        if score.policy == "gateway, ε = 1":
            assert may_be_chance(score), score
        elif score.policy == "no protection":
            assert score.succeeds, score
