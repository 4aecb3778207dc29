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

    Raises `Invalid` where a table has not the columns, two entries for one key, or a
    value that its `enum` does not list.
    """
    for incoming in fields:
        for place, lookup in lookups(incoming):
            where = f"{path}.schema.fields[{incoming.position}].tre.{place}"
            target = reference(incoming, place)
            _copy(engine, _source(base / lookup.table, lookup, where), target, lookup)
            _check(engine, target, lookup, where)


def _source(file: Path, lookup: Lookup, where: str) -> Source:
    source: Source
    if file.suffix.lower() == ".parquet":
        source = ParquetSource(file)
    elif ".csv" in {suffix.lower() for suffix in file.suffixes}:
        source = CsvSource(file)
    else:
        raise Invalid(f"{where}.table", "expected a file named .csv or .parquet")
    names = source.schema.names
    for key, name in (("key", lookup.key), ("value", lookup.value)):
        if name not in names:
            raise Invalid(f"{where}.{key}", f"{source.name} has no such column")
    return source.select(list(dict.fromkeys([lookup.key, lookup.value])))


def _copy(engine: Engine, source: Source, target: exp.Table, lookup: Lookup) -> None:
    reader = pa.RecordBatchReader.from_batches(PAIRS, _pairs(source, lookup))
    engine.register("incoming", reader)
    try:
        key = looked_up(lookup.form, column("key"))
        engine.run(sql(CREATE, target=target, key=key))
    finally:
        engine.unregister("incoming")


def _pairs(source: Source, lookup: Lookup) -> Iterator[pa.RecordBatch]:
    for batch in source.batches(Counter()):
        pair = [
            pc.cast(batch.column(name), pa.string())
            for name in (lookup.key, lookup.value)
        ]
        yield pa.RecordBatch.from_arrays(pair, schema=PAIRS)


def _check(engine: Engine, target: exp.Table, lookup: Lookup, where: str) -> None:
    if engine.count(sql(REPEATED, target=target)):
        raise Invalid(f"{where}.key", "expected a column in which no value comes twice")
    listed = exp.In(
        this=column("value"), expressions=[text(value) for value in lookup.enum]
    )
    if engine.count(sql(UNLISTED, target=target, listed=listed)):
        message = "expected every value that the table gives a key"
        raise Invalid(f"{where}.enum", message)
