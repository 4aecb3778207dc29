"""What the gateway asks of an enclave process, and how it is written on the pipe.

Only public facts and keys to published files travel in; only noised integers,
preceded by their shape, travel out. Nothing is unpickled on either side.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from math import prod
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from privacy.catalogue import Domain, Type, Value
from privacy.emerge import LONGEST, at_most, filled, in_order, is_key, presence
from privacy.grid import Grid
from privacy.mechanism import Best, Kind, Mechanism, Selection, Threshold
from privacy.noise import Pick
from privacy.ranks import Target
from privacy.selection import Selector, Stage
from privacy.table import Emerged, NoisedTable

LONGEST_JOB: Final = 64 * 2**20
"""Bytes; a longer frame is a fault of ours and is refused by both sides."""

MOST_KEY_BYTES: Final = 8 * LONGEST
"""What the longest text takes as JSON, and brackets."""

_LENGTH: Final = struct.Struct("<q")
_SHAPE: Final = struct.Struct("<qqq")
MARK_BYTES: Final = 16
"""A job is sent behind so many bytes, and its reply, and no other, begins with them."""

FAILED: Final = b""
"""The one reply to whatever went wrong inside."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A published file, the name its tables go by in the job's SQL, and its key."""

    alias: str
    path: str
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Keyed:
    """How keys come out that are not public.

    `sql` selects them as k0 … and the people n of each combination, of which `fewest`
    are needed at least. At most `most_cells` cells are answered.
    """

    sql: str
    threshold: Threshold
    fewest: int
    most_cells: int


@dataclass(frozen=True, slots=True)
class Job:
    """One compiled question: what to read, into which cells, and which noise to add.

    `sql` selects the keys in order and then one column a mechanism. `keys` lists
    the public values of each key; cells are their product, the last key fastest,
    NULL last where nullable. `draws` repeats the noise, not the reading. `once` lets
    go of the files afterwards: of a version that may never be in force. `tallies`
    are statements that count the rows of each cell by bucket, from which `picks` are
    made. Keys that are not public have no values, and come out as `keyed` says.
    """

    attachments: tuple[Attachment, ...]
    sql: str
    keys: tuple[Domain, ...]
    mechanisms: tuple[Mechanism, ...]
    draws: int = 1
    once: bool = False
    tallies: tuple[str, ...] = ()
    picks: tuple[Pick, ...] = ()
    keyed: Keyed | None = None

    @property
    def cells(self) -> int:
        """How many cells the answer has, by its public keys."""
        listed = (key for key in self.keys if key.values is not None)
        return prod(len(key.values or ()) + key.nullable for key in listed)

    @property
    def reply_bytes(self) -> int:
        """The length of a successful reply; the most it may have where keys come out.

        Beside the figures of each cell there are then the keys, and where they are.
        """
        figures = 8 * self.columns * self.draws
        if self.keyed is None:
            return _SHAPE.size + figures * self.cells
        keys = len(self.keys) * MOST_KEY_BYTES + self.draws
        return 2 * _SHAPE.size + (figures + keys) * self.keyed.most_cells

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
                [m.kind.value, m.scale, m.l1, m.l2_squared, m.whole]
                for m in job.mechanisms
            ],
            "draws": job.draws,
            "once": job.once,
            "tallies": job.tallies,
            "picks": [_pick_out(each) for each in job.picks],
            "keyed": None if job.keyed is None else _keyed_out(job.keyed),
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
            Mechanism(Kind(kind), scale, l1, l2_squared, whole)
            for kind, scale, l1, l2_squared, whole in said["mechanisms"]
        ),
        draws=said["draws"],
        once=said["once"],
        tallies=tuple(said["tallies"]),
        picks=tuple(_pick_in(each) for each in said["picks"]),
        keyed=None if said["keyed"] is None else _keyed_in(said["keyed"]),
    )


def encode_noised(table: NoisedTable, *, draws: int, cells: int) -> bytes:
    """Write noised values: their shape, then little-endian 64-bit integers."""
    columns = (*table.values, *table.picked)
    shape = _SHAPE.pack(len(columns), draws, cells)
    return shape + b"".join(each.astype("<i8").tobytes() for each in columns)


def encode_emerged(emerged: Emerged, figures: bytes) -> bytes:
    """Write the keys that came out and in which draws, before their figures."""
    plain = [
        [str(each) if isinstance(each, date) else each for each in combination]
        for combination in emerged.combinations
    ]
    keys = json.dumps(plain).encode()
    present = emerged.present.astype(np.uint8).tobytes()
    return _LENGTH.pack(len(keys)) + keys + present + figures


