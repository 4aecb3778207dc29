"""Rows of text, as the batches that every connector gives."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from functools import partial
from itertools import islice
from typing import Final

import pyarrow as pa

from connectors.attempt import Rules, attempt
from connectors.source import BATCH_ROWS, texts

BATCH_CHARACTERS: Final = 1 << 24
"""A batch that has this much text ends, however few its rows are."""

UNWRITABLE: Final[Rules] = {UnicodeError: "expected text that Unicode can write"}


def batched(
    rows: Iterable[Sequence[str | None]], columns: Sequence[str], place: str
) -> Iterator[pa.RecordBatch]:
    """The rows, every value as text, in batches bounded in rows and in characters.

    Raises `Invalid` at `place` for text that no encoding can write, such as half of
    a surrogate pair.
    """
    schema = texts(columns)
    remaining = iter(rows)
    while some := _some(remaining):
        yield attempt(partial(_batch, some, schema), place, UNWRITABLE)


def written(value: object) -> str | None:
    """A value as the text that stands for it exactly; None for one of no plain kind.

    Whole numbers have no decimals, dates and times are ISO 8601, and truth is
    `true` or `false`, as a CSV file of the same rows would have them.
    """
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | Decimal():
            return str(value)
        case float():
            return str(int(value)) if _short_and_whole(value) else repr(value)
        case date() | datetime() | time():
            return value.isoformat()
        case _:
            return None


def _some(rows: Iterator[Sequence[str | None]]) -> list[Sequence[str | None]]:
    """The next rows, until there are enough of them or enough text in them."""
    found = []
    size = 0
    for row in islice(rows, BATCH_ROWS):
        found.append(row)
        size += sum(map(len, filter(None, row)))
        if size >= BATCH_CHARACTERS:
            break
    return found


def _short_and_whole(value: float) -> bool:
    return math.isfinite(value) and value.is_integer() and abs(value) < 2**53


def _batch(rows: list[Sequence[str | None]], schema: pa.Schema) -> pa.RecordBatch:
    arrays = [pa.array(values, pa.string()) for values in zip(*rows, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
