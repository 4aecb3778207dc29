"""Made-up rows of a table, to develop on before anything is asked and paid.

They are drawn from the public schema alone: neither data nor anything learned from
data has part in them, so they cost nothing and say nothing. People have the numbers
from 1, the same in every table, and up to four rows each where the cap allows them;
listed values are the public ones, so that tables join as the real ones do. What has no
public end lies in ends that are made up, and no two columns have to do with each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import islice, product
from typing import Any, Final, TypeAlias

import numpy as np
import pyarrow as pa

from privacy.catalogue import Domain, Table, Type, Unit, Value

Draw: TypeAlias = np.random.Generator

MISSING: Final = 0.05
"""The share of values that are missing where they may be."""

WORDS: Final = 50
"""How many different texts a column without a list has."""

MOST_EACH: Final = 4
"""Rows that anybody has, where the cap allows more: tables are to have many people."""

EARLIEST: Final = date(2000, 1, 1)
LATEST: Final = date(2020, 12, 31)
LOW, HIGH = 0, 100


def dummy(tables: Sequence[Table], rows: int, seed: int) -> dict[str, pa.Table]:
    """Tables of these names and columns, with `rows` rows each.

    The same tables, rows and seed give the same rows. Tables of people also have
    `person_id`, the more people the fewer rows each may have. A public table has no
    more rows than its unique keys have values.
    """
    return {
        table.name: _table(table, rows, np.random.default_rng([seed, at]))
        for at, table in enumerate(tables)
    }


def _table(table: Table, rows: int, draw: Draw) -> pa.Table:
    columns: dict[str, pa.Array] = {}
    if table.unit is Unit.PERSON:
        columns["person_id"] = pa.array(_persons(table, rows, draw))
    elif table.unit is Unit.ROW:
        columns["person_id"] = pa.array(np.arange(1, rows + 1))
    keyed = _keys(table, rows) if table.unit is Unit.NONE else {}
    size = len(next(iter((columns or keyed).values()), range(rows)))
    for column in table.columns:
        values = keyed.get(column.name) or _values(column.domain, size, draw)
        columns[column.name] = pa.array(values, _type(column.domain))
    return pa.table(columns)


def _persons(table: Table, rows: int, draw: Draw) -> np.ndarray[Any, Any]:
    """Whose each row is: the first people have one to `rows_per_person` rows each."""
    most = min(table.rows_per_person, MOST_EACH)
    each = draw.integers(1, most + 1, size=rows)
    return np.repeat(np.arange(1, rows + 1), each)[:rows]


def _keys(table: Table, rows: int) -> dict[str, list[Any]]:
    """Every combination of a public table's first unique key, up to `rows`."""
    domains = {column.name: column.domain for column in table.columns}
    for key in table.unique:
        lists = [domains[name].values for name in key]
        if all(values is not None for values in lists):
            found = list(islice(product(*(values or () for values in lists)), rows))
            return {name: [row[at] for row in found] for at, name in enumerate(key)}
    return {key[0]: _distinct(domains[key[0]], rows) for key in table.unique[:1] if key}


def _distinct(domain: Domain, rows: int) -> list[Any]:
    """As many different values, of a key that has no list."""
    if domain.type is Type.TEXT:
        return [f"key {number}" for number in range(1, rows + 1)]
    low = domain.lower if isinstance(domain.lower, int) else LOW
    return [_shown(low + number, domain) for number in range(rows)]


def _values(domain: Domain, size: int, draw: Draw) -> list[Any]:
    found = [_shown(value, domain) for value in _drawn(domain, size, draw)]
    if not domain.nullable:
        return found
    missing = draw.random(size) < MISSING
    return [None if gone else value for gone, value in zip(missing, found, strict=True)]


def _drawn(domain: Domain, size: int, draw: Draw) -> list[Value]:
    if domain.values is not None:
        weights = 1 / np.sqrt(np.arange(1, len(domain.values) + 1))
        chosen = draw.choice(len(domain.values), size, p=weights / weights.sum())
        return [domain.values[at] for at in chosen]
    match domain.type:
        case Type.NUMBER:
            return _numbers(domain, size, draw)
        case Type.TEXT:
            return [f"text {at}" for at in draw.integers(1, WORDS + 1, size)]
        case Type.BOOLEAN:
            return [bool(at) for at in draw.integers(0, 2, size)]
        case Type.DATE | Type.DATETIME:
            return _moments(domain, size, draw)


def _numbers(domain: Domain, size: int, draw: Draw) -> list[Value]:
    """Mostly in the lower half of the bounds, as amounts and counts are."""
    unit = 10**domain.scale
    low = domain.lower if isinstance(domain.lower, int) else LOW * unit
    high = domain.upper if isinstance(domain.upper, int) else low + HIGH * unit
    low = low if isinstance(domain.lower, int) else min(low, high)
    return [low + int(share * (high - low)) for share in draw.beta(2, 4, size)]


def _moments(domain: Domain, size: int, draw: Draw) -> list[Value]:
    low = domain.lower if isinstance(domain.lower, date) else EARLIEST
    high = domain.upper if isinstance(domain.upper, date) else max(LATEST, _day(low))
    first, last = _day(low), _day(high)
    days = draw.integers(0, max(1, (last - first).days + 1), size)
    found = [first + timedelta(days=int(day)) for day in days]
    if domain.type is Type.DATE:
        return [*found]
    start = datetime.min.time()
    return [datetime.combine(day, start) for day in found]


def _day(moment: date) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def _shown(value: Value, domain: Domain) -> Value | Decimal:
    """A value as a file has it: numbers with their decimals."""
    if domain.scale and isinstance(value, int):
        return Decimal(value).scaleb(-domain.scale)
    return value


def _type(domain: Domain) -> pa.DataType:
    match domain.type:
        case Type.NUMBER:
            return pa.decimal128(38, domain.scale) if domain.scale else pa.int64()
        case Type.TEXT:
            return pa.string()
        case Type.BOOLEAN:
            return pa.bool_()
        case Type.DATE:
            return pa.date32()
        case Type.DATETIME:
            return pa.timestamp("us")
