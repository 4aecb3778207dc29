"""Rows of text files whose columns stand at fixed positions, every value as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from connectors.lines import lines
from connectors.place import Place, placed
from connectors.source import RAGGED, distinct, texts


@dataclass(frozen=True, slots=True)
class Span:
    """A column: its first character, counted from one, and how many it has."""

    name: str
    start: int
    width: int

    @property
    def end(self) -> int:
        """Its last character, counted from one."""
        return self.start + self.width - 1


@dataclass(frozen=True, slots=True)
class FixedWidthSource:
    """The rows of one fixed-width file, in file order; blank lines are not rows.

    Positions count characters, not bytes. Blanks around a value are not part of it.
    A line ends where its last column ends, or at `line_width`, blanks after that
    aside: a shorter or longer one is ragged, so that no value is ever read from a
    line that was cut.
    """

    path: Path | Place
    spans: tuple[Span, ...]
    encoding: str = "utf-8"
    line_width: int | None = None
    columns: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The file's name."""
        return placed(self.path).name

    @property
    def schema(self) -> pa.Schema:
        """All columns, as text."""
        names = [span.name for span in self.spans]
        distinct(names, self.name)
        with placed(self.path).open():  # a missing file is known before it is read
            return texts(names)

    def select(self, columns: Sequence[str]) -> FixedWidthSource:
        """The same rows with only these columns."""
        return replace(self, columns=tuple(columns))

    def batches(self, rejects: Counter[str]) -> Iterator[pa.RecordBatch]:
        """The rows, every value as text."""
        spans = {span.name: span for span in self.spans}
        columns = self.columns or tuple(spans)
        for some in lines(placed(self.path), self.encoding):
            found = self._whole_lines(pa.array(some.texts, pa.string()), rejects)
            values = [_cut(found, spans[name]) for name in columns]
            yield pa.RecordBatch.from_arrays(values, names=list(columns))

    def _whole_lines(self, found: pa.Array, rejects: Counter[str]) -> pa.Array:
        longest = max(span.end for span in self.spans)
        written = found.filter(pc.greater(_ink(found), 0))
        long_enough = pc.greater_equal(pc.utf8_length(written), longest)
        ended = pc.less_equal(_ink(written), self.line_width or longest)
        kept = written.filter(pc.and_(long_enough, ended))
        if ragged := len(written) - len(kept):
            rejects[RAGGED] += ragged
        return kept


def _ink(found: pa.Array) -> pa.Array:
    """How long each line is, blanks at its end aside."""
    return pc.utf8_length(pc.utf8_rtrim(found, characters=" "))


def _cut(found: pa.Array, span: Span) -> pa.Array:
    cut = pc.utf8_slice_codeunits(found, start=span.start - 1, stop=span.end)
    return pc.utf8_trim(cut, characters=" ")
