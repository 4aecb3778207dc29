"""Try again where a network is in between, a bounded number of times."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")


class Unreached(Exception):
    """Nobody answered: another try may help. Holds nothing of the library's text."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait before each further try, in seconds, and how to wait."""

    delays: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0)
    pause: Callable[[float], None] = field(default=time.sleep, repr=False)

    def tried(self, action: Callable[[], T]) -> T:
        """What `action` returns at the first try that reaches; else `Unreached`."""
        for delay in self.delays:
            try:
                return action()
            except Unreached:
                pass
            self.pause(delay)
        return action()
