"""How much of the machine questions may take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

LEAST_HEADROOM: Final = 16
"""How many times the predicted work fits a slot: machines differ and are shared."""

MOST_HEADROOM: Final = 1024
"""Beyond this no question is answered sooner than the deadline."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """How much of the machine questions take: public, and fixed by the operator.

    `workers` questions run at a time, each in a process of `memory_mib` for the
    engine; `spares` more processes stand ready for those that have to be killed.
    A question's time slot is `headroom` times the work that its plan predicts, at
    least; 16 to 1024, else ValueError. Nothing runs longer than `deadline_seconds`.
    A question is turned away, at no cost, when no process is free within
    `patience_seconds`.
    """

    workers: int = 1
    spares: int = 0
    memory_mib: int = 2048
    headroom: int = LEAST_HEADROOM
    deadline_seconds: float = 120.0
    patience_seconds: float = 60.0

    def __post_init__(self) -> None:
        if not LEAST_HEADROOM <= self.headroom <= MOST_HEADROOM:
            raise ValueError(
                f"a headroom of {self.headroom}: expected a whole number from"
                f" {LEAST_HEADROOM} to {MOST_HEADROOM}"
            )


ONE: Final = Capacity()
"""One question at a time: what a program or a command needs."""
