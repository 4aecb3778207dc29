"""What a budget would buy, in counts of people: the question everybody knows."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, log
from statistics import NormalDist
from typing import Final

from privacy.accounting import Loss

MARGINS: Final = (5, 10, 20, 50, 100)
"""95% margins, in people, that are priced."""

_WIDTH: Final = NormalDist().inv_cdf(0.975)
_RATE: Final = log(20)


@dataclass(frozen=True, slots=True)
class Purchase:
    """How many counts of people, each within `margin` 19 times in 20, are affordable.

    One person moves such a count by one; `price` is ρ, or ε of a pure budget.
    """

    margin: int
    price: float
    affordable: int


def worth(left: Loss) -> tuple[Purchase, ...]:
    """What is left, as numbers of counts at several margins; to within rounding."""
    pure = left.delta == 0
    have = left.epsilon if pure else left.rho
    return tuple(
        Purchase(margin, price, floor(have / price))
        for margin in MARGINS
        for price in [_RATE / margin if pure else (_WIDTH / margin) ** 2 / 2]
    )
