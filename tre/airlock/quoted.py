"""Figures quoted in a text: which of them no cited release has."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

import pyarrow as pa

from tre.airlock.recompute import appears
from tre.airlock.submission import Finding

_FIGURE: Final = re.compile(r"(?<![\w.,-])-?\d+(?:,\d{3})*(?:\.\d+)?(?![\w]|[.,]\d)")
_MOST: Final = 50
_SMALL: Final = 2
_YEAR: Final = range(1900, 2101)


def quoted(text: str, releases: Sequence[pa.Table]) -> tuple[Finding, ...]:
    """Figures of three digits or more that are in no cited release, even rounded.

    Years pass. It is a help for whoever reads the text, and proves nothing.
    """
    found = list(_unexplained(text, releases))
    more = len(found) - _MOST
    tail = [Finding("text", f"and {more} more figures")] if more > 0 else []
    return (*found[:_MOST], *tail)


def _unexplained(text: str, releases: Sequence[pa.Table]) -> Iterator[Finding]:
    for number, line in enumerate(text.splitlines(), 1):
        for match in _FIGURE.finditer(line):
            figure = match.group()
            digits = re.sub(r"[^0-9]", "", figure).strip("0")
            whole = figure.lstrip("-")
            if len(digits) <= _SMALL or (whole.isdigit() and int(whole) in _YEAR):
                continue
            if not appears(figure, releases):
                yield Finding(f"line {number}", f"{figure} is in no cited release")
