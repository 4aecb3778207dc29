"""Who waits longest is next: a semaphore that nobody overtakes at."""

from __future__ import annotations

import threading
from collections import deque


class Turns:
    """So many at a time, in the order in which they asked. Thread-safe.

    `threading.Semaphore` lets whoever comes just as one is given back go before those
    who wait, some of whom then wait for as long as it is busy.
    """

    def __init__(self, most: int) -> None:
        self._free = most
        self._lock = threading.Lock()
        self._waiting: deque[threading.Event] = deque()

    def take(self, seconds: float) -> bool:
        """Wait for a turn for so long; whether it came."""
        with self._lock:
            if self._free:
                self._free -= 1
                return True
            mine = threading.Event()
            self._waiting.append(mine)
        try:
            mine.wait(seconds)
        except BaseException:  # interrupted: a turn that came all the same is handed on
            if self._left(mine):
                self.give_back()
            raise
        return self._left(mine)

    def give_back(self) -> None:
        """Hand a turn on to who waits longest."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._free += 1

    def _left(self, mine: threading.Event) -> bool:
        """Wait no longer; whether the turn has come."""
        with self._lock:
            if not mine.is_set():
                self._waiting.remove(mine)
        return mine.is_set()
