"""What an account is opened with: a declared (epsilon, delta), kept as whole units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import floor, isfinite

from privacy.accounting import NANO, Measure, rho_budget
from tre.control.canonical import Json
from tre.control.tables import LARGEST


@dataclass(frozen=True, slots=True)
class Budget:
    """A budget in whole units, and the words it was declared in.

    `total_nano` counts nano-rho under zCDP and nano-epsilon under pure DP; amounts
    past what an account can hold are lowered to it. Half of delta is for
    thresholds, half for the conversion; a pure budget has neither.
    """

    measure: Measure
    epsilon: str
    delta: str
    total_nano: int
    threshold_atto: int
    conversion_atto: int

    @classmethod
    def zcdp(cls, epsilon: Decimal, delta: Decimal) -> Budget:
        """The largest zCDP budget that keeps (epsilon, delta).

        ValueError unless epsilon is positive and finite and delta within (0, 1).
        """
        _require(_finite(epsilon) and epsilon > 0, "epsilon is positive and finite")
        _require(_finite(delta) and 0 < delta < 1, "delta is between 0 and 1")
        kept = rho_budget(Fraction(epsilon), Fraction(delta))
        _require(kept.rho_nano > 0, "epsilon is too small to count")
        return cls(
            Measure.ZCDP,
            plain(epsilon),
            plain(delta),
            min(kept.rho_nano, LARGEST),
            kept.threshold_delta_atto,
            kept.conversion_delta_atto,
        )

    @classmethod
    def pure(cls, epsilon: Decimal) -> Budget:
        """A budget of pure differential privacy. ValueError unless positive, finite."""
        _require(_finite(epsilon) and epsilon > 0, "epsilon is positive and finite")
        nano = floor(Fraction(epsilon) * NANO)
        _require(nano > 0, "epsilon is too small to count")
        return cls(Measure.PURE, plain(epsilon), "0", min(nano, LARGEST), 0, 0)

    @classmethod
    def uncapped(cls) -> Budget:
        """A zCDP account that only counts: other accounts are what binds."""
        return cls(Measure.ZCDP, "", "", LARGEST, LARGEST, 0)

    def facts(self) -> Mapping[str, Json]:
        """The budget as the log shows it."""
        return {
            "measure": self.measure.value,
            "epsilon": self.epsilon,
            "delta": self.delta,
            "total_nano": self.total_nano,
            "threshold_atto": self.threshold_atto,
            "conversion_atto": self.conversion_atto,
        }


def plain(number: Decimal) -> str:
    """A decimal in digits, without an exponent or trailing zeros.

    >>> plain(Decimal("1E-6")), plain(Decimal("2.50"))
    ('0.000001', '2.5')
    """
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _finite(number: Decimal) -> bool:
    """Whether it is a number, and no larger than floats are: prices are floats."""
    return number.is_finite() and isfinite(float(number))


def _require(met: bool, otherwise: str) -> None:  # noqa: FBT001 - the condition itself
    if not met:
        raise ValueError(otherwise)
