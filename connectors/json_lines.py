"""Rows of JSON lines: one object a line, every value as text.

Numbers keep their digits as they are written. A missing key and null are both a
missing value; lists and objects are no values of a table.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pyarrow as pa

from connectors.attempt import Rules, attempt
from connectors.errors import Invalid
from connectors.lines import lines
from connectors.place import Place, placed
from connectors.rows import batched
from connectors.source import distinct, texts

NOT_JSON: Final[Rules] = {
    ValueError: "expected one JSON object",
    RecursionError: "expected one JSON object, not so deeply nested",
}


@dataclass(frozen=True, slots=True)
class JsonLinesSource:
    """The rows of one JSON lines file, in file order; blank lines are not rows.

    `declared` are the keys an object may have: JSON leaves out what is missing, so
    no line tells them all. `columns`, where not empty, are the only ones kept.
    """

    path: Path | Place
    declared: tuple[str, ...]
    encoding: str = "utf-8"
    columns: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The file's name."""
        return placed(self.path).name

    @property
    def schema(self) -> pa.Schema:
        """All columns, as text."""
        distinct(self.declared, self.name)
        with placed(self.path).open():  # a missing file is known before it is read
            return texts(self.declared)

    def select(self, columns: Sequence[str]) -> JsonLinesSource:
        """The same rows with only these columns."""
        return replace(self, columns=tuple(columns))

    def batches(self, rejects: Counter[str]) -> Iterator[pa.RecordBatch]:  # noqa: ARG002 - a line is an object, or the file is broken
        """The rows, every value as text."""
        columns = self.columns or self.declared
        yield from batched(self._rows(columns), columns, self.name)

    def _rows(self, columns: Sequence[str]) -> Iterator[list[str | None]]:
        known = frozenset(self.declared)
        for some in lines(placed(self.path), self.encoding):
            for number, line in enumerate(some.texts, start=some.first):
                if line and not line.isspace():
                    place = f"{self.name}:{number}"
                    yield _row(_read(line, place), columns, known, place)


def _read(line: str, place: str) -> dict[str, object]:
    found = attempt(lambda: _decode(line), place, NOT_JSON)
    if not isinstance(found, dict):
        raise Invalid(place, NOT_JSON[ValueError])
    return found


def _decode(line: str) -> object:
    return json.loads(
        line,
        parse_int=str,
        parse_float=str,
        parse_constant=str,
        object_pairs_hook=_object,
    )


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key appears twice")
    return found


def _row(
    found: dict[str, object],
    columns: Sequence[str],
    known: frozenset[str],
    place: str,
) -> list[str | None]:
    if not found.keys() <= known:
        raise Invalid(place, "has a key that is not in the manifest's schema")
    return [_value(found.get(column), column, place) for column in columns]


def _value(value: object, column: str, place: str) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    message = f"expected text, a number, true, false or null as {column}"
    raise Invalid(place, message)
