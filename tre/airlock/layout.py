"""What each column of a table is, beside the releases it cites; pure.

What can only be a mistake, or a way round the comparison of cells, is a fault of the
layout: a row that is not said to be of anything could be any row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tre.airlock.arithmetic import names
from tre.airlock.cited import Cited
from tre.airlock.submission import Finding


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: a released column, what a formula makes of some, or text.

    `formula` is a released column's name where the column is that one. `source` is
    None where no cited release has what it reads.
    """

    name: str
    position: int
    formula: str
    reads: frozenset[str]
    source: Cited | None

    @property
    def copied(self) -> bool:
        """Whether it is a released column, and not computed."""
        return self.source is not None and self.formula in self.source.columns

    @property
    def key(self) -> bool:
        """Whether it says what a row is of."""
        return self.source is not None and self.formula in self.source.keys

    @property
    def figures(self) -> frozenset[str]:
        """The figures that it is made of, an interval's ends being their figure's."""
        if self.source is None:
            return frozenset()
        read = {self.source.figure(each) for each in self.reads}
        return frozenset(each for each in read if each is not None)


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of a table. `shown` are the keys, and where each of them is."""

    columns: tuple[Column, ...]
    shown: Mapping[str, int]

    @property
    def used(self) -> Sequence[Cited]:
        """The releases its figures are of; of a table without figures, its keys."""
        known = [each for each in self.columns if each.source is not None]
        figures = [each for each in known if not each.key] or known
        by_identity = {id(each.source): each.source for each in figures if each.source}
        return [*by_identity.values()]

    def of(self, source: Cited) -> list[Column]:
        """The columns that hold figures of a release."""
        return [e for e in self.columns if e.source is source and not e.key]


def lay_out(
    header: Sequence[str],
    sources: Sequence[Cited],
    columns: Mapping[str, str],
    derived: Mapping[str, str],
) -> Layout:
    """The layout of a table with this header. NotArithmetic where a formula is none."""
    said = {
        n: derived[n].strip() if n in derived else columns.get(n, n) for n in header
    }
    keys = frozenset(f for f in said.values() if any(f in s.keys for s in sources))
    found = []
    for position, (name, formula) in enumerate(said.items()):
        released = any(formula in source.columns for source in sources)
        computed = name in derived and not released
        reads = names(formula) if computed else frozenset({formula})
        source = _source(reads, sources, keys)
        found.append(Column(name, position, formula, reads, source))
    shown = {each.formula: each.position for each in found if each.key}
    return Layout(tuple(found), shown)


def faults(layout: Layout, sources: Sequence[Cited]) -> Iterator[Finding]:
    """What has to be mended before cells can be compared."""
    keys = Counter(each.formula for each in layout.columns if each.key)
    for column in layout.columns:
        if column.formula != column.name and any(
            column.name in source.columns for source in sources
        ):
            words = "a cited release has another column of this name: give it another"
            yield Finding(column.name, words)
        if keys[column.formula] > 1:
            yield Finding(column.name, f"{column.formula} is shown twice")
        yield from _of_formula(column)
        yield from _without_interval(column, layout.columns)
    for source in layout.used:
        yield from _of_keys(source, layout)


def _source(
    reads: frozenset[str], sources: Sequence[Cited], keys: frozenset[str]
) -> Cited | None:
    """The cited release with all that is read, by the keys shown where there is one."""
    able = [each for each in sources if reads <= each.columns]
    fitting = [each for each in able if each.needed <= keys <= each.keys.keys()]
    return next(iter(fitting or able), None)


def _of_keys(source: Cited, layout: Layout) -> Iterator[Finding]:
    """Keys that rows of the release are told apart by, and keys that it has not."""
    for key in sorted(source.needed - layout.shown.keys()):
        words = "the release's rows are told apart by it: say which column it is"
        yield Finding(key, words)
    for key in sorted(layout.shown.keys() - source.keys.keys()):
        yield Finding(key, "not every release the figures are of has this key")


def _of_formula(column: Column) -> Iterator[Finding]:
    if column.source is None or column.copied:
        return
    known = column.source
    if all(each in known.keys or known.is_status(each) for each in column.reads):
        yield Finding(column.name, "its formula reads no released figure")


def _without_interval(column: Column, columns: Sequence[Column]) -> Iterator[Finding]:
    """A figure is shown with both ends, what is computed of it alone included."""
    if column.source is None or not column.figures & column.reads:
        return
    if len(column.figures) > 1:
        return  # what is made of several has no interval: people judge it
    (figure,) = column.figures
    ends = {
        end for each in columns if each.figures == column.figures for end in each.reads
    }
    missing = [end for end in column.source.ends(figure) if end not in ends]
    if missing:
        words = f"its interval is dropped: {' and '.join(missing)} missing"
        yield Finding(column.name, words)
