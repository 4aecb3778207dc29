"""A pool of enclave processes: handed out by the seat, replaced when they misbehave."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from privacy.errors import Failed
from privacy.table import NoisedTable
from tre.capacity import ONE, Capacity
from tre.clock import Clock, RunningClock
from tre.enclave.confinement import LAYERS, Unavailable
from tre.enclave.job import Job
from tre.enclave.patience import Patience
from tre.enclave.turns import Turns
from tre.enclave.worker import PROGRAM, Worker

_TRIES: Final = 3
"""Processes that may fail to start before a question is turned away."""


class Seat:
    """One process for one question, held until its time slot is over."""

    def __init__(self, worker: Worker, clock: Clock, longest: float) -> None:
        self._worker = worker
        self._clock = clock
        self._longest = longest
        self.sound = True
        """Whether the process is fit for another question."""

    def answer(self, job: Job, *, slot: float | None = None) -> NoisedTable:
        """Run one job, as `answers` does."""
        return self.answers((job,), slot=slot)[0]

    def answers(
        self, jobs: Sequence[Job], *, slot: float | None = None
    ) -> tuple[NoisedTable, ...]:
        """Run jobs one after the other; raises `Failed` and nothing else.

        With a `slot`, in seconds, it comes back when that time is over, however it
        ends and however soon: what has not answered by then has failed. Without one
        it comes back as soon as it can, at the deadline at the latest.
        """
        begun = self._clock.now()
        until = begun + min(self._longest, self._longest if slot is None else slot)
        patience = Patience(self._clock, until)
        noised: list[NoisedTable | None] = []
        self.sound = False  # interrupted too: a late reply would answer the next job
        with suppress(Exception):
            for job in jobs:
                noised.append(self._worker.exchange(job, patience))
                if noised[-1] is None:
                    break
        tables = tuple(each for each in noised if each is not None)
        self.sound = len(tables) == len(jobs)
        if slot is not None:
            self._clock.wait_until(until)
        if not self.sound:
            raise Failed
        return tables


class Enclave:
    """The processes that alone open the published files. Safe across threads.

    `published` is the folder of published files; in `scratch` each process has a
    folder of its own for spilling, wiped when it ends, or by the next one where we
    were killed first. A process serves one question at a time. One that fails, hangs
    past its time, takes more memory than it may or is killed gives the same `Failed`,
    and the next question meets another. `accepted` says which layers of confinement
    the operator does without; it is asked only where one is missing.
    """

    def __init__(
        self,
        published: Path,
        scratch: Path,
        capacity: Capacity = ONE,
        *,
        accepted: Callable[[], frozenset[str]] = frozenset,
        clock: Clock | None = None,
        program: Sequence[str] = PROGRAM,
    ) -> None:
        self.capacity = capacity
        self._published = published
        self._scratch = scratch
        self._accepted = accepted
        self._program = program
        self._clock = clock or RunningClock()
        self._turns = Turns(capacity.workers)
        self._lock = threading.Lock()
        self._idle: list[Worker] = []
        self._busy: list[Worker] = []
        self._closed = False

    def start(self) -> None:
        """Start every process, without waiting for any to be ready."""
        with self._lock:
            self._closed = False
            self._fill()

    @contextmanager
    def seat(self) -> Iterator[Seat]:
        """A ready and confined process, for as long as the block lasts.

        Whoever waits longest is next. Raises `Unavailable`, with nothing read, where
        there is none.
        """
        if not self._turns.take(self.capacity.patience_seconds):
            raise Unavailable
        try:
            worker = self._ready()
            seat = Seat(worker, self._clock, self.capacity.deadline_seconds)
            try:
                yield seat
            finally:
                self._give_back(worker, sound=seat.sound)
        finally:
            self._turns.give_back()

    def answer(self, job: Job, *, slot: float | None = None) -> NoisedTable:
        """Run one job in a seat of its own."""
        with self.seat() as seat:
            return seat.answer(job, slot=slot)

    def granted(self) -> frozenset[str]:
        """The layers that the kernel grants. `Unavailable` where nothing starts."""
        worker = self._take()
        granted = worker.granted(self._starting())
        self._give_back(worker, sound=granted is not None)
        if granted is None:
            raise Unavailable
        return granted

    def await_all(self) -> None:
        """Wait until every process is ready, or has shown that it will not be.

        While some still start, they take the processors from questions to others.
        """
        most = self.capacity.workers + self.capacity.spares
        patience = self._starting()
        starting = [self._take() for _ in range(most)]
        for worker in starting:
            granted = worker.granted(patience)
            self._give_back(worker, sound=granted is not None)

    def stands_ready(self) -> bool:
        """Whether a confined process could be handed out at once, or is at a question.

        It waits for none; one that ended meanwhile, or greeted wrongly, is replaced.
        """
        with self._lock:
            gone = [each for each in self._idle if not self._promising(each)]
            self._idle = [each for each in self._idle if each not in gone]
            for each in gone:
                each.end()
            if not self._closed:
                self._fill()
            heard = {each.heard for each in (*self._idle, *self._busy)}
        return any(self._suffices(each) for each in heard)

    def _promising(self, worker: Worker) -> bool:
        """Whether it runs, and has greeted well or not yet. Hears what it said.

        A greeting is written at once, and shorter than what a pipe takes whole: where
        it is there, all of it is, and nobody waits.
        """
        if not worker.usable():
            return False
        if worker.heard is not None or not worker.speaks():
            return True
        return worker.granted(Patience(self._clock, self._clock.now())) is not None

    def _suffices(self, granted: frozenset[str] | None) -> bool:
        """Whether a process with these layers may be given a question.

        It may have to ask the control database, so nobody holds the lock meanwhile.
        """
        if granted is None:
            return False
        try:
            self._require(granted)
        except Unavailable:
            return False
        return True

    def close(self) -> None:
        """End every process and wipe their scratch."""
        with self._lock:
            self._closed = True
            while self._idle:
                self._idle.pop().end()

    def _ready(self) -> Worker:
        for _ in range(_TRIES):
            worker = self._take()
            granted = None
            try:
                granted = worker.granted(self._starting())
                self._require(granted)
            except BaseException:
                self._give_back(worker, sound=granted is not None)
                raise
            if granted is not None:
                return worker
            self._give_back(worker, sound=False)
        raise Unavailable

    def _require(self, granted: frozenset[str] | None) -> None:
        missing = frozenset(LAYERS) - granted if granted is not None else frozenset()
        if missing and (refused := missing - self._accepted()):
            raise Unavailable(refused)

    def _starting(self) -> Patience:
        patience = self.capacity.patience_seconds
        return Patience(self._clock, self._clock.now() + patience)

    def _take(self) -> Worker:
        """A process that runs: the one that answered last, whose caches are warm."""
        with self._lock:
            while self._idle:
                worker = self._idle.pop()
                if worker.usable():
                    break
                worker.end()
            else:
                worker = self._spawn()
            self._busy.append(worker)
        return worker

    def _give_back(self, worker: Worker, *, sound: bool) -> None:
        if not sound:
            worker.end()
        with self._lock:
            self._busy.remove(worker)
            if self._closed and sound:
                worker.end()
            elif sound:
                self._idle.append(worker)
            elif not self._closed:
                self._fill()

    def _fill(self) -> None:
        most = self.capacity.workers + self.capacity.spares
        while len(self._idle) + len(self._busy) < most:
            self._idle.insert(0, self._spawn())

    def _spawn(self) -> Worker:
        memory_mib = self.capacity.memory_mib
        return Worker(
            self._published,
            self._scratch,
            memory_mib=memory_mib,
            program=self._program,
        )
