"""The public tables that a manifest looks values up in, into the landing zone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import sqlglot.expressions as exp

from connectors import CsvSource, ParquetSource, Source
from connectors.errors import Invalid
from tre.intake.engine import Engine
from tre.intake.incoming import Incoming
from tre.intake.making import looked_up, lookups, reference
from tre.intake.sql import column, sql, text
from tre.manifest.transform import Lookup

PAIRS: Final = pa.schema([("key", pa.string()), ("value", pa.string())])

CREATE: Final = """
CREATE TABLE :target AS
SELECT :key AS key, NULLIF(trim(value), '') AS value FROM incoming
"""

REPEATED: Final = """
SELECT count(*) FROM (
    SELECT key FROM :target WHERE key IS NOT NULL GROUP BY key HAVING count(*) > 1
)
"""

UNLISTED: Final = """
SELECT count(*) FROM :target WHERE key IS NOT NULL AND NOT coalesce(:listed, FALSE)
"""


def take_references(
    engine: Engine, fields: Sequence[Incoming], base: Path, path: str
) -> None:
    """Copy every table that `fields` are looked up in to where `making` finds it.

    Raises `Invalid` where a table cannot be read whole, has not the columns, two
    entries for one key, or a value that its `enum` does not list.
    """
    for incoming in fields:
        for place, lookup in lookups(incoming.field):
            where = f"{path}.schema.fields[{incoming.position}].tre.{place}"
            target = reference(incoming, place)
            source = _source(base / lookup.table, lookup, where)
            _copy(engine, source, target, lookup, where)
            _check(engine, target, lookup, where)


def _source(file: Path, lookup: Lookup, where: str) -> Source:
    source: Source
    if file.suffix.lower() == ".parquet":
        source = ParquetSource(file)
    elif ".csv" in {suffix.lower() for suffix in file.suffixes}:
        source = CsvSource(file)
    else:
        raise Invalid(f"{where}.table", "expected a file named .csv or .parquet")
    try:
        names = source.schema.names
    except Invalid as invalid:
        wrong = _of_table(invalid, source, where)
    else:
        return _chosen(source, names, lookup, where)
    raise wrong


def _of_table(invalid: Invalid, source: Source, where: str) -> Invalid:
    """What is wrong with a table, told where the manifest names it."""
    place = invalid.path or source.name
    return Invalid(f"{where}.table", f"{place}: {invalid.message}")


def _chosen(source: Source, names: Sequence[str], lookup: Lookup, where: str) -> Source:
    for key, name in (("key", lookup.key), ("value", lookup.value)):
        if name not in names:
            raise Invalid(f"{where}.{key}", f"{source.name} has no such column")
    return source.select(list(dict.fromkeys([lookup.key, lookup.value])))


def _copy(
    engine: Engine, source: Source, target: exp.Table, lookup: Lookup, where: str
) -> None:
    pairs = _Pairs(source, lookup)
    reader = pa.RecordBatchReader.from_batches(PAIRS, pairs.batches())
    engine.register("incoming", reader)
    wrong: Invalid | None = None
    try:
        key = looked_up(lookup.form, column("key"))
        engine.run(sql(CREATE, target=target, key=key))
    except Invalid as invalid:
        # What stopped the batches is the cause; the engine only passes it on.
        wrong = pairs.failure or invalid
    finally:
        engine.unregister("incoming")
    if wrong is not None:
        raise _of_table(wrong, source, where)
    if ragged := pairs.ragged.total():
        message = f"{ragged:,} rows of {source.name} have another number of values than"
        raise Invalid(f"{where}.table", f"{message} its header")


class _Pairs:
    """The keys and values of a table on their way in, and what went wrong with them."""

    def __init__(self, source: Source, lookup: Lookup) -> None:
        self._source = source
        self._lookup = lookup
        self.ragged: Counter[str] = Counter()
        self.failure: Invalid | None = None

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The pairs as text; `failure` is kept of a source that cannot be read on."""
        names = (self._lookup.key, self._lookup.value)
        try:
            for batch in self._source.batches(self.ragged):
                pair = [pc.cast(batch.column(name), pa.string()) for name in names]
                yield pa.RecordBatch.from_arrays(pair, schema=PAIRS)
        except Invalid as invalid:
            self.failure = invalid
            raise


def _check(engine: Engine, target: exp.Table, lookup: Lookup, where: str) -> None:
    if engine.count(sql(REPEATED, target=target)):
        raise Invalid(f"{where}.key", "expected a column in which no value comes twice")
    listed = exp.In(
        this=column("value"), expressions=[text(value) for value in lookup.enum]
    )
    if engine.count(sql(UNLISTED, target=target, listed=listed)):
        message = "expected every value that the table gives a key"
        raise Invalid(f"{where}.enum", message)
