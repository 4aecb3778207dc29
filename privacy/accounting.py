"""Privacy losses as whole numbers, and what they mean as (ε, δ).

Losses are counted in nano-ρ or nano-ε (10⁻⁹) and δ in atto (10⁻¹⁸), so that
spending adds up exactly; every rounding is against the spender. ρ is that of
zero-concentrated DP (Bun and Steinke 2016, arXiv 1605.02065), which adds up under
adaptive composition; its conversion to (ε, δ) is that of Canonne, Kamath and
Steinke 2020 (arXiv 2004.00010, corollary 13), with OpenDP's own as the proof.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from functools import lru_cache
from math import ceil, exp, floor, inf, log, log1p
from typing import Final

from privacy.mechanism import delta_of_zcdp

NANO: Final = 10**9
ATTO: Final = 10**18

_GOLDEN: Final = 0.6180339887498949
_ORDERS: Final = (-30.0, 50.0)
"""Where log(α − 1) of the best Rényi order is sought."""

_CONFIRMED: Final = 10.0**4
"""The ρ up to which OpenDP's conversion is asked to confirm ours."""


class Measure(Enum):
    """What a project's budget is counted in."""

    ZCDP = "zcdp"
    PURE = "pure"


@dataclass(frozen=True, slots=True)
class Loss:
    """A privacy loss for people to read.

    Under zCDP only `rho` adds up: `epsilon` is its conversion at `delta`, less the
    δ that thresholds spent. Under pure DP `epsilon` adds up, `delta` is 0 and
    `rho` is ε²/2.
    """

    rho: float
    epsilon: float
    delta: float


@dataclass(frozen=True, slots=True)
class RhoBudget:
    """An (ε, δ) budget as it is kept: half of δ for thresholds, half to convert."""

    rho_nano: int
    threshold_delta_atto: int
    conversion_delta_atto: int


def rho_budget(epsilon: Fraction, delta: Fraction) -> RhoBudget:
    """The largest zCDP budget that keeps the promise of (ε, δ).

    Raises ValueError unless ε > 0 and 0 < δ < 1, with δ at least 2·10⁻¹⁸.
    """
    conversion = floor(delta * ATTO / 2)
    return RhoBudget(rho_for_epsilon(epsilon, conversion), conversion, conversion)


@lru_cache(maxsize=1_024)
def rho_for_epsilon(epsilon: Fraction, delta_atto: int) -> int:
    """The most nano-ρ whose conversion at δ is at most ε, to nine digits.

    ρ-zCDP is (ε, δ)-DP where some order α > 1 has αρ + c(α, δ) ≤ ε, so the most is
    the largest (ε − c) / α. Raises ValueError for ε ≤ 0 or δ outside (0, 1).
    """
    wanted = float(epsilon)
    delta = _delta(delta_atto)
    if not 0 < wanted < inf:
        raise ValueError("epsilon is positive and finite")
    best = _largest(lambda order: (wanted - _excess(order, delta)) / order)
    nano = max(0, floor(Fraction(best) * NANO))
    step = 1
    while nano > 0 and epsilon_of_rho(nano, delta_atto) > wanted:
        nano, step = max(0, nano - step), step * 2
    return nano


@lru_cache(maxsize=4_096)
def epsilon_of_rho(rho_nano: int, delta_atto: int) -> float:
    """An ε, at most parts in 10⁹ above the least, for which ρ-zCDP is (ε, δ)-DP.

    0 for no loss. The closed form holds at every order α by theorem; OpenDP's
    conversion confirms it up to ρ = 10⁴, beyond which its arithmetic overflows.
    """
    if rho_nano <= 0:
        return 0.0
    rho, delta = rho_nano / NANO, _delta(delta_atto)
    least = -_largest(lambda order: -(order * rho + _excess(order, delta)))
    epsilon = max(least, 0.0)
    for step in range(21):
        widened = epsilon * (1 + 2.0 ** (step - 50))
        if _confirmed(rho, widened, delta):
            return widened
    raise ArithmeticError(  # pragma: no cover (a fault of OpenDP's, and then no price)
        "OpenDP's conversion is not near its closed form"
    )


def nano_at_least(amount: Fraction) -> int:
    """Round a loss up to whole nano-units: a budget never rounds in our favour."""
    return ceil(amount * NANO)


def rho_of_pure(epsilon_nano: int) -> int:
    """The nano-ρ that pure ε implies: ε²/2, rounded up."""
    return -(-(epsilon_nano**2) // (2 * NANO))


def _confirmed(rho: float, epsilon: float, delta: float) -> bool:
    return rho > _CONFIRMED or delta_of_zcdp(rho, epsilon) <= delta


def _excess(order: float, delta: float) -> float:
    """c(α, δ): what converting at order α adds to αρ."""
    less = order - 1
    return (-log(delta) + less * log1p(-1 / order) - log(order)) / less


def _largest(value: Callable[[float], float]) -> float:
    """The largest value over orders α = 1 + eˣ; golden-section search on x."""
    low, high = _ORDERS
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = value(1 + exp(left)), value(1 + exp(right))
    for _ in range(100):
        if at_left >= at_right:
            high, right, at_right = right, left, at_left
            left = high - _GOLDEN * (high - low)
            at_left = value(1 + exp(left))
        else:
            low, left, at_left = left, right, at_right
            right = low + _GOLDEN * (high - low)
            at_right = value(1 + exp(right))
    return max(at_left, at_right)


def _delta(delta_atto: int) -> float:
    if not 0 < delta_atto < ATTO:
        raise ValueError("delta is between 0 and 1")
    return delta_atto / ATTO
