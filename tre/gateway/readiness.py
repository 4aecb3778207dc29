"""Whether the environment can answer, looked at no more than once a second.

Anybody may ask, as often as they like; what it takes to know is a write to the disk.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Final

from privacy.errors import Refused
from tre.clock import Clock, RunningClock

SECONDS: Final = 1.0
"""How long an answer is good for."""


class Readiness:
    """The last look, and how it ended. Thread-safe."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or RunningClock()
        self._lock = Lock()
        self._until: float | None = None
        self._problem: Refused | None = None

    def look(self, check: Callable[[], None]) -> None:
        """Raise what `check` raised when it was last called; that is, not long ago."""
        with self._lock:
            if self._until is None or self._clock.now() >= self._until:
                self._problem = _problem_of(check)
                self._until = self._clock.now() + SECONDS
            problem = self._problem
        if problem is not None:
            raise problem


def _problem_of(check: Callable[[], None]) -> Refused | None:
    try:
        check()
    except Refused as refused:
        return refused
    except Exception:  # noqa: BLE001 - whatever is wrong, it is not ready
        return Refused("unavailable", "The environment cannot be reached just now.")
    return None
