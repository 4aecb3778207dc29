"""Encoded records: which of them are similar enough to be one person.

Every fresh encoding is compared with every other, a block at a time: encodings were
made so that nothing in them could be blocked on. That is a second for five thousand
times five thousand, and grows with the product.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from connectors.errors import Invalid
from tre.intake.bloom import LENGTH
from tre.intake.engine import Engine
from tre.intake.sql import number, relation, sql

RECORDS: Final = relation("linkage", "records")
PAIRS: Final = relation("linkage", "pairs")
KNOWN: Final = relation("spine", "record")

RANK: Final = 99
"""Weaker than any deterministic pass."""

BLOCK: Final = 2_048
"""Encodings compared at once: 16 MiB of coefficients."""

FRESH: Final = "SELECT record, encoded FROM :records WHERE encoded IS NOT NULL"
EARLIER: Final = "SELECT record, encoded FROM :known WHERE encoded IS NOT NULL"

ADD: Final = """
INSERT INTO :pairs
SELECT s.a, s.b, :rank, s.dice, FALSE
FROM similar AS s ANTI JOIN :pairs AS p ON p.a = s.a AND p.b = s.b
"""

Bits = NDArray[np.float32]


def resemble(engine: Engine, similarity: float) -> None:
    """Add to `linkage.pairs` encodings whose Dice coefficient is `similarity` or more.

    An encoding says nothing that could contradict: twins are told apart by the
    coefficient alone. Raises Invalid for text that is no encoding.
    """
    fresh = engine.table(sql(FRESH, records=RECORDS))
    if not fresh.num_rows:
        return
    earlier = engine.table(sql(EARLIER, known=KNOWN))
    found = pa.Table.from_batches(_similar(fresh, earlier, similarity), SIMILAR)
    engine.register("similar", found)
    try:
        engine.run(sql(ADD, pairs=PAIRS, rank=number(RANK)))
    finally:
        engine.unregister("similar")


SIMILAR: Final = pa.schema(
    [("a", pa.int64()), ("b", pa.int64()), ("dice", pa.float64())]
)


def _similar(
    fresh: pa.Table, earlier: pa.Table, similarity: float
) -> Iterator[pa.RecordBatch]:
    """Pairs of a fresh record and one with a lower number, block by block."""
    every = pa.concat_tables([earlier, fresh])
    ours, theirs = _bits(fresh), _bits(every)
    numbers, others = fresh["record"].to_numpy(), every["record"].to_numpy()
    for row in range(0, len(ours), BLOCK):
        for place in range(0, len(theirs), BLOCK):
            mine, them = ours[row : row + BLOCK], theirs[place : place + BLOCK]
            dice = coefficients(mine, them)
            number, other = numbers[row : row + BLOCK], others[place : place + BLOCK]
            dice[number[:, None] <= other[None, :]] = 0
            left, right = np.nonzero(dice >= similarity)
            yield pa.record_batch(
                [numbers[row + left], others[place + right], dice[left, right]],
                schema=SIMILAR,
            )


def coefficients(ours: Bits, theirs: Bits) -> NDArray[np.float64]:
    """The Dice coefficient of each of ours with each of theirs: 2|a∧b| / (|a|+|b|)."""
    together = (ours @ theirs.T).astype(np.float64)
    weights = ours.sum(1)[:, None] + theirs.sum(1)[None, :]
    found: NDArray[np.float64] = np.zeros_like(together)
    np.divide(2 * together, weights, out=found, where=weights > 0)
    return found


def _bits(table: pa.Table) -> Bits:
    """Each record's encoding as 0 and 1."""
    raw = b"".join(map(_decoded, table["encoded"].to_pylist()))
    packed = np.frombuffer(raw, np.uint8).reshape(table.num_rows, LENGTH // 8)
    return np.unpackbits(packed, axis=1).astype(np.float32)


def _decoded(text: str) -> bytes:
    """The bytes of one encoding, each of the same length: bits must not move on."""
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError:  # not of base 64, or of letters that are not ASCII
        raw = b""
    if len(raw) != LENGTH // 8:
        message = f"expected encodings of {LENGTH} bits, as `tre encode` makes them"
        raise Invalid("", message)
    return raw
