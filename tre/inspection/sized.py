"""Rows against the size class that a manifest gives a table."""

from __future__ import annotations

from collections.abc import Iterator

from privacy.catalogue import Size
from tre.inspection.report import Finding, Level


def outgrown(table: str, rows: int, size: Size) -> Iterator[Finding]:
    """What the steward should know of a table with more rows than its class has."""
    if rows > size.rows:
        fitting = Size.holding(rows)
        yield Finding(
            Level.WARNING,
            "outgrown",
            table,
            "",
            f"a table of size {size.value} is meant to have {size.rows:,} rows at most,"
            " and this one has more: without a profile its questions are given too"
            " little time, and may fail, charged",
            rows,
            f"tre: {{size: {fitting.value}}}",
        )
