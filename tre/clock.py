"""A clock that only runs forward, as a part that tests can put another in place of."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Seconds since some moment; they never go back."""

    def now(self) -> float:
        """The seconds that have gone by."""
        ...

    def wait_until(self, moment: float) -> None:
        """Come back at that moment; at once where it is past."""
        ...


class RunningClock:
    """The system's own."""

    def now(self) -> float:
        """Seconds that no change of the time of day moves."""
        return time.monotonic()

    def wait_until(self, moment: float) -> None:
        """Sleep."""
        time.sleep(max(0.0, moment - time.monotonic()))
