"""Run a compiled question and lay its groups out over the public cells."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from privacy.catalogue import Domain, Type
from privacy.emerge import Counts
from privacy.table import ExactTable, Tally
from tre.enclave.job import Job

LARGEST: Final = 2**62
"""Sums are clamped to ±2⁶², which is 1-Lipschitz, so that they fit 64 bits."""

_ARROW: Final = {
    Type.NUMBER: pa.int64(),
    Type.TEXT: pa.string(),
    Type.BOOLEAN: pa.bool_(),
    Type.DATE: pa.date32(),
    Type.DATETIME: pa.timestamp("us"),
}


Read: TypeAlias = Callable[[str], pa.Table]
"""Runs one SELECT on an engine."""


def execute(job: Job, read: Read) -> ExactTable:
    """Compute the exact integer of every cell; a cell without rows is 0.

    Groups whose keys are not public values, of which publication leaves none, are
    dropped. Raises whatever the engine raises: the caller must let none of it out.
    """
    tallies = tuple(_tally(each, job, read) for each in job.tallies)
    if not job.mechanisms:
        return ExactTable((), tallies)
    groups = read(_saturating(job))
    cells = _cells(groups, job.keys)
    inside = cells >= 0
    values = []
    for position in range(len(job.mechanisms)):
        exact = np.zeros(job.cells, dtype=np.int64)
        column = groups.column(f"c{position}").to_numpy()
        exact[cells[inside]] = column[inside]
        values.append(exact)
    return ExactTable(tuple(values), tallies)


def key_counts(statement: str, read: Read) -> Counts:
    """How many people have each combination of keys that are not public."""
    groups = read(statement)
    names = [name for name in groups.column_names if name != "n"]
    columns = (groups.column(name).to_pylist() for name in names)
    people = groups.column("n").to_pylist()
    return dict(zip(zip(*columns, strict=True), people, strict=True))


def _tally(statement: str, job: Job, read: Read) -> Tally:
    """How many rows each bucket of each cell has; the job's keys as for its cells."""
    groups = read(statement)
    cells = _cells(groups, job.keys)
    inside = cells >= 0
    buckets, rows = (
        groups.column(name).to_numpy().astype(np.int64) for name in ("b", "n")
    )
    return Tally(cells[inside], buckets[inside], rows[inside])


def _saturating(job: Job) -> str:
    """The job's SQL with NULL, a sum of nothing, as 0: `greatest` would skip it."""
    keys = [f"k{position}" for position in range(len(job.keys))]
    columns = [
        f"CAST(least(greatest(coalesce(c{position}, 0), {-LARGEST}), {LARGEST})"
        f" AS BIGINT) AS c{position}"
        for position in range(len(job.mechanisms))
    ]
    return f"SELECT {', '.join(keys + columns)} FROM ({job.sql}) AS answer"


def _cells(groups: pa.Table, keys: tuple[Domain, ...]) -> NDArray[np.int64]:
    """The cell of each group, −1 where a key is not among its public values."""
    cells = np.zeros(groups.num_rows, dtype=np.int64)
    outside = np.zeros(groups.num_rows, dtype=bool)
    for position, domain in enumerate(keys):
        codes = _codes(groups.column(f"k{position}"), domain)
        outside |= codes < 0
        cells = cells * (len(domain.values or ()) + domain.nullable) + codes
    cells[outside] = -1
    return cells


def _codes(column: pa.ChunkedArray, domain: Domain) -> NDArray[np.int64]:
    """The place of each value in the domain's public order, −1 where it has none."""
    values = pa.array(domain.values or (), type=_ARROW[domain.type])
    plain = column.cast(values.type)
    codes: NDArray[np.int64] = (
        pc.fill_null(pc.index_in(plain, value_set=values), -1)
        .to_numpy()
        .astype(np.int64)
    )
    if domain.nullable:
        codes = np.where(plain.is_null().to_numpy(), len(values), codes)
    return codes
