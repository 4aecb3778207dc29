"""Clocks for tests: nobody waits on the wall's."""

from __future__ import annotations

import time
from collections.abc import Callable


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


class LeapingClock:
    """The system's clock, that leaps over every wait; it remembers when each began."""

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
