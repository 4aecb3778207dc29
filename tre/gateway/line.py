"""Questions stand in line: so many are worked on, in the order in which they came.

Who waits here has no thread, no process that reads data, and no charge. So a question
that came in is not slowed by those behind it, and those for whom there is no room are
turned away, at no cost, while it is still early.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from threading import Lock
from typing import Final, TypeVar

from tre.gateway.problems import Problem

LONGEST: Final = 256
"""Questions in line, those that are worked on counted in."""

PATIENCE_SECONDS: Final = 60.0
"""How long one waits for its work to begin before it is turned away."""

T = TypeVar("T")


class Line:
    """`at_a_time` pieces of work run, at most `longest` are in line. Thread-safe."""

    def __init__(
        self,
        at_a_time: int,
        *,
        longest: int = LONGEST,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._pool = ThreadPoolExecutor(at_a_time, thread_name_prefix="question")
        self._longest = longest
        self._patience_seconds = patience_seconds
        self._lock = Lock()
        self._inside = 0

    def join(self, work: Callable[[], T]) -> Future[T]:
        """Stand at the end of the line; `Problem` 429 where it is too long."""
        with self._lock:
            if self._inside >= self._longest:
                raise busy()
            self._inside += 1
        try:
            place = self._pool.submit(copy_context().run, work)
        except RuntimeError:  # the server is stopping
            self._leave()
            raise busy() from None
        place.add_done_callback(lambda _: self._leave())
        return place

    async def through(self, work: Callable[[], T]) -> T:
        """What the work returns or raises, once it was its turn.

        `Problem` 429 where the line is too long, or its turn does not come in time;
        the work has not begun then, and does not begin.
        """
        place = self.join(work)
        if not await ended(place, self._patience_seconds) and place.cancel():
            raise busy()
        await ended(place)
        return outcome(place)

    def close(self) -> None:
        """Let what has begun come to its end, and begin nothing more."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _leave(self) -> None:
        with self._lock:
            self._inside -= 1


async def ended(work: Future[T], seconds: float | None = None) -> bool:
    """Wait for work to end, for so long at most; whether it has.

    It is not wrapped into a future of asyncio's, which would log what it raised, with
    its text, where nobody waits for it any more.
    """
    loop, end = asyncio.get_running_loop(), asyncio.Event()

    def tell(_: Future[T]) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits
            loop.call_soon_threadsafe(end.set)

    work.add_done_callback(tell)
    with suppress(TimeoutError):
        await asyncio.wait_for(end.wait(), seconds)
    return work.done()


def outcome(work: Future[T]) -> T:
    """What work that has ended returned or raised; 429 where it never began."""
    try:
        return work.result()
    except CancelledError:  # the server is stopping
        raise busy() from None


def busy() -> Problem:
    """What those hear for whom there is no room."""
    return Problem(429, "busy", "Too many questions are under way; try again soon.")
