"""Ways of breaking the environment, for as long as a test lasts."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import Any

import pytest

import privacy.price
import tre.home
import tre.intake.publish
import tre.intake.reading
import tre.lab
from privacy.accounting import nano_at_least
from privacy.policy import NONE
from tre.enclave.supervisor import Enclave
from tre.intake.publish import _capped

Break = Callable[[pytest.MonkeyPatch], None]


def in_the_enclave(which: str) -> Break:
    """Have every enclave process be the broken program of this name."""
    program = (sys.executable, "-I", "-m", "tests.distinguish.broken", which)
    broken = partial(Enclave, program=program)
    return lambda patch: patch.setattr(tre.home, "Enclave", broken)


def half_a_threshold(patch: pytest.MonkeyPatch) -> None:
    """Lower every threshold, where a question takes so little δ that many are asked."""
    in_the_enclave("lower threshold")(patch)
    little = replace(NONE, threshold_share=Fraction(1, 100_000))
    patch.setattr(tre.lab, "POLICIES", {NONE.name: little})


def forgotten_clamp(patch: pytest.MonkeyPatch) -> None:
    """Publish values as they are, bounds or no bounds."""
    patch.setattr(tre.intake.reading, "_clamped", lambda value, _: value)


def one_row_more(patch: pytest.MonkeyPatch) -> None:
    """Publish one row a person more than the cap."""

    def capped(engine: Any, table: Any, public: Any, carry: Any) -> Any:
        wrong = replace(table, rows_per_person=table.rows_per_person + 1)
        return _capped(engine, wrong, public, carry)

    patch.setattr(tre.intake.publish, "_capped", capped)


def half_price(patch: pytest.MonkeyPatch) -> None:
    """Charge half of what the noise costs."""

    def halved(amount: Fraction) -> int:
        return nano_at_least(amount / 2)

    patch.setattr(privacy.price, "nano_at_least", halved)
