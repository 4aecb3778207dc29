"""Stage 1: rows as received, into the landing zone, each with a secret number."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.errors import Invalid
from connectors.source import Source
from tre.intake.engine import Engine
from tre.intake.incoming import Family, Incoming
from tre.intake.sql import relation, sql

RECEIVED: Final = relation("landing", "received")

ARROW: Final = {
    Family.TEXT: pa.string(),
    Family.INTEGER: None,
    Family.BOOLEAN: pa.bool_(),
    Family.DATE: pa.date32(),
    Family.DATETIME: pa.timestamp("us"),
}

CREATE: Final = "CREATE TABLE :received AS SELECT * FROM incoming"


@dataclass(frozen=True, slots=True)
class Landed:
    """How many rows were read, and how many of them could not be told apart."""

    rows: int
    ragged: Counter[str]


def land(
    engine: Engine,
    source: Source,
    fields: Sequence[Incoming],
    report: Callable[[int], None],
) -> Landed:
    """Copy the fields that are read into `landing.received`.

    Adds `_row`, the row's position in the source, and `_order`, 64 bits from the
    system's cryptographic generator: later choices among rows go by that number, so
    they depend neither on the data nor on anything an outsider could know.
    """
    arrival = _Arrival(source, fields, report)
    reader = pa.RecordBatchReader.from_batches(arrival.schema, arrival.batches())
    engine.register("incoming", reader)
    try:
        engine.run(sql(CREATE, received=RECEIVED))
    except Invalid:
        # What stopped the batches is the cause; the engine only passes it on.
        if arrival.failure is None:
            raise
    finally:
        engine.unregister("incoming")
    if arrival.failure is not None:
        raise arrival.failure
    return Landed(arrival.rows + arrival.ragged.total(), arrival.ragged)


class _Arrival:
    """Batches on their way in, and what is known of them afterwards."""

    def __init__(
        self,
        source: Source,
        fields: Sequence[Incoming],
        report: Callable[[int], None],
    ) -> None:
        columns = [incoming.field.name for incoming in fields]
        # Without a column to read, the first one still tells how many rows there are.
        self._source = source.select(columns or source.schema.names[:1])
        self._fields = fields
        self._report = report
        self.rows = 0
        self.ragged: Counter[str] = Counter()
        self.failure: BaseException | None = None

    @property
    def schema(self) -> pa.Schema:
        """The columns that land."""
        empty = pa.schema([]) if not self._fields else self._source.schema
        landed = [
            (
                field.landed,
                ARROW[field.family] or _plain(empty.field(field.field.name).type),
            )
            for field in self._fields
        ]
        return pa.schema([*landed, ("_row", pa.int64()), ("_order", pa.uint64())])

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The source's batches, in plain types and numbered."""
        schema = self.schema
        try:
            for batch in self._source.batches(self.ragged):
                yield self._numbered(batch, schema)
                self._report(self.rows)
        except BaseException as error:
            self.failure = _quiet(error, self._source.name)
            raise

    def _numbered(self, batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
        size = batch.num_rows
        arrays = [
            pc.cast(batch.column(position), options=_kept(schema.field(position).type))
            for position in range(len(self._fields))
        ]
        arrays.append(pa.array(np.arange(self.rows, self.rows + size)))
        drawn = pa.py_buffer(secrets.token_bytes(8 * size))
        arrays.append(pa.Array.from_buffers(pa.uint64(), size, [None, drawn]))
        self.rows += size
        return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _kept(kind: pa.DataType) -> pc.CastOptions:
    """Finer than microseconds is cut off; what would wrap around is an error."""
    return pc.CastOptions(kind, allow_time_truncate=True)


def _plain(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _quiet(error: BaseException, source: str) -> BaseException:
    """The error itself, unless it is a library's, whose text may quote values."""
    if isinstance(error, pa.ArrowException | ValueError | TypeError | LookupError):
        return Invalid(source, "its values do not fit the types it declares")
    return error
