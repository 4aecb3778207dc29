"""Weaknesses of the systems that others rely on: there, and closed here.

Each is shown on ACRO's rules, which have it, and on the gateway's, which must not. Two
more are elsewhere: margins that give cells away (`tests/mechanics/test_margins.py`,
`tests/attacks/test_whole_history.py`), and noise that different questions with one
answer average away (`rewrites` in `tests/attacks/test_counts.py`); checksums without a
signature in `tests/trust/test_accountability.py`.
"""

from __future__ import annotations

from math import exp

import numpy as np
import pytest
from scipy import stats

from privacy.noise import noise
from privacy.policy import GATEWAY, NONE
from privacy.price import Price
from tests.mechanics.questions import (
    PURE,
    ROWS,
    column,
    exact_table,
    mean_of,
    number,
    priced,
    question,
    released,
)
from tre.profiles.judge import Contributions
from tre.profiles.load import load_profile
from tre.profiles.publish import publish_counts, publish_total, publish_values

ACRO = load_profile("acro")
DRAWS = 20_000
CHANCE = 1e-6


def draws(cost: Price, people: int) -> np.ndarray:
    """Noised counts of so many people, one a draw."""
    (found,) = noise(exact_table([people]), cost.mechanisms, DRAWS).values
    return found[:, 0]


def test_two_tables_that_differ_by_one_person_do_not_subtract_to_them() -> None:
    """A difference of one is as likely from equal tables, to within what ε allows."""
    tables = np.array([100, 101])
    shown = publish_counts(ACRO, tables)
    assert not shown.hidden.any()
    assert shown.values[1] - shown.values[0] == 1
    cost = priced(question(ROWS), 0.5, allowance=PURE)
    whole, equal = (draws(cost, people) - draws(cost, 100) for people in (101, 100))
    for found in range(-3, 4):
        there, absent = (int(np.sum(each == found)) for each in (whole, equal))
        most = stats.binom.ppf(1 - CHANCE, DRAWS, min(1, exp(0.5) * absent / DRAWS))
        assert there <= most * 1.1, found
    told = np.mean(whole == 1)
    assert told < 0.5  # of a table that is one larger, most differences say otherwise


def test_a_hidden_cell_is_not_recovered_from_a_total_asked_alone() -> None:
    """What is left of the total beside the other cell errs by the noise of both."""
    cells = np.array([500, 3])
    shown = publish_counts(ACRO, cells)
    assert shown.hidden.tolist() == [False, True]
    total = publish_total(ACRO, cells)
    assert total.values[0] - shown.values[0] == cells[1]
    cost = priced(question(ROWS), 0.5)
    hidden = column(released(cost, exact_table([3]), draws=DRAWS), "a0")
    showed = DRAWS - hidden.count(None)
    assert stats.binom.sf(showed - 1, DRAWS, 0.01) > CHANCE
    guessed = draws(cost, 503) - draws(cost, 500) - 3
    alone = draws(cost, 3) - 3
    ratio = np.mean(guessed.astype(float) ** 2) / np.mean(alone.astype(float) ** 2)
    assert ratio > 1.5  # twice the variance of noise on the cell itself, less chance


@pytest.mark.parametrize("people", [12, 400])
def test_a_group_in_which_all_are_equal_does_not_print_its_value(people: int) -> None:
    """Its average errs as any other does, and has an interval, however few they are."""
    equal = Contributions(
        np.array([50.0 * people]), np.array([[50.0, 50.0]]), np.array([0])
    )
    shown = publish_values(ACRO, np.array([50.0]), np.array([people]), equal)
    assert shown.values.tolist() == [50.0]
    asked = question(mean_of(number(0, 100)), ROWS)
    for policy in (NONE, GATEWAY):
        cost = priced(asked, 1, policy=policy)
        exact = [
            [people if part.argument is None else 0]  # nobody is off the centre
            for part in cost.plan.components
        ]
        table = released(cost, exact_table(*exact), draws=500)
        means = [each for each in column(table, "a0") if each is not None]
        assert stats.binom.sf(means.count(50.0) - 1, len(means), 0.1) > CHANCE
        ends = zip(column(table, "a0_low"), column(table, "a0_high"), strict=True)
        points = sum(low == high for low, high in ends if low is not None)
        assert points <= 3  # cut to a bound of the value: one in a million draws is
