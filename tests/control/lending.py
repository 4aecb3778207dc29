"""Enclave processes that outlive those who ask them: started once, and lent.

To start one takes most of what a question takes. One that has nothing to do when its
gateway is killed is as good as new, and serves the next gateway.
"""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable
from pathlib import Path

from privacy.table import NoisedTable
from tre.clock import RunningClock
from tre.enclave.job import Job
from tre.enclave.patience import Patience, ready
from tre.enclave.supervisor import Enclave
from tre.enclave.worker import Worker
from tre.home import Layout

TAKEN, GIVEN = "taken", "given"
"""What a borrower says around each job."""


class Lent(Worker):
    """An enclave process of whoever forked us: it says when it is at work."""

    def __init__(self, worker: Worker, tell: Callable[[str], None]) -> None:
        vars(self).update(vars(worker))
        self._tell = tell

    def usable(self) -> bool:
        """Whether nothing is left in its pipe, which has not ended either."""
        return not ready(self._replies, select.POLLIN)

    def exchange(self, job: Job, patience: Patience) -> NoisedTable | None:
        """Run one job."""
        self._tell(TAKEN)
        answer = super().exchange(job, patience)
        self._tell(GIVEN)
        return answer

    def end(self) -> None:
        """Kill it; whoever started it clears up."""
        os.kill(self.pid, signal.SIGKILL)


class Lender:
    """Has one enclave process ready for a question, and another one after that."""

    def __init__(self, home: Path) -> None:
        self._layout = Layout(home)
        self._workers = [self._started(), self._started()]

    def first(self) -> Worker:
        """One that is ready."""
        moment = time.monotonic() + 60
        assert self._workers[0].granted(Patience(RunningClock(), moment)) is not None
        return self._workers[0]

    def take_back(self, *, sound: bool) -> None:
        """Have another one, if this one was at work when its question was killed."""
        if not sound or not self._workers[0].usable():
            self._workers.pop(0).end()
            self._workers.append(self._started())

    def end(self) -> None:
        """End them."""
        for worker in self._workers:
            worker.end()

    def _started(self) -> Worker:
        return Worker(self._layout.published, self._layout.scratch, memory_mib=512)


def borrow(worker: Worker, tell: Callable[[str], None]) -> None:
    """Have the first enclave process of an environment be this one."""
    spawn = Enclave._spawn

    def first(self: Enclave) -> Worker:  # noqa: ARG001 - as the method's
        Enclave._spawn = spawn  # type: ignore[method-assign] # the next is its own
        return Lent(worker, tell)

    Enclave._spawn = first  # type: ignore[method-assign] # there is no other way in
