"""What every connector is: somewhere rows come from, as Arrow batches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import pyarrow as pa

from connectors.errors import Invalid

BATCH_ROWS: Final = 65_536
"""No batch is longer, so memory does not grow with the source."""

RAGGED: Final = "ragged"
"""The reason under which a row with too few or too many values is counted."""


class Source(Protocol):
    """Somewhere rows come from. It reads; it never judges, joins or hides."""

    @property
    def name(self) -> str:
        """What errors call the source: a file name, never a location."""
        ...

    @property
    def schema(self) -> pa.Schema:
        """The columns there are, before any are selected. May open the source."""
        ...

    def select(self, columns: Sequence[str]) -> Source:
        """The same rows with only these columns, in this order; others stay unread."""
        ...

    def batches(self, rejects: Counter[str]) -> Iterator[pa.RecordBatch]:
        """The rows in source order, at most `BATCH_ROWS` at a time.

        Rows that cannot be told apart into columns are left out and counted in
        `rejects` by reason. Raises `Invalid` where reading cannot go on.
        """
        ...


@dataclass(frozen=True, slots=True)
class ChainSource:
    """The rows of several sources with the same columns, one after another."""

    parts: tuple[Source, ...]

    @property
    def name(self) -> str:
        """The first part's name."""
        return self.parts[0].name

    @property
    def schema(self) -> pa.Schema:
        """The first part's columns; every other part must have the same."""
        first = self.parts[0].schema
        for part in self.parts[1:]:
            if not part.schema.equals(first):
                raise Invalid(part.name, f"expected the columns of {self.name}")
        return first

    def select(self, columns: Sequence[str]) -> ChainSource:
        """The same rows with only these columns."""
        return ChainSource(tuple(part.select(columns) for part in self.parts))

    def batches(self, rejects: Counter[str]) -> Iterator[pa.RecordBatch]:
        """The rows of every part."""
        for part in self.parts:
            yield from part.batches(rejects)


def slices(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """The batch in pieces of at most `BATCH_ROWS`."""
    for start in range(0, batch.num_rows, BATCH_ROWS):
        yield batch.slice(start, BATCH_ROWS)


def texts(names: Sequence[str]) -> pa.Schema:
    """These columns, every value as text."""
    return pa.schema([pa.field(name, pa.string()) for name in names])


def distinct(names: Sequence[str], source: str) -> None:
    """Raise `Invalid` where a column has no name, or another's, case ignored.

    Columns are told by their places: in a file without a header, what stands where
    names should be is somebody's row.
    """
    seen: dict[str, int] = {}
    for position, name in enumerate(names, start=1):
        if not name.strip():
            raise Invalid(source, f"column {position} has no name in the header")
        earlier = seen.setdefault(name.lower(), position)
        if earlier != position:
            message = f"column {position} repeats the name of column {earlier}"
            raise Invalid(source, message)


def places(columns: Sequence[str], names: Sequence[str]) -> list[int]:
    """Where each of `columns` is among `names`."""
    known = {name: place for place, name in enumerate(names)}
    return [known[column] for column in columns]
