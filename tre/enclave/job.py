"""What the gateway asks of an enclave process, and how it is written on the pipe.

Only public facts and keys to published files travel in; only noised integers,
preceded by their shape, travel out. Nothing is unpickled on either side.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from privacy.catalogue import Domain, Type, Value
from privacy.mechanism import Best, Kind, Mechanism, Selection
from privacy.noise import Pick
from privacy.ranks import Grid, Target
from privacy.selection import Selector, Stage
from privacy.table import NoisedTable

LONGEST_JOB: Final = 64 * 2**20
"""Bytes; a longer frame is a fault of ours and is refused by both sides."""

_LENGTH: Final = struct.Struct("<q")
_SHAPE: Final = struct.Struct("<qqq")
FAILED: Final = b""
"""The one reply to whatever went wrong inside."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A published file, the name its tables go by in the job's SQL, and its key."""

    alias: str
    path: str
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Job:
    """One compiled question: what to read, into which cells, and which noise to add.

    `sql` selects the keys in order and then one column a mechanism. `keys` lists
    the public values of each key; cells are their product, the last key fastest,
    NULL last where nullable. `draws` repeats the noise, not the reading. `once` lets
    go of the files afterwards: of a version that may never be in force. `tallies`
    are statements that count the rows of each cell by bucket, from which `picks` are
    made.
    """

    attachments: tuple[Attachment, ...]
    sql: str
    keys: tuple[Domain, ...]
    mechanisms: tuple[Mechanism, ...]
    draws: int = 1
    once: bool = False
    tallies: tuple[str, ...] = ()
    picks: tuple[Pick, ...] = ()

    @property
    def cells(self) -> int:
        """How many cells the answer has."""
        sizes = (len(key.values or ()) + key.nullable for key in self.keys)
        return int(np.prod([*sizes], dtype=np.int64)) if self.keys else 1

    @property
    def reply_bytes(self) -> int:
        """The only length a successful reply may have."""
        return _SHAPE.size + 8 * self.columns * self.draws * self.cells

    @property
    def columns(self) -> int:
        """How many numbers each cell of each draw comes to."""
        return len(self.mechanisms) + len(self.picks)


class Writable(Protocol):
    """What a frame can be written to."""

    def write(self, data: memoryview, /) -> int:
        """Write these bytes or the first of them; says how many."""
        ...

    def flush(self) -> None:
        """Hold nothing back."""
        ...


def send(pipe: Writable, payload: bytes) -> None:
    """Write one frame; raises OSError where the other side is gone."""
    frame = memoryview(_LENGTH.pack(len(payload)) + payload)
    while frame:
        frame = frame[pipe.write(frame) :]
    pipe.flush()


class Readable(Protocol):
    """What a frame can be read from."""

    def read(self, size: int, /) -> bytes:
        """So many bytes, fewer where there are no more."""
        ...


def receive(pipe: Readable, *, at_most: int) -> bytes | None:
    """Read one frame, or None at the end of the stream or for a frame too long."""
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    if not 0 <= length <= at_most:
        return None
    payload = pipe.read(length)
    return payload if len(payload) == length else None


def encode_job(job: Job) -> bytes:
    """Write a job as JSON."""
    return json.dumps(
        {
            "attachments": [[a.alias, a.path, a.key] for a in job.attachments],
            "sql": job.sql,
            "keys": [_domain_out(key) for key in job.keys],
            "mechanisms": [
                [m.kind.value, m.scale, m.l1, m.l2_squared] for m in job.mechanisms
            ],
            "draws": job.draws,
            "once": job.once,
            "tallies": job.tallies,
            "picks": [_pick_out(each) for each in job.picks],
        }
    ).encode()


def decode_job(payload: bytes) -> Job:
    """Read a job written by `encode_job`."""
    said: Mapping[str, Any] = json.loads(payload)
    return Job(
        attachments=tuple(Attachment(*each) for each in said["attachments"]),
        sql=said["sql"],
        keys=tuple(_domain_in(each) for each in said["keys"]),
        mechanisms=tuple(
            Mechanism(Kind(kind), scale, l1, l2_squared)
            for kind, scale, l1, l2_squared in said["mechanisms"]
        ),
        draws=said["draws"],
        once=said["once"],
        tallies=tuple(said["tallies"]),
        picks=tuple(_pick_in(each) for each in said["picks"]),
    )


def encode_noised(table: NoisedTable, *, draws: int, cells: int) -> bytes:
    """Write noised values: their shape, then little-endian 64-bit integers."""
    columns = (*table.values, *table.picked)
    shape = _SHAPE.pack(len(columns), draws, cells)
    return shape + b"".join(each.astype("<i8").tobytes() for each in columns)


def decode_noised(payload: bytes, job: Job) -> NoisedTable | None:
    """Read noised values, or None where they are not exactly of the job's shape."""
    if len(payload) != job.reply_bytes:
        return None
    expected = (job.columns, job.draws, job.cells)
    if _SHAPE.unpack_from(payload) != expected:
        return None
    values = np.frombuffer(payload, dtype="<i8", offset=_SHAPE.size)
    tables: NDArray[np.int64] = values.reshape(expected).astype(np.int64)
    picked = tables[len(job.mechanisms) :]
    for pick, buckets in zip(job.picks, picked, strict=True):
        if np.any((buckets < 0) | (buckets >= pick.selector.grid.buckets)):
            return None
    return NoisedTable(tuple(tables[: len(job.mechanisms)]), tuple(picked))


def _pick_out(pick: Pick) -> list[Any]:
    grid, target = pick.selector.grid, pick.selector.target
    return [
        pick.tally,
        [grid.lower, grid.upper, grid.step, grid.block],
        [target.above, target.below, target.inwards],
        [
            [made.best.value, made.scale, made.moved, each.shift]
            for each in pick.selector.stages
            for made in (each.selection,)
        ],
    ]


def _pick_in(said: Any) -> Pick:  # noqa: ANN401 (as JSON has it)
    tally, grid, target, stages = said
    return Pick(
        tally,
        Selector(
            Grid(*grid),
            Target(*target),
            tuple(
                Stage(Selection(Best(best), scale, moved), shift)
                for best, scale, moved, shift in stages
            ),
        ),
    )


def _domain_out(domain: Domain) -> dict[str, Any]:
    return {
        "type": domain.type.value,
        "scale": domain.scale,
        "nullable": domain.nullable,
        "values": [_value_out(value) for value in domain.values or ()],
    }


def _value_out(value: Value) -> int | str:
    return value.isoformat() if isinstance(value, date) else value


def _domain_in(said: Mapping[str, Any]) -> Domain:
    kind = Type(said["type"])
    values = tuple(_value_in(kind, value) for value in said["values"])
    return Domain(kind, said["scale"], nullable=said["nullable"], values=values)


def _value_in(kind: Type, value: int | str) -> Value:
    if kind is Type.DATE:
        return date.fromisoformat(str(value))
    if kind is Type.DATETIME:
        return datetime.fromisoformat(str(value))
    return value
