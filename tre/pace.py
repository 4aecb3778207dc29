"""When an answer leaves the enclave: at the end of a slot that public facts fix.

How long a question takes depends on the rows behind it and on the noise drawn. Its
slot is the first rung of a ladder, 50 ms × 2ⁿ, that is long enough for many times
the work that its plan would be on tables as large as their public size class says.
The answer is handed on when the slot is over, neither sooner nor later; a question
that has not answered by then is killed, and has failed. A clock outside sees a
length that anybody could have computed beforehand.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from math import ceil, log2
from typing import Final

from privacy.plan import Plan
from privacy.workload import Workload, workload
from tre.capacity import LEAST_HEADROOM

RUNG_SECONDS: Final = 0.05


class Waiting(Enum):
    """Whether answers wait for their slot. Only a laboratory may leave it out."""

    QUANTISED = "quantised"
    NONE = "none"


def rung(seconds: float) -> float:
    """The first rung, in seconds, that is not before this much time.

    >>> rung(0.0), rung(0.05), rung(0.051), rung(1.0)
    (0.05, 0.05, 0.1, 1.6)
    """
    steps = max(0, ceil(log2(max(seconds, RUNG_SECONDS) / RUNG_SECONDS)))
    return float(RUNG_SECONDS * 2**steps)


@dataclass(frozen=True, slots=True)
class Pace:
    """Fixes the slot of a question: `headroom` times its predicted work, or more."""

    waiting: Waiting
    headroom: int = LEAST_HEADROOM
    """The operator's, for all questions alike; nothing of rows is in it."""

    def slot(self, plans: Iterable[Plan], *, draws: int = 1) -> float | None:
        """The seconds a question takes, however long it works; None for no slot.

        `plans` are what is measured for it, one for each of its grouping sets.
        """
        if self.waiting is Waiting.NONE:
            return None
        works = (workload(plan, draws=draws) for plan in plans)
        return rung(self.headroom * sum(seconds(work) for work in works))


def seconds(work: Workload) -> float:
    """What the work takes on two virtual cores, roughly; measured, then rounded up.

    To begin and to end 10 ms; a row read 10 ns, joined or grouped by person 100 ns
    more; a figure noised 10 µs, and one that is chosen among candidates 4 ms; a list
    of a million keys goes in and out besides.
    """
    return (
        0.01
        + 1e-8 * work.rows_read
        + 1e-7 * work.rows_matched
        + 1e-5 * work.figures
        + 4e-3 * work.choices
        + 1e-6 * work.cells
    )
