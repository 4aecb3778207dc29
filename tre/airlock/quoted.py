"""Figures quoted in a text: which of them no cited release has."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Final

import pyarrow as pa

from tre.airlock.cited import text_of
from tre.airlock.numerals import is_rounded, last_place, number
from tre.airlock.submission import Finding

_FIGURE: Final = re.compile(r"[0-9](?:[0-9,.]*[0-9])?")
_MOST: Final = 50
_SMALL: Final = 2
_YEAR: Final = re.compile(r"19[0-9]{2}|20[0-9]{2}|2100")


def quoted(text: str, releases: Sequence[pa.Table]) -> tuple[Finding, ...]:
    """Figures of three digits or more that are in no cited release, even rounded.

    Years pass. Digits of every script count, and numerals that are no digits are
    pointed out. It is a help for whoever reads the text, and proves nothing: a number
    in words is not found.
    """
    found = list(_unexplained(text, _figures(releases)))
    more = len(found) - _MOST
    tail = [Finding("text", f"and {more} more figures")] if more > 0 else []
    return (*found[:_MOST], *tail)


def _unexplained(text: str, released: Sequence[Decimal]) -> Iterator[Finding]:
    for place, line in enumerate(text.splitlines(), 1):
        plain = _in_ascii(line)
        for figure in _FIGURE.findall(plain):
            if not _passes(figure) and not _appears(figure, released):
                yield Finding(f"line {place}", f"{figure[:40]} is in no cited release")
        if any(each.isnumeric() and not _has_digit(each) for each in line):
            yield Finding(f"line {place}", "it has numerals that are no digits")


def _in_ascii(line: str) -> str:
    """The line with digits of every script, and those of other shapes, as 0 to 9."""
    return "".join(
        str(unicodedata.decimal(each, each))
        for each in unicodedata.normalize("NFKC", line)
    )


def _has_digit(character: str) -> bool:
    return _FIGURE.search(_in_ascii(character)) is not None


def _passes(figure: str) -> bool:
    digits = re.sub(r"[,.]", "", figure).strip("0")
    return len(digits) <= _SMALL or _YEAR.fullmatch(figure) is not None


def _appears(figure: str, released: Sequence[Decimal]) -> bool:
    """Whether a figure is in some release, itself or with fewer digits, of any sign."""
    value = number(figure)
    if value is None:
        return False
    return any(
        is_rounded(signed, each)
        for signed in (value, -value)
        for each in _near(signed, released)
    )


def _near(value: Decimal, released: Sequence[Decimal]) -> Sequence[Decimal]:
    """Those that differ by no more than the value's last digit is worth."""
    exact, place = Fraction(value), last_place(value)
    first = bisect_left(released, exact - place)
    return released[first : bisect_right(released, exact + place)]


def _figures(releases: Sequence[pa.Table]) -> Sequence[Decimal]:
    """Every number of the releases, once, in order."""
    return sorted(
        {
            found
            for table in releases
            for column in table.itercolumns()
            for value in column.to_pylist()
            if (found := number(text_of(value))) is not None
        }
    )