def decode_noised(payload: bytes, job: Job) -> NoisedTable | None:
    """Read noised values, or None where they are not exactly what the job asked for."""
    if job.keyed is not None:
        return _decode_keyed(payload, job)
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


def _decode_keyed(payload: bytes, job: Job) -> NoisedTable | None:
    """Keys of the right types, each combination once and in order, and their figures.

    The figures of a cell that did not come out are 0.
    """
    emerged, figures = _decode_emerged(payload, job)
    if emerged is None:
        return None
    settled = replace(job, keys=filled(job.keys, emerged), keyed=None)
    if settled.cells == 0:
        nothing = tuple(
            np.zeros((job.draws, 0), dtype=np.int64) for _ in range(job.columns)
        )
        values = len(job.mechanisms)
        empty = NoisedTable(nothing[:values], nothing[values:], emerged)
        return None if figures else empty
    noised = decode_noised(figures, settled)
    if noised is None:
        return None
    absent = ~presence(job.keys, settled.keys, emerged)
    if any(np.any(each[absent]) for each in (*noised.values, *noised.picked)):
        return None
    return replace(noised, emerged=emerged)


def _decode_emerged(payload: bytes, job: Job) -> tuple[Emerged | None, bytes]:
    (length,) = _LENGTH.unpack_from(payload)
    if job.keyed is None or not 0 <= length <= len(payload) - _LENGTH.size:
        return None, b""
    end = _LENGTH.size + length
    domains = [each for each in job.keys if each.values is None]
    said = json.loads(payload[_LENGTH.size : end])
    shown = tuple(
        tuple(
            None if value is None else _value_in(domain.type, value)
            for value, domain in zip(combination, domains, strict=True)
        )
        for combination in said
    )
    wrong = any(
        not is_key(value, domain)
        for combination in shown
        for value, domain in zip(combination, domains, strict=True)
    )
    bits = np.frombuffer(payload, np.uint8, job.draws * len(shown), end)
    emerged = Emerged(shown, (bits == 1).reshape(job.draws, len(shown)))
    fits = at_most(emerged, job.keyed.most_cells, job.cells).combinations == shown
    if wrong or not fits or not in_order(emerged):
        return None, b""
    return emerged, payload[end + bits.size :]


def _keyed_out(keyed: Keyed) -> list[Any]:
    threshold = keyed.threshold
    said = [threshold.scale, threshold.least, threshold.keys]
    return [keyed.sql, said, keyed.fewest, keyed.most_cells]


def _keyed_in(said: Any) -> Keyed:  # noqa: ANN401 (as JSON has it)
    sql, threshold, fewest, most_cells = said
    return Keyed(sql, Threshold(*threshold), fewest, most_cells)


def _pick_out(pick: Pick) -> list[Any]:
    grid, target = pick.selector.grid, pick.selector.target
    return [
        pick.tally,
        [grid.lower, grid.upper, grid.step, grid.starts],
        [target.above, target.below, target.inwards],
        [
            [made.best.value, made.scale, made.moved, made.monotone, each.shift]
            for each in pick.selector.stages
            for made in (each.selection,)
        ],
    ]


def _pick_in(said: Any) -> Pick:  # noqa: ANN401 (as JSON has it)
    tally, (lower, upper, step, starts), target, stages = said
    return Pick(
        tally,
        Selector(
            Grid(lower, upper, step, tuple(starts)),
            Target(*target),
            tuple(
                Stage(Selection(Best(best), scale, moved, monotone), shift)
                for best, scale, moved, monotone, shift in stages
            ),
        ),
    )


def _domain_out(domain: Domain) -> dict[str, Any]:
    return {
        "type": domain.type.value,
        "scale": domain.scale,
        "nullable": domain.nullable,
        "values": None
        if domain.values is None
        else [_value_out(value) for value in domain.values],
    }


def _value_out(value: Value) -> int | str:
    return value.isoformat() if isinstance(value, date) else value


def _domain_in(said: Mapping[str, Any]) -> Domain:
    kind = Type(said["type"])
    values = None
    if said["values"] is not None:
        values = tuple(_value_in(kind, value) for value in said["values"])
    return Domain(kind, said["scale"], nullable=said["nullable"], values=values)


def _value_in(kind: Type, value: int | str) -> Value:
    if kind is Type.DATE:
        return date.fromisoformat(str(value))
    if kind is Type.DATETIME:
        return datetime.fromisoformat(str(value))
    return value
