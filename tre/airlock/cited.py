"""A release that a table cites: its keys, its figures, and its rows by their keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import pyarrow as pa

from privacy.names import ADDED
from tre.airlock.numerals import number

Row = Mapping[str, Any]

LOW, HIGH, STATUS = ADDED


@dataclass(frozen=True, slots=True)
class Cited:
    """A released table.

    `figures` have an interval and a status. `keys` say what a row is of; a float that
    has no interval, such as a standard error, is none.
    """

    keys: Mapping[str, Callable[[str], str]]
    """How each key is spelled, so that 30 is 30.0 and true is True."""
    figures: frozenset[str]
    columns: frozenset[str]
    rows: tuple[Row, ...] = field(repr=False)

    @classmethod
    def of(cls, table: pa.Table) -> Cited:
        """The release of this table."""
        names = table.column_names
        figures = {n for n in names if all(f"{n}{added}" in names for added in ADDED)}
        parts = {f"{name}{added}" for name in figures for added in ADDED}
        keys = {
            each.name: _spelling(each.type)
            for each in table.schema
            if each.name not in figures | parts and not pa.types.is_floating(each.type)
        }
        rows = tuple(table.to_pylist())
        return cls(keys, frozenset(figures), frozenset(names), rows)

    @property
    def needed(self) -> frozenset[str]:
        """The keys without which it is not clear what a row is of."""
        return frozenset(
            key for key in self.keys if len({each[key] for each in self.rows}) > 1
        )

    def figure(self, column: str) -> str | None:
        """The figure that a column is, or an end of; None for any other column."""
        known = (column, column.removesuffix(LOW), column.removesuffix(HIGH))
        return next((each for each in known if each in self.figures), None)

    def ends(self, figure: str) -> tuple[str, str]:
        """The columns of a figure's interval."""
        return f"{figure}{LOW}", f"{figure}{HIGH}"

    def is_status(self, column: str) -> bool:
        """Whether a column says how reliable a figure is."""
        return column.endswith(STATUS) and column not in self.keys

    def by_keys(self, keys: Sequence[str]) -> Mapping[tuple[str, ...], list[Row]]:
        """The rows by what they show of these keys."""
        found: dict[tuple[str, ...], list[Row]] = {}
        for row in self.rows:
            spelled = self.spelled({key: text_of(row[key]) for key in keys})
            found.setdefault(spelled, []).append(row)
        return found

    def spelled(self, said: Mapping[str, str]) -> tuple[str, ...]:
        """What is said of keys, each in its one spelling."""
        return tuple(self.keys[key](text) for key, text in said.items())


def text_of(value: object) -> str:
    """A released value as text; nothing is the empty one."""
    return "" if value is None else str(value)


def _spelling(kind: pa.DataType) -> Callable[[str], str]:
    if pa.types.is_integer(kind) or pa.types.is_decimal(kind):
        return _as_number
    if pa.types.is_boolean(kind):
        return str.casefold
    if pa.types.is_date(kind):
        return _as_date
    return _as_moment if pa.types.is_timestamp(kind) else str


def _as_number(text: str) -> str:
    value = number(text)
    return text if value is None else str(value.normalize())


def _as_date(text: str) -> str:
    return _read(date.fromisoformat, text)


def _as_moment(text: str) -> str:
    return _read(datetime.fromisoformat, text)


def _read(read: Callable[[str], object], text: str) -> str:
    try:
        return str(read(text))
    except ValueError:
        return text
