"""Questions whose reader went away to poll: `Prefer: wait=N` (RFC 7240)."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from secrets import token_urlsafe
from threading import Lock
from typing import Final

from privacy.errors import Refused
from tre.gateway.line import LONGEST, Line, busy, ended, outcome
from tre.release import Release

LONGEST_WAIT: Final = 60


@dataclass(frozen=True, slots=True)
class Ticket:
    """A question under way, and whose it is."""

    person: str
    project: str
    answer: Future[Release]


class Pending:
    """At most `most` questions that run beyond their request. Thread-safe.

    They are forgotten when the server stops: their releases are not, and an
    `Idempotency-Key` finds them again.
    """

    def __init__(self, line: Line, *, most: int = LONGEST) -> None:
        self._line = line
        self._most = most
        self._tickets: dict[str, Ticket] = {}
        self._lock = Lock()

    def start(self, ask: Callable[[], Release], *, person: str, project: str) -> str:
        """Begin a question and return its ticket; `Problem` 429 when all are busy."""
        with self._lock:
            self._make_room()
            ticket = token_urlsafe(12)
            answer = self._line.join(ask)
            self._tickets[ticket] = Ticket(person, project, answer)
        return ticket

    async def wait(
        self, ticket: str, seconds: float, *, person: str, project: str
    ) -> Release | None:
        """The release, or None when it is not there after `seconds`.

        Raises what the question raised; `Refused` for a ticket that is not there
        or belongs to somebody else, which is not told apart.
        """
        held = self._tickets.get(ticket)
        if held is None or (held.person, held.project) != (person, project):
            raise Refused(
                "unknown_question", "No question of yours is under way there."
            )
        there = await ended(held.answer, seconds)
        return outcome(held.answer) if there else None

    def _make_room(self) -> None:
        """Forget the oldest answered question when there are too many."""
        if len(self._tickets) < self._most:
            return
        done = (name for name, held in self._tickets.items() if held.answer.done())
        oldest = next(done, None)
        if oldest is None:
            raise busy()
        del self._tickets[oldest]


def wait_preferred(prefer: str | None) -> float | None:
    """The seconds a reader is ready to wait, if it said so; at most `LONGEST_WAIT`.

    >>> wait_preferred("respond-async, wait=5")
    5.0
    >>> wait_preferred("return=minimal")
    """
    found = re.search(r"(?:^|[,;\s])wait\s*=\s*(\d{1,9})\b", prefer or "")
    return None if found is None else min(float(found[1]), LONGEST_WAIT)
