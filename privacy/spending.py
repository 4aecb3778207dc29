"""What a researcher says is to be spent, and whether it is an amount at all."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from math import floor
from types import MappingProxyType
from typing import Final

from privacy.accounting import NANO, Measure, rho_for_epsilon
from privacy.errors import Refused


class Intent(Enum):
    """What the amount of a spending is an amount of."""

    EPSILON = "epsilon"
    RHO = "rho"
    MARGIN = "margin"
    SHARE = "share"


MOST: Final = MappingProxyType(
    {Intent.EPSILON: 10**9, Intent.RHO: 10**9, Intent.MARGIN: 10**18, Intent.SHARE: 1}
)
"""The largest amount that may be said; all but the share's are beyond any use."""

WITH_NOTHING_LEFT: Final = (
    "Repeat an earlier question, which costs nothing, or propose a project with a "
    "budget of its own."
)

_LEAST: Final = Fraction(1, 10**18)
_EXAMPLES: Final = MappingProxyType(
    {
        Intent.EPSILON: "epsilon=0.1",
        Intent.RHO: "rho=0.001",
        Intent.MARGIN: "margin=50",
        Intent.SHARE: "share=0.01",
    }
)
_PERCENT: Final = 100


@dataclass(frozen=True, slots=True)
class Spending:
    """What the researcher wants to spend, as said: an exact number."""

    intent: Intent
    amount: Fraction


@dataclass(frozen=True, slots=True)
class Allowance:
    """What the project has left: nano-ρ under zCDP, nano-ε under pure DP.

    `conversion_delta_atto` is the δ at which ρ is shown as ε, and
    `threshold_delta_atto` all that the project was given for thresholds; both are 0
    under pure DP.
    """

    measure: Measure
    left_nano: int
    conversion_delta_atto: int
    threshold_delta_atto: int = 0


def check_amount(spending: Spending) -> None:
    """Refuse (`spending`) an amount that is not positive, or is beyond `MOST`."""
    if not _LEAST <= spending.amount <= MOST[spending.intent]:
        raise _out_of_range(spending)


def asked_nano(spending: Spending, allowance: Allowance) -> int:
    """What is said, in whole nano-units of the project's measure; not of a margin.

    Refuses (`spending`) amounts that `check_amount` does, that are not of the
    project's measure or come to no whole nano-unit; and (`budget_exhausted`) a share
    of nothing.
    """
    pure = allowance.measure is Measure.PURE
    if pure and spending.intent is Intent.RHO:
        raise Refused(
            "spending",
            "This project spends pure ε, of which ρ is no amount: say epsilon, "
            "margin or share.",
            suggestion=_EXAMPLES[Intent.EPSILON],
        )
    check_amount(spending)
    nano = _nano(spending, allowance)
    if nano < 1:
        raise too_little("it comes to nothing.")
    return nano


def too_little(why: str) -> Refused:
    """The refusal of what is too little for any noise; `why` ends its sentence."""
    return Refused(
        "spending", f"This is too little to spend: {why}", suggestion="share=0.1"
    )


def _nano(spending: Spending, allowance: Allowance) -> int:
    pure = allowance.measure is Measure.PURE
    match spending.intent:
        case Intent.SHARE:
            if allowance.left_nano < 1:
                why = f"The project has nothing left. {WITH_NOTHING_LEFT}"
                raise Refused("budget_exhausted", why)
            return floor(spending.amount * allowance.left_nano)
        case Intent.EPSILON if not pure:
            return rho_for_epsilon(spending.amount, allowance.conversion_delta_atto)
        case _:
            return floor(spending.amount * NANO)


def _out_of_range(spending: Spending) -> Refused:
    name, amount = spending.intent.value, spending.amount
    if spending.intent is not Intent.SHARE:
        return Refused(
            "spending",
            f"{name} is a number above 0, and at most {MOST[spending.intent]:,}.",
            suggestion=_EXAMPLES[spending.intent],
        )
    meant = f"share={float(amount / _PERCENT):g}" if 1 < amount <= _PERCENT else ""
    return Refused(
        "spending",
        "share is a number above 0, and at most 1, which is all that the project has "
        "left. 0.01 is 1%.",
        suggestion=meant or _EXAMPLES[Intent.SHARE],
    )
