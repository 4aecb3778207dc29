"""Sources that other packages add, through the entry point group `tre.connectors`.

An entry point's name is the kind that a manifest asks for; what it names is a
`Connector`. What an installed connector does is its author's; what it gives and how
it fails is held to the same rules as ours.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Final, Protocol

import pyarrow as pa

from connectors.attempt import attempt, attempted
from connectors.errors import Invalid
from connectors.source import Source, distinct, slices

GROUP: Final = "tre.connectors"


class Connector(Protocol):
    """Makes a source from what a manifest says beside its kind."""

    def __call__(self, options: Mapping[str, Any], folder: Path) -> Source:
        """The source; opens nothing. Raises `Invalid` with the path of a wrong option.

        Paths among the options are relative to `folder`.
        """
        ...


def kinds() -> frozenset[str]:
    """The kinds that installed packages add."""
    return frozenset(entry_points(group=GROUP).names)


def installed(
    kind: str, options: Mapping[str, Any], folder: Path, place: str
) -> Source:
    """The source of an installed kind, held to what a `Source` promises.

    Raises `Invalid` at `place`, whatever the connector raises.
    """
    failed = {Exception: f"the connector {kind} failed"}
    (entry, *_) = entry_points(group=GROUP, name=kind)
    connector: Connector = attempt(entry.load, place, failed)
    try:
        source = attempt(lambda: connector(options, folder), place, failed)
        return Guarded(source, kind)
    except Invalid as invalid:
        wrong = invalid
    if wrong.path == place:
        raise wrong
    raise Invalid(f"{place}.{wrong.path}" if wrong.path else place, wrong.message)


@dataclass(frozen=True, slots=True)
class Guarded:
    """A source by somebody else, whose errors may quote what it read.

    Anything but `Invalid` becomes one that says nothing; batches have the columns
    and types that the schema says, and are cut to size.
    """

    source: Source = field(repr=False)
    kind: str
    columns: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What errors call it."""
        return attempt(lambda: str(self.source.name), self.kind, self._failed)

    @property
    def schema(self) -> pa.Schema:
        """All columns."""
        schema = attempt(lambda: self.source.schema, self.kind, self._failed)
        distinct(schema.names, self.name)
        return schema

    def select(self, columns: Sequence[str]) -> Guarded:
        """The same rows with only these columns."""
        chosen = attempt(lambda: self.source.select(columns), self.kind, self._failed)
        return Guarded(chosen, self.kind, tuple(columns))

    def batches(self, rejects: Counter[str]) -> Iterator[pa.RecordBatch]:
        """The rows."""
        schema = self.schema
        names = self.columns or schema.names
        expected = pa.schema([schema.field(name) for name in names])
        batches = attempt(
            lambda: iter(self.source.batches(rejects)), self.kind, self._failed
        )
        for batch in attempted(batches, self.kind, self._failed):
            if not batch.schema.equals(expected):
                raise Invalid(self.name, "changed its columns or types while read")
            yield from slices(batch)

    @property
    def _failed(self) -> Mapping[type[Exception], str]:
        return {Exception: f"the connector {self.kind} failed"}
