"""Work counted in calls of functions, which a busy machine does not change."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

MOST = 5_000_000
"""Calls of functions, built-in ones among them: a second or so of an idle machine."""


class TooManySteps(AssertionError):
    """What was to be done at once is still being done."""


@dataclass(slots=True)
class Steps:
    """How many calls there were."""

    taken: int = 0


@contextmanager
def at_once(most: int = MOST) -> Iterator[Steps]:
    """Fail what calls more functions than this inside, as soon as it does."""
    steps = Steps()

    def count(_frame: FrameType, happened: str, _of: Any) -> None:
        if happened in ("call", "c_call"):
            steps.taken += 1
            if steps.taken > most:
                raise TooManySteps(f"more than {most:,} calls")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        yield steps
    finally:
        sys.setprofile(before)
