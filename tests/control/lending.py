"""Enclave processes that outlive those who ask them: forked once, and lent.

To start one takes most of what a question takes. One that has nothing to do when its
gateway is killed is as good as new, and serves the next gateway. One that had is
replaced by a fork of an interpreter that has imported what it needs, which then
confines itself like any other.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from privacy.table import NoisedTable
from tre.clock import RunningClock
from tre.enclave import engine, serve  # noqa: F401 - what a fork finds imported
from tre.enclave.child import main
from tre.enclave.job import Job
from tre.enclave.patience import Patience, ready
from tre.enclave.scratch import Scratch
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


class Process:
    """A fork of ours that runs the enclave's program, as far as a worker minds it."""

    def __init__(self, published: Path, scratch: Path) -> None:
        (jobs, ours), (theirs, replies) = os.pipe(), os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            with suppress(BaseException):  # its end tells
                _become_enclave(published, scratch, jobs, replies)
            os._exit(1)
        for end in (jobs, replies):
            os.close(end)
        os.set_blocking(ours, False)
        self.stdin, self.stdout = os.fdopen(ours, "wb", 0), os.fdopen(theirs, "rb", 0)
        self._ended = False

    def poll(self) -> int | None:
        """Whether it has ended; its status is of no interest."""
        if not self._ended:
            self._ended = os.waitpid(self.pid, os.WNOHANG) != (0, 0)
        return 0 if self._ended else None

    def kill(self) -> None:
        """End it."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> None:
        """Until it has ended."""
        if not self._ended:
            os.waitpid(self.pid, 0)
            self._ended = True


def _become_enclave(published: Path, scratch: Path, jobs: int, replies: int) -> None:
    """Be what `python -m tre.enclave.child` is: with two pipes, and nothing of ours."""
    os.setsid()
    os.dup2(jobs, 0)
    os.dup2(replies, 1)
    os.closerange(3, 4096)
    os.chdir(scratch)
    os.environ.clear()
    sys.argv = ["enclave", str(published), str(scratch), "512"]
    sys.stdin, sys.stdout = os.fdopen(0), os.fdopen(1, "w")
    main()


class Forked(Worker):
    """An enclave process that was forked off this one, where another is started."""

    def __init__(self, published: Path, scratch: Path) -> None:
        self._scratch = Scratch.make(scratch)
        folder = self._scratch.folder.resolve()
        self._process = Process(published.resolve(), folder)  # type: ignore[assignment] # as far as it is minded
        self._granted = None


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
        return Forked(self._layout.published, self._layout.scratch)


def borrow(worker: Worker, tell: Callable[[str], None]) -> None:
    """Have the first enclave process of an environment be this one."""
    spawn = Enclave._spawn

    def first(self: Enclave) -> Worker:  # noqa: ARG001 - as the method's
        Enclave._spawn = spawn  # type: ignore[method-assign] # the next is its own
        return Lent(worker, tell)

    Enclave._spawn = first  # type: ignore[method-assign] # there is no other way in
