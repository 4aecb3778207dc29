"""The work of an evaluation, in jobs that processes of their own can do.

A job opens one laboratory and keeps every outcome as soon as it is there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, assert_never

import pyarrow as pa
import pyarrow.parquet as pq

from privacy.errors import Refused
from tre.evaluation.cell import Cell, Family, Method, key_of
from tre.evaluation.data import Data
from tre.evaluation.gateway import answers, opened
from tre.evaluation.outcome import Outcome, refused, write_table
from tre.evaluation.peers.beside import beside
from tre.evaluation.plan import Asking, Habit
from tre.evaluation.rules import published
from tre.evaluation.site import Site, truth_key
from tre.evaluation.truth import truth
from tre.evaluation.workload import lived
from tre.lab import Lab


@dataclass(frozen=True, slots=True)
class Job:
    """Cells of one method, to be answered one after another."""

    site: Site
    data: Data = field(repr=False)
    fingerprint: str
    method: Method
    cells: tuple[Cell, ...] = field(repr=False)


def do(job: Job) -> None:
    """Answer every cell of a job and keep the outcomes."""
    for cell, outcome in _outcomes(job):
        key = key_of(cell, job.site.plan, job.fingerprint)
        job.site.answers.write(key, outcome)


@dataclass(frozen=True, slots=True)
class Life:
    """One habit of a plan's workload, and the exact answers it is held against."""

    site: Site
    data: Data = field(repr=False)
    habit: Habit
    exact: Mapping[str, pa.Table] = field(repr=False)

    @property
    def lived(self) -> bool:
        """Whether it was lived before."""
        return self.file.is_file()

    def read(self) -> pa.Table:
        """What became of it."""
        return pq.read_table(self.file)

    @property
    def file(self) -> Path:
        """Where it is kept, named by all it depends on."""
        plan = self.site.plan
        facts = plan.model_dump_json(include=_LIVED_BY)
        text = f"{self.data.fingerprint} {facts} {self.habit.model_dump_json()}"
        name = hashlib.sha256(text.encode()).hexdigest()[:16]
        return self.site.folder / "workload" / f"{name}.parquet"


_LIVED_BY: Final = {"questions", "delta", "measure", "policies", "seed", "workload"}
"""What of a plan a life depends on."""


def live_once(life: Life) -> None:
    """Live one life and keep it."""
    write_table(life.file, lived(life.site.plan, life.habit, life.data, life.exact))


def _outcomes(job: Job) -> Iterator[tuple[Cell, Outcome]]:
    plan, data = job.site.plan, job.data
    match job.method.family:
        case Family.GATEWAY:
            yield from answers(plan, data, job.method.name, job.cells)
        case Family.PEER:
            with opened(plan, data, "none") as lab:
                yield from beside(job.site, job.method.name, lab, job.cells)
        case Family.ENCODINGS:
            return
        case Family.RULES:
            with opened(plan, data, "none") as lab:
                yield from _ruled(job, lab)
        case _ as never:
            assert_never(never)


def _ruled(job: Job, lab: Lab) -> Iterator[tuple[Cell, Outcome]]:
    """What rules make of exact answers; the exact answers are kept on the way."""
    for asking, cells in by_question(job.cells).items():
        try:
            known = truth(lab, asking)
        except Refused as refusal:
            yield from ((cell, refused(refusal.message)) for cell in cells)
            continue
        key = truth_key(asking, job.fingerprint)
        if not job.site.truths.has(key):
            job.site.truths.write(key, Outcome(known.table))
        for cell in cells:
            yield cell, Outcome(published(cell.method.name, known))


def by_question(cells: Sequence[Cell]) -> Mapping[Asking, tuple[Cell, ...]]:
    """Cells by question, in the plan's order."""
    questions = dict.fromkeys(cell.asking for cell in cells)
    return {
        asking: tuple(cell for cell in cells if cell.asking == asking)
        for asking in questions
    }
