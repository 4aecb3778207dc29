"""Traps 4, 16, 24, 29, 30, 33 and 37: what others got wrong when counting loss."""

from __future__ import annotations

import ast
import inspect
from fractions import Fraction

import numpy as np
import pytest

from privacy import mechanism as mechanism_module
from privacy.accounting import NANO, nano_at_least
from privacy.errors import Refused
from privacy.mechanism import Kind, Mechanism, draw, loss
from privacy.query import Statistic
from privacy.spending import Intent
from tests.mechanics.questions import (
    PURE,
    ROWS,
    ZCDP,
    mean_of,
    number,
    priced,
    question,
)


def test_trap_4_an_average_pays_for_its_count_too() -> None:
    """AVG is two releases: both are noised and both are in the price."""
    cost = priced(question(mean_of(number(0, 9))))
    kinds = [component.statistic for component in cost.plan.components]
    assert kinds == [Statistic.SUM, Statistic.ROWS]
    assert cost.rho_nano == sum(nano_at_least(loss(each)) for each in cost.mechanisms)


@pytest.mark.parametrize("epsilon", ["1e-300", "1e-12", "4e-10"])
def test_trap_16_no_epsilon_is_so_small_that_it_is_free(epsilon: str) -> None:
    """What would be rounded to nothing is refused, under both measures."""
    for intent, allowance in ((Intent.EPSILON, PURE), (Intent.RHO, ZCDP)):
        with pytest.raises(Refused) as refusal:
            priced(question(ROWS), epsilon, intent=intent, allowance=allowance)
        assert refusal.value.code == "spending"


def test_trap_16_every_price_is_at_least_a_nano_unit() -> None:
    """A vanishing margin price still costs."""
    cost = priced(question(ROWS), str(10**12), intent=Intent.MARGIN)
    assert cost.rho_nano >= 1


@pytest.mark.parametrize("epsilon", [1.5, 5.0, 20.0])
def test_trap_29_large_epsilon_does_not_use_the_classic_gaussian(
    epsilon: float,
) -> None:
    """For ε > 1 the noise is at least what zCDP's exact conversion demands."""
    cost = priced(question(ROWS), epsilon)
    (noise,) = cost.mechanisms
    classic = np.sqrt(2 * np.log(1.25 / cost.loss.delta)) / epsilon
    assert noise.scale != pytest.approx(classic, rel=1e-3)
    assert Fraction(1, 2) / Fraction(noise.scale) ** 2 <= Fraction(cost.rho_nano, NANO)
    assert cost.loss.epsilon <= epsilon


def test_trap_30_a_question_does_not_choose_its_delta() -> None:
    """δ comes from the project's allowance; thresholds spend none here."""
    one, other = priced(question(ROWS), 0.1), priced(question(ROWS), 3.0)
    assert one.loss.delta == other.loss.delta
    assert one.delta_atto == 0


def test_trap_37_noise_cannot_be_seeded_or_switched_off() -> None:
    """No function that draws takes a seed, and only `contrib` is enabled."""
    tree = ast.parse(inspect.getsource(mechanism_module))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    enabled = [
        ast.literal_eval(argument)
        for call in calls
        if getattr(call.func, "attr", getattr(call.func, "id", "")) == "enable_features"
        for argument in call.args
    ]
    assert enabled == ["contrib"]
    assert set(inspect.signature(draw).parameters) == {"mechanism", "values"}


def test_trap_37_two_draws_differ() -> None:
    """The same question drawn twice has different noise."""
    noise = Mechanism(Kind.GAUSSIAN, 1e6, 1, 1)
    zeros = np.zeros(20, dtype=np.int64)
    assert draw(noise, zeros).tolist() != draw(noise, zeros).tolist()
