"""What a researcher says about spending, in one of the contract's four ways."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import isfinite
from numbers import Rational, Real
from typing import Final

from privacy.errors import Refused
from privacy.spending import Intent, Spending

DEFAULT: Final = Spending(Intent.SHARE, Fraction(1, 100))
"""Meant where nothing is said: a hundredth of what the project has left."""


_DIGITS: Final = 40


@dataclass(frozen=True, slots=True)
class Spend:
    """At most one of ε, ρ, a 95% margin of error, and a share of what is left."""

    epsilon: float | None = None
    rho: float | None = None
    margin: float | None = None
    share: float | None = None

    @property
    def spending(self) -> Spending:
        """The spending meant.

        Refused with `spending` where more than one thing was said, or no number.
        """
        given = [
            (intent, getattr(self, intent.value))
            for intent in Intent
            if getattr(self, intent.value) is not None
        ]
        if len(given) > 1:
            raise Refused(
                "spending",
                "What to spend can be said in one way only.",
                clause=", ".join(intent.value for intent, _ in given),
                suggestion=_one_of(dict(given)),
            )
        for intent, amount in given:
            return Spending(intent, _exact(intent, amount))
        return DEFAULT

    def said(self) -> str:
        """The spending as said, keyword and number, in one spelling."""
        spending = self.spending
        return f"{spending.intent.value}={spending.amount}"


def _one_of(given: Mapping[Intent, object]) -> str:
    """What was said that may be spent on anything, or else the default.

    ρ is none of every project's, and not every question keeps a margin.
    """
    for intent in (Intent.EPSILON, Intent.SHARE):
        if _written(given.get(intent)):
            return f"{intent.value}={given[intent]}"
    return f"share={float(DEFAULT.amount)}"


def _exact(intent: Intent, amount: object) -> Fraction:
    """The decimal that was written: 0.1 is one tenth, not its nearest float."""
    written = _written(amount)
    if written is None:
        raise Refused(
            "spending",
            f"{intent.value} is a number.",
            clause=f"{intent.value}={str(amount)[:40]}",
            suggestion=_one_of({}),
        )
    return written


def _written(amount: object) -> Fraction | None:
    """The number that was written; None for what is none, or not finite."""
    match amount:
        case bool():
            return None
        case Rational():
            return _of_a_size(Fraction(amount))
        case Decimal() if amount.is_finite():
            # A fraction of this many digits would take the memory.
            small = abs(amount.adjusted()) <= _DIGITS
            return _of_a_size(Fraction(amount)) if small else Fraction(0)
        case Real() if isfinite(amount):
            return _of_a_size(Fraction(str(amount)))
        case _:
            return None


def _of_a_size(amount: Fraction) -> Fraction:
    """The amount; nothing in place of one too large or too fine to be accepted."""
    digits = max(abs(amount.numerator), amount.denominator)
    return amount if digits <= 10**_DIGITS else Fraction(0)
