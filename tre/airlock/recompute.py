"""Hold a table somebody made to the releases it says it was made of.

Pure: text cells on one side, released tables on the other. A row is of the released
row that has its keys. A cell is explained where it is that row's figure, the figure
with fewer digits, or what a declared formula gives of figures of that row. What is
not is pointed out to the checkers, and so is every column that is no release's; what
can only be a fault of form is told to the submitter, who mends it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Final

import pyarrow as pa

from tre.airlock.arithmetic import compute
from tre.airlock.cited import Cited, Row, text_of
from tre.airlock.layout import Column, Layout, faults, lay_out
from tre.airlock.numerals import is_finer, is_rounded, number
from tre.airlock.submission import Finding

HIDDEN: Final = frozenset({"[c]", "[x]", "*", "-", "..", "na", "nan", "suppressed"})
"""What may be written where a release suppresses a figure, in any case of letters."""

_NARROWED: Final = Fraction(9, 10)
"""An interval that rounding leaves less of than this share is pointed out."""

Cells = Sequence[str | None]


@dataclass(frozen=True, slots=True)
class Made:
    """A table as it was handed in: cells are text, None where there is nothing."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Recomputed:
    """`faults` must be mended; `findings` are for a person to judge."""

    faults: tuple[Finding, ...]
    findings: tuple[Finding, ...]


class _Problem(Enum):
    RESTORED = "the release suppresses this cell"
    FINER = "it has more digits than the release"
    BARE = "its interval is dropped"
    NO_NUMBER = "is no number as the release writes one"
    UNEXPLAINED = "does not follow from the cited releases"
    STATUS = "is not the status that was released"
    NARROWED = "its interval is narrower than the released one"


_FAULTS: Final = frozenset({_Problem.RESTORED, _Problem.FINER, _Problem.BARE})
_QUOTED: Final = frozenset({_Problem.NO_NUMBER, _Problem.UNEXPLAINED, _Problem.STATUS})


def recompute(
    made: Made,
    releases: Sequence[pa.Table],
    *,
    columns: Mapping[str, str],
    derived: Mapping[str, str],
) -> Recomputed:
    """What of a table follows from the releases it cites, and what does not.

    `columns` renames: a column of the table to one of a release. `derived` gives
    formulas for columns that are computed. NotArithmetic where one is not.
    """
    sources = [Cited.of(table) for table in releases]
    layout = lay_out(made.columns, sources, columns, derived)
    found = tuple(faults(layout, sources))
    if found:
        return Recomputed(found, ())
    mistaken: list[Finding] = []
    told = [*_for_people(made, layout)]
    for source in layout.used:
        for problem, finding in _of_rows(made, layout, source):
            (mistaken if problem in _FAULTS else told).append(finding)
    return Recomputed(tuple(mistaken), tuple(told))


def _for_people(made: Made, layout: Layout) -> Iterator[Finding]:
    """Columns that nothing released can vouch for."""
    for column in layout.columns:
        if column.source is None:
            cells = sum(row[column.position] is not None for row in made.rows)
            words = f"no cited release has this column: its {cells} cells are unchecked"
            yield Finding(column.name, words)
        elif not column.copied:
            words = f"computed as {column.formula}: judge whether that is what it says"
            yield Finding(column.name, words)


def _of_rows(
    made: Made, layout: Layout, source: Cited
) -> Iterator[tuple[_Problem, Finding]]:
    """What is wrong in the rows, as rows of one release."""
    columns = layout.of(source)
    released = source.by_keys([*layout.shown])
    times: Counter[tuple[str, ...]] = Counter()
    for place, row in enumerate(made.rows, 1):
        shown = {key: row[where] or "" for key, where in layout.shown.items()}
        keys = source.spelled(shown)
        times[keys] += 1
        alike = released.get(keys, [])
        if times[keys] > len(alike):
            what = "is there twice" if alike else "is of no row of the cited release"
            yield _Problem.UNEXPLAINED, Finding(f"row {place}", f"it {what}")
            continue
        fewest = min(([*_of_row(row, columns, each)] for each in alike), key=len)
        for column, problem in fewest:
            words = _words(problem, row[column.position])
            yield problem, Finding(f"{column.name}, row {place}", words)


def _of_row(
    row: Cells, columns: Sequence[Column], released: Row
) -> Iterator[tuple[Column, _Problem]]:
    """What is wrong in a row, were it this released one."""
    known = {c.formula: row[c.position] for c in columns if c.copied}
    for column in columns:
        problem = _of_cell(column, row[column.position], released)
        if problem is not None:
            yield column, problem
        elif column.formula in column.figures and row[column.position] is not None:
            problem = _of_interval(column, known, released)
            if problem is not None:
                yield column, problem


def _of_cell(column: Column, text: str | None, released: Row) -> _Problem | None:
    """What a cell is, beside the released row's; None where it is that."""
    source = column.source
    if source is not None and column.copied and source.is_status(column.formula):
        same = (text or "") == text_of(released[column.formula])
        return None if same else _Problem.STATUS
    if text is None:
        return None
    figure, value = _released(column.formula, released), number(text)
    if figure is None:
        hidden = text.strip().casefold() in HIDDEN
        return None if hidden else _Problem.RESTORED
    if value is None:
        return _Problem.NO_NUMBER
    if is_rounded(value, figure):
        return None
    return _Problem.FINER if is_finer(value, figure) else _Problem.UNEXPLAINED


def _of_interval(
    column: Column, known: Mapping[str, str | None], released: Row
) -> _Problem | None:
    """Whether a figure that is shown has its interval beside it, as wide as released.

    Ends that are computed of the released ones are looked at with their formulas.
    """
    if column.source is None:
        return None
    ends = [end for end in column.source.ends(column.formula) if end in known]
    texts = [known[end] for end in ends if released[end] is not None]
    if None in texts:
        return _Problem.BARE
    shown = [value for text in texts if (value := number(text)) is not None]
    if len(shown) < len(column.source.ends(column.formula)):
        return None
    (low, high), exact = shown, [Fraction(released[end]) for end in ends]
    narrow = Fraction(high) - Fraction(low) < _NARROWED * (exact[1] - exact[0])
    return _Problem.NARROWED if narrow else None


def _words(problem: _Problem, text: str | None) -> str:
    if problem not in _QUOTED:
        return problem.value
    return f"{(text or 'an empty cell')[:40]} {problem.value}"


def _released(formula: str, row: Row) -> Fraction | Decimal | None:
    """The released figure itself, with its digits, or what a formula makes of some."""
    if formula in row:
        return number(text_of(row[formula]))
    figures = {name: number(text_of(value)) for name, value in row.items()}
    return compute(
        formula,
        {name: None if f is None else Fraction(f) for name, f in figures.items()},
    )
