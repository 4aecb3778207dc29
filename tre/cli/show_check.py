"""An inspection as a person reads it: the findings first, then what they rest on."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Final

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from tre.cli.output import columns
from tre.cli.show_dataset import ROWS, figures
from tre.inspection.report import (
    ColumnProfile,
    Finding,
    Level,
    Report,
    Risk,
    RowsPerPerson,
    TableReport,
)

_LEVELS: Final = {
    Level.SERIOUS: "Put right before publishing",
    Level.WARNING: "Look at",
    Level.NOTE: "Worth knowing",
}
_MOST_CAPS: Final = 8


def checked(report: Report) -> Iterator[RenderableType]:
    """What was found, table by table, and what to change."""
    yield f"{report.dataset} {report.version}: what intake would make of it."
    yield ""
    yield from figures(report.counts, ROWS)
    for level, found in groupby(report.findings, key=lambda one: one.level):
        yield ""
        yield f"{_LEVELS[level]}:"
        for finding in found:
            yield from _finding(finding)
    for table in report.tables:
        yield from _table(table)
    yield ""
    yield "For the steward alone: these figures are exact. Nothing was published."


def _finding(finding: Finding) -> Iterator[RenderableType]:
    place = f"{finding.table}.{finding.column}" if finding.column else finding.table
    yield Text(f"  {place}: {finding.message}.")
    if finding.change:
        yield Text(f"      {finding.change}")


def _table(table: TableReport) -> Iterator[RenderableType]:
    yield ""
    yield f"{table.table}"
    yield _columns(table.columns)
    if table.identifiers:
        yield ""
        yield _identifiers(table)
    if table.persons is not None:
        yield ""
        yield from _persons(table.persons)
    if table.risk is not None:
        yield ""
        yield from _risk(table.risk)


def _columns(profiles: tuple[ColumnProfile, ...]) -> Table:
    numbers = ("missing", "distinct", "least", "median", "greatest")
    shown = columns("column", "type", "role", *numbers, right=numbers)
    for one in profiles:
        median = one.quartiles[1] if one.quartiles else ""
        missing = f"{one.missing / one.rows:.1%}" if one.rows else ""
        shown.add_row(
            one.name,
            one.type,
            one.role,
            missing,
            f"{one.distinct:,}",
            one.least,
            median,
            one.greatest,
        )
    return shown


def _identifiers(table: TableReport) -> Table:
    numbers = ("missing", "distinct", "wrong")
    shown = columns("identifier", "kind", *numbers, right=numbers)
    for one in table.identifiers:
        missing = f"{one.missing / one.rows:.1%}" if one.rows else ""
        shown.add_row(
            one.name, one.kind, missing, f"{one.distinct:,}", f"{one.wrong:,}"
        )
    return shown


def _persons(persons: RowsPerPerson) -> Iterator[RenderableType]:
    yield (
        f"{persons.people:,} people by equal identifiers, who have "
        f"{persons.most:,} row{'' if persons.most == 1 else 's'} at most; the cap of "
        f"{persons.cap} would drop {persons.dropped:,} rows."
    )
    caps = ", ".join(
        f"{cap.rows_per_person}: {cap.dropped:,}"
        for cap in persons.other_caps[:_MOST_CAPS]
        if cap.rows_per_person != persons.cap
    )
    if caps:
        yield f"Dropped by other caps: {caps}."
    for bound in persons.bounds:
        yield (
            f"Keeping, of a person's rows, {bound.words} would by itself drop "
            f"{bound.shown}."
        )


def _risk(risk: Risk) -> Iterator[RenderableType]:
    yield (
        f"Over {', '.join(risk.columns)}: k = {risk.smallest}; {risk.unique:,} of "
        f"{risk.people:,} people are alone."
    )
    classes = ", ".join(f"{bar.label}: {bar.rows:,}" for bar in risk.classes)
    yield f"People by how many share their combination: {classes}."
    special = ", ".join(
        f"{bar.label} column{'s' if bar.label != '1' else ''}: {bar.rows:,}"
        for bar in risk.special
    )
    yield f"People singled out by as few as (special uniques): {special}."
    for one in risk.diversity:
        shared = f"{one.homogeneous:,} people share one value"
        yield f"{one.column}: l = {one.least}; {shared}."
