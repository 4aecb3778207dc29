"""Hold a table somebody made to the releases it says it was made of.

Pure: text cells on one side, released tables on the other. A cell is explained where
it is the released figure, that figure with fewer digits, or what a declared formula
gives of released figures of the same row. What is not is pointed out to the checkers;
what can only be a fault of form is told to the submitter, who mends it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from enum import Enum
from fractions import Fraction
from typing import Any, Final

import pyarrow as pa

from tre.airlock.arithmetic import compute, names
from tre.airlock.submission import Finding

_PARTS: Final = ("_low", "_high", "_status")
_LONGEST: Final = 60


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


class _Cell(Enum):
    EXPLAINED = "explained"
    RESTORED = "restored"
    FINER = "finer"
    UNEXPLAINED = "unexplained"


@dataclass(frozen=True, slots=True)
class _Source:
    """A released table: which columns are keys, which figures, and its rows."""

    keys: tuple[str, ...]
    figures: frozenset[str]
    columns: frozenset[str]
    rows: tuple[Mapping[str, Any], ...] = field(repr=False)

    @classmethod
    def of(cls, table: pa.Table) -> _Source:
        names_of = table.column_names
        figures = {
            name for name in names_of if all(f"{name}{p}" in names_of for p in _PARTS)
        }
        parts = {f"{name}{part}" for name in figures for part in _PARTS}
        keys = tuple(n for n in names_of if n not in figures and n not in parts)
        return cls(
            keys, frozenset(figures), frozenset(names_of), tuple(table.to_pylist())
        )


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
    sources = [_Source.of(table) for table in releases]
    faults: list[Finding] = []
    findings: list[Finding] = []
    for position, name in enumerate(made.columns):
        formula = derived.get(name, columns.get(name, name))
        source = _source_of(formula, sources)
        if source is None:
            findings.extend(_unknown(made, position))
            continue
        if name not in derived:
            faults.extend(_without_interval(name, formula, source, made, columns))
        for kind, finding in _judged(made, position, formula, source, columns):
            (findings if kind is _Cell.UNEXPLAINED else faults).append(finding)
    return Recomputed(tuple(faults), tuple(findings))


def appears(figure: str, releases: Sequence[pa.Table]) -> bool:
    """Whether a figure is in some release, itself or with fewer digits."""
    value = _number(figure)
    if value is None:
        return False
    return any(
        found is not None and _is_rounded(value, found)
        for table in releases
        for column in table.itercolumns()
        for found in map(_number, map(_text, column.to_pylist()))
    )


def _source_of(formula: str, sources: Sequence[_Source]) -> _Source | None:
    """The cited release that holds every column that a formula reads."""
    if any(formula in source.columns for source in sources):
        read = frozenset({formula})
    else:
        read = names(formula) if not formula.isidentifier() else frozenset({formula})
    return next((each for each in sources if read <= each.columns), None)


def _unknown(made: Made, position: int) -> Iterator[Finding]:
    """Figures of a column that no cited release has; other text is a label."""
    name = made.columns[position]
    numbers = sum(_number(row[position]) is not None for row in made.rows)
    if numbers:
        yield Finding(
            name, f"no cited release has this column: {numbers} figures not recomputed"
        )


def _without_interval(
    name: str,
    column: str,
    source: _Source,
    made: Made,
    columns: Mapping[str, str],
) -> Iterator[Finding]:
    if column not in source.figures:
        return
    shown = {columns.get(each, each) for each in made.columns}
    missing = [f"{column}{end}" for end in _PARTS[:2] if f"{column}{end}" not in shown]
    if missing:
        yield Finding(name, f"its interval is dropped: {' and '.join(missing)} missing")


def _judged(
    made: Made,
    position: int,
    formula: str,
    source: _Source,
    columns: Mapping[str, str],
) -> Iterator[tuple[_Cell, Finding]]:
    name = made.columns[position]
    if formula in source.keys:
        return
    for number, row in enumerate(made.rows):
        text = row[position]
        value = _number(text)
        if text is None or value is None:
            continue
        found = _rows_like(row, made, source, columns)
        cell = _cell(value, [_released(formula, each) for each in found])
        if cell is not _Cell.EXPLAINED:
            yield cell, Finding(f"{name}, row {number + 1}", _words(cell, text))


def _cell(value: Decimal, released: Sequence[Fraction | Decimal | None]) -> _Cell:
    """What a figure is, beside the released figures it may have been made of."""
    known = [figure for figure in released if figure is not None]
    if released and not known:
        return _Cell.RESTORED
    if any(_is_rounded(value, figure) for figure in known):
        return _Cell.EXPLAINED
    if any(_is_finer(value, figure) for figure in known):
        return _Cell.FINER
    return _Cell.UNEXPLAINED


def _is_rounded(value: Decimal, figure: Fraction | Decimal) -> bool:
    """Whether the value is the figure, or the figure with fewer digits."""
    if Fraction(value) == Fraction(figure):
        return True
    place = _last_place(value)
    if isinstance(figure, Decimal) and place < _last_place(figure):
        return False
    return value != 0 and abs(Fraction(value) - Fraction(figure)) * 2 <= place


def _is_finer(value: Decimal, figure: Fraction | Decimal) -> bool:
    """Whether the value becomes the figure when it is written with as few digits."""
    if not isinstance(figure, Decimal):
        return False
    place = _last_place(figure)
    near = abs(Fraction(value) - Fraction(figure)) * 2 <= place
    return near and _last_place(value) < place


def _words(cell: _Cell, text: str) -> str:
    match cell:
        case _Cell.RESTORED:
            return "the release suppresses this cell"
        case _Cell.FINER:
            return "it has more digits than the release"
        case _:
            return f"{text[:40]} does not follow from the cited releases"


def _rows_like(
    row: Sequence[str | None],
    made: Made,
    source: _Source,
    columns: Mapping[str, str],
) -> list[Mapping[str, Any]]:
    """The released rows that agree with a row in every key that it shows."""
    shown = {
        columns.get(name, name): text
        for name, text in zip(made.columns, row, strict=True)
        if columns.get(name, name) in source.keys
    }
    return [
        each
        for each in source.rows
        if all(_text(each[key]) == (text or "") for key, text in shown.items())
    ]


def _released(formula: str, row: Mapping[str, Any]) -> Fraction | Decimal | None:
    """The released figure itself, with its digits, or what a formula makes of some."""
    if formula in row:
        return _number(_text(row[formula]))
    figures = {name: _number(_text(value)) for name, value in row.items()}
    return compute(
        formula,
        {name: None if f is None else Fraction(f) for name, f in figures.items()},
    )


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _number(text: str | None) -> Decimal | None:
    """The number a text is, in digits people write; None for any other text."""
    plain = (text or "").strip().replace(",", "")
    if len(plain) > _LONGEST:
        return None
    try:
        value = Decimal(plain)
    except InvalidOperation:
        return None
    # A short text can be a number of a billion digits.
    return value if value.is_finite() and abs(value.adjusted()) < _LONGEST else None


def _last_place(value: Decimal) -> Fraction:
    """What one unit of the last digit that is written, and is not 0, is worth.

    >>> _last_place(Decimal("12.50")), _last_place(Decimal("1200"))
    (Fraction(1, 10), Fraction(100, 1))
    """
    exponent = value.normalize().as_tuple().exponent
    return Fraction(10) ** (exponent if isinstance(exponent, int) else 0)
