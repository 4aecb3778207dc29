"""Which steps something went through: of a closed list, each with how it ended.

A step has no words and no figures. Who wants to know of them keeps a list with
`tracing`; where nobody does, a step costs next to nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import Enum
from typing import Final

from privacy.errors import Refused


class Step(Enum):
    """What is done, by the part of the environment that does it."""

    ADMIT = "admit"
    """Looking up who may ask, in which project."""
    PLAN = "plan"
    """Reading and planning a question; or finding that it is a retry."""
    PRICE = "price"
    """Explaining what a plan would cost."""
    ANSWER = "answer"
    """All that gives a release: an earlier one, or charging, reading and releasing."""
    TAKE_IN = "take in"
    """An intake, from its sources to the switch."""


class End(Enum):
    """How a step ended."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Taken:
    """A step that was taken, and how long it took: not to be told as it is."""

    step: Step
    end: End
    seconds: float


_kept: Final[ContextVar[list[Taken] | None]] = ContextVar("steps", default=None)


@contextmanager
def tracing() -> Iterator[list[Taken]]:
    """The steps that are taken within the block, by this task and its threads."""
    taken: list[Taken] = []
    token = _kept.set(taken)
    try:
        yield taken
    finally:
        _kept.reset(token)


@contextmanager
def step(name: Step) -> Iterator[None]:
    """Take one step. Of what is raised in it, only its kind of end is kept."""
    taken = _kept.get()
    if taken is None:
        yield
        return
    begun, end = time.monotonic(), End.FAILED
    try:
        yield
        end = End.DONE
    except Refused:
        end = End.REFUSED
        raise
    finally:
        taken.append(Taken(name, end, time.monotonic() - begun))
