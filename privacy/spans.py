"""Sets of a column's public values, as ranges of whole numbers: what a condition keeps.

Every column has an axis. Values that are listed stand on it in their order, numbers,
dates and times at their ordinal, other text at its digest; NULL has a place of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from privacy.catalogue import Domain, Type, Value
from privacy.ordinal import ordinal

_FAR: Final = 2**66
_NULL: Final = 2**80
_TEXTS: Final = 2**64

Range = tuple[int, int]
"""From the first to before the second."""


@dataclass(frozen=True, slots=True)
class Spans:
    """Some places of an axis: ranges that do not touch, in order."""

    ranges: tuple[Range, ...]

    @property
    def size(self) -> int:
        """How many places."""
        return sum(high - low for low, high in self.ranges)

    def __or__(self, other: Spans) -> Spans:
        """The places in either."""
        return spans([*self.ranges, *other.ranges])

    def __and__(self, other: Spans) -> Spans:
        """The places in both."""
        met = ((max(a, c), min(b, d)) for a, b in self.ranges for c, d in other.ranges)
        return spans(met)

    def __sub__(self, other: Spans) -> Spans:
        """The places that are not in the other."""
        left = list(self.ranges)
        for low, high in other.ranges:
            left = [
                part
                for a, b in left
                for part in ((a, min(b, low)), (max(a, high), b))
                if part[0] < part[1]
            ]
        return spans(left)


NOTHING: Final = Spans(())
NULL_PLACE: Final = Spans(((_NULL, _NULL + 1),))


def spans(ranges: Iterable[Range]) -> Spans:
    """The places of some ranges, whatever their order, joined where they touch.

    >>> spans([(5, 7), (1, 3), (3, 4)])
    Spans(ranges=((1, 4), (5, 7)))
    """
    made: list[Range] = []
    for low, high in sorted(each for each in ranges if each[0] < each[1]):
        if made and low <= made[-1][1]:
            made[-1] = made[-1][0], max(made[-1][1], high)
        else:
            made.append((low, high))
    return Spans(tuple(made))


def values_axis(domain: Domain) -> Spans:
    """Every place that a value may have."""
    if domain.values is not None:
        return spans([(0, len(domain.values))])
    if domain.type is Type.TEXT:
        return spans([(0, _TEXTS)])
    low = -_FAR if domain.lower is None else ordinal(domain.lower)
    high = _FAR if domain.upper is None else ordinal(domain.upper) + 1
    return spans([(low, high)])


def axis(domain: Domain) -> Spans:
    """Every place of a column, that of NULL among them where it has any."""
    whole = values_axis(domain)
    return whole | NULL_PLACE if domain.nullable else whole


def place(value: Value, domain: Domain) -> int | None:
    """Where a value stands; None where it can have no place."""
    if domain.values is not None:
        return domain.values.index(value) if value in domain.values else None
    if isinstance(value, str):
        digest = hashlib.sha256(value.encode(errors="surrogatepass")).digest()
        return int.from_bytes(digest[:8], "big")
    return ordinal(value)


def share(part: Spans, whole: Spans) -> Fraction:
    """The share of an axis, as if its places were equally full."""
    return Fraction(part.size, max(1, whole.size))
