"""A pipe that is waited for until a moment, and no longer."""

from __future__ import annotations

import os
import select
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO

from tre.clock import Clock


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait, on which clock."""

    clock: Clock
    until: float

    def seconds_left(self) -> float:
        """What is left of it; never below 0."""
        return max(0.0, self.until - self.clock.now())


@dataclass(frozen=True, slots=True)
class Patient:
    """A pipe, and how long it is waited for."""

    pipe: BinaryIO
    patience: Patience

    def read(self, size: int, /) -> bytes:
        """So many bytes; fewer where the pipe or the time ends first."""
        found = bytearray()
        while len(found) < size and self._ready(select.POLLIN):
            piece = os.read(self.pipe.fileno(), size - len(found))
            if not piece:
                break
            found += piece
        return bytes(found)

    def write(self, data: memoryview, /) -> int:
        """Write what the pipe has room for; TimeoutError where the time ends first.

        It does not ask first whether there is room: a thread that asks lets others go
        before it, and what a process is given late it answers late.
        """
        with suppress(BlockingIOError):
            return os.write(self.pipe.fileno(), data)
        if not self._ready(select.POLLOUT):
            raise TimeoutError
        return os.write(self.pipe.fileno(), data)

    def flush(self) -> None:
        """Nothing is held back."""

    def _ready(self, event: int) -> bool:
        return ready(self.pipe, event, self.patience.seconds_left())


def ready(pipe: BinaryIO, event: int, seconds: float = 0.0) -> bool:
    """Whether the event, or the pipe's end, comes within so many seconds."""
    poll = select.poll()
    poll.register(pipe, event)
    return bool(poll.poll(seconds * 1000))
