"""A release as a person reads it: each value with its interval, then its cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from rich.console import RenderableType
from rich.table import Table

from privacy.accounting import Loss
from tre.cli.output import columns
from tre.cli.show_explanation import together
from tre.cli.words import loss_in_words, number_in_words, value_in_words
from tre.release import Release

MOST_ROWS: Final = 200
"""Rows printed of a long table; `--json` prints all of them."""

_HIDDEN: Final = "—"
_INTERVAL: Final = "95% interval"

_MEANINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "unreliable": "the interval is wide beside the value",
        "suppressed:frequency": "too few people may stand behind it",
        "suppressed:dominance": "one person or firm may make up most of it",
        "suppressed:class": "everybody behind it may be alike",
        "suppressed:secondary": "it would give away another suppressed value",
    }
)


def released(release: Release, left: Loss) -> Iterator[RenderableType]:
    """The table, what its statuses mean, what it cost and what is left."""
    names = release.table.column_names
    noised = [name for name in names if f"{name}_status" in names]
    yield _table(release, noised)
    yield ""
    yield from _remarks(release, noised)
    yield from together(release.history)
    yield _cost(release)
    yield f"Left: {loss_in_words(left)}."


def _table(release: Release, noised: list[str]) -> Table:
    """A column for each that was asked; beside a noised one, its interval or status."""
    added = {f"{name}_{end}" for name in noised for end in ("low", "high", "status")}
    asked = [name for name in release.table.column_names if name not in added]
    headings = [heading for name in asked for heading in _headings(name, noised)]
    right = [name for name in headings if name in noised or name == _INTERVAL]
    table = columns(*headings, right=right)
    for row in release.table.slice(0, MOST_ROWS).to_pylist():
        table.add_row(*(cell for name in asked for cell in _cells(name, row, noised)))
    return table


def _headings(name: str, noised: list[str]) -> tuple[str, ...]:
    return (name, _INTERVAL) if name in noised else (name,)


def _cells(name: str, row: Mapping[str, Any], noised: list[str]) -> tuple[str, ...]:
    if name not in noised:
        return (value_in_words(row[name]),)
    status = row[f"{name}_status"]
    if row[name] is None:
        return _HIDDEN, status
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    width = float(high) - float(low)
    interval = " to ".join(number_in_words(end, width=width) for end in (low, high))
    if status != "ok":
        interval = f"{interval}, {status}"
    return number_in_words(row[name], width=width), interval


def _remarks(release: Release, noised: list[str]) -> Iterator[str]:
    """What the statuses in the table mean, and how much of it was not printed."""
    rows = release.table.num_rows
    if rows > MOST_ROWS:
        yield f"{MOST_ROWS:,} of {rows:,} rows are shown; --json prints all of them."
    found = {
        status
        for name in noised
        for status in release.table.column(f"{name}_status").unique().to_pylist()
    }
    for status, meaning in _MEANINGS.items():
        if status in found:
            yield f"{status}: {meaning}."


def _cost(release: Release) -> str:
    if not release.charged:
        return f"Cost: nothing, this was answered before. Release {release.id}."
    return f"Cost: {loss_in_words(release.loss)}. Release {release.id}."
