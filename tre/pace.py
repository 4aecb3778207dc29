"""When an answer is given: on the rungs of a ladder, never just when it is ready.

How long a question takes depends on the rows behind it and on the noise drawn. An
answer waits for the next rung of 50 ms × 2ⁿ after it was admitted, so that a clock
outside tells only the rung. Which rung is still seen; that much is stated.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import Enum
from math import ceil, log2
from typing import Final

RUNG_SECONDS: Final = 0.05


class Waiting(Enum):
    """Whether answers wait for their rung. Only a laboratory may leave it out."""

    QUANTISED = "quantised"
    NONE = "none"


def rung(elapsed_seconds: float) -> float:
    """The first rung, in seconds, that is not before this much time.

    >>> rung(0.0), rung(0.05), rung(0.051), rung(1.0)
    (0.05, 0.05, 0.1, 1.6)
    """
    steps = max(0, ceil(log2(max(elapsed_seconds, RUNG_SECONDS) / RUNG_SECONDS)))
    return float(RUNG_SECONDS * 2**steps)


@dataclass(frozen=True, slots=True)
class Pace:
    """Holds an answer back until its rung."""

    waiting: Waiting

    def begin(self) -> float:
        """The moment a question was admitted, on a clock that only runs forward."""
        return time.monotonic()

    def wait(self, begun: float) -> None:
        """Sleep until the next rung after `begun`."""
        if self.waiting is Waiting.NONE:
            return
        elapsed = time.monotonic() - begun
        time.sleep(max(0.0, rung(elapsed) - elapsed))
