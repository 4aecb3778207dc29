"""Clocks for tests: nobody waits on the wall's."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from tre.capacity import MOST_HEADROOM, Capacity
from tre.enclave import supervisor
from tre.environment import Environment

LONG_SLOTS: Final = Capacity(headroom=MOST_HEADROOM)
"""Slots that nobody misses, whatever else the machine does."""


def leaping(environment: Environment) -> Environment:
    """The environment, whose questions wait for the end of no slot."""
    environment._parts.gate.enclave._clock = LeapingClock()
    return environment


def reopened(home: Path) -> Environment:
    """The environment that is there, with long slots that nobody waits for."""
    return leaping(Environment.open(home, capacity=LONG_SLOTS))


def leap(patch: pytest.MonkeyPatch) -> None:
    """Have commands that are run in this process give long slots, and wait for none."""
    patch.setattr(supervisor, "RunningClock", LeapingClock)
    patch.setenv("TRE_HEADROOM", str(MOST_HEADROOM))


class StoppedClock:
    """Time goes by only where somebody waits for it; it remembers until when."""

    def __init__(self) -> None:
        self.at = 0.0
        self.waits: list[float] = []
        self.during: Callable[[], object] = lambda: None
        """What happens while somebody waits."""

    def now(self) -> float:
        """The moment it stands at."""
        return self.at

    def wait_until(self, moment: float) -> None:
        """Be there."""
        self.waits.append(moment)
        self.during()
        self.at = moment


class LeapingClock(threading.local):
    """The system's clock, that leaps over every wait; it remembers when each began.

    Each thread leaps by itself: its wait takes nothing off another's slot.
    """

    def __init__(self) -> None:
        self._ahead = 0.0
        self.begun: list[float] = []
        self.over: list[float] = []

    def now(self) -> float:
        """Seconds, those leapt over counted in."""
        return time.monotonic() + self._ahead

    def wait_until(self, moment: float) -> None:
        """Leap."""
        now = self.now()
        self.begun.append(now)
        self._ahead += max(0.0, moment - now)
        self.over.append(self.now())
