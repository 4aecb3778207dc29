"""The environment a command works on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tre.capacity import ONE, Capacity

if TYPE_CHECKING:  # it imports everything there is; `tre --help` needs none of it
    from tre.environment import Environment


@contextmanager
def opened(home: Path, capacity: Capacity = ONE) -> Iterator[Environment]:
    """The environment at `home`, closed afterwards. `Invalid` where there is none."""
    from tre.environment import Environment

    environment = Environment.open(home, capacity=capacity)
    try:
        yield environment
    finally:
        environment.close()


def acting_person(named: str | None) -> str:
    """Who acts: the one named, else the operator, who holds the home."""
    from tre.environment import OPERATOR

    return OPERATOR if named is None else named
