"""Have the work of an evaluation done by several processes, with progress."""

from __future__ import annotations

import faulthandler
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread
from typing import Final, TypeVar

import pyarrow as pa

from connectors.errors import Invalid
from tre.enclave.scratch import Scratch
from tre.evaluation.cell import Cell, Family, Method, cells, key_of
from tre.evaluation.data import Data
from tre.evaluation.plan import UNPROTECTED
from tre.evaluation.site import Site, truth_key
from tre.evaluation.work import Job, Life, by_question, do, live_once
from tre.evaluation.workload import ASKED

_LOOK_SECONDS: Final = 0.5

Work = TypeVar("Work")
Told = Callable[[str, int, int], None]
"""Called with a stage, how much of it is done, and of how much."""


def work_off(site: Site, data: Data, workers: int, told: Told) -> None:
    """Do what is not done yet, in at most `workers` processes at a time.

    What was done before stays; whatever ends this early leaves whole outcomes only.
    Raises what a job raises, once the others have ended.
    """
    fingerprint, answers = data.fingerprint, site.answers
    every = {cell: key_of(cell, site.plan, fingerprint) for cell in _every(site)}
    left = [cell for cell, key in every.items() if not answers.has(key)]
    jobs = _jobs(site, data, left, workers)

    def look() -> None:
        told("questions", sum(map(answers.has, every.values())), len(every))

    in_processes(do, jobs, workers, look, site.folder)


def in_processes(
    do: Callable[[Work], None],
    jobs: Sequence[Work],
    workers: int,
    look: Callable[[], None],
    folder: Path,
) -> None:
    """Have every job done, in so many processes of their own; `look` every so often.

    What they write on the way, rows among it, is under `folder` and gone when they
    end; where they are killed, when the next begin. Raises what a job raises, once the
    others under way have ended; Invalid where a process is killed.
    """
    with (
        _scratch(folder / "scratch") as scratch,
        ProcessPoolExecutor(workers, get_context("spawn"), _begin, (scratch,)) as pool,
    ):
        waiting = {pool.submit(do, job) for job in jobs}
        try:
            while waiting:
                ended, waiting = wait(waiting, timeout=_LOOK_SECONDS)
                _raise(ended)
                look()
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def live(site: Site, data: Data, workers: int, told: Told) -> pa.Table:
    """What became of each habit of the plan's workload, as ASKED has it."""
    workload = site.plan.workload
    if workload is None:
        return ASKED.empty_table()
    exact = {
        asking.name: site.truths.read(key).figures
        for asking in site.plan.questions
        if site.truths.has(key := truth_key(asking, data.fingerprint))
    }
    lives = [Life(site, data, habit, exact) for habit in workload.habits]
    left = [life for life in lives if not life.lived]

    def look() -> None:
        told("workload", sum(life.lived for life in lives), len(lives))

    in_processes(live_once, left, workers, look, site.folder)
    return pa.concat_tables([life.read() for life in lives])


def _every(site: Site) -> tuple[Cell, ...]:
    """All cells of the plan, and the exact answers, which all is held against."""
    exact = tuple(
        Cell(Method(Family.RULES, UNPROTECTED), asking, None, 1)
        for asking in site.plan.questions
    )
    return tuple(dict.fromkeys([*exact, *cells(site.plan)]))


def _jobs(site: Site, data: Data, left: Sequence[Cell], workers: int) -> list[Job]:
    """The exact answers first; each policy's questions are dealt out to processes.

    A peer is one job: its program is slow to start, and has processes of its own.
    """
    fingerprint = data.fingerprint
    ruled = tuple(cell for cell in left if cell.method.family is Family.RULES)
    jobs = [
        Job(site, data, fingerprint, method, hand)
        for method in dict.fromkeys(cell.method for cell in left)
        if method.family is not Family.RULES
        for hand in _dealt(
            [cell for cell in left if cell.method == method],
            workers if method.family is Family.GATEWAY else 1,
        )
    ]
    if ruled:
        jobs.insert(0, Job(site, data, fingerprint, ruled[0].method, ruled))
    return jobs


def _dealt(own: Sequence[Cell], workers: int) -> list[tuple[Cell, ...]]:
    """Whole questions, dealt out evenly; hands without any are left out."""
    questions = [*by_question(own).values()]
    hands = [questions[at::workers] for at in range(workers)]
    return [tuple(cell for each in hand for cell in each) for hand in hands if hand]


@contextmanager
def _scratch(parent: Path) -> Iterator[Path]:
    made = Scratch.make(parent)
    try:
        yield made.folder
    finally:
        made.wipe()


def _begin(scratch: Path) -> None:
    """Have a worker write to a folder, and end when who started it does.

    Killed, they cannot say so. Where a library crashes, it says where.
    """
    tempfile.tempdir = str(scratch)
    faulthandler.enable()
    parent = parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os._exit(1)

    Thread(target=watch, daemon=True).start()


def _raise(ended: set[Future[None]]) -> None:
    for future in ended:
        try:
            future.result()
        except BrokenProcessPool:
            raise Invalid(
                "--workers",
                "a process ended while it worked: killed, as by a system that is short"
                " of memory, or its program was changed meanwhile; what was done is"
                " kept, and the same command goes on",
            ) from None
