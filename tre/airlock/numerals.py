"""The number that a text is, and whether it is another with fewer digits. Pure."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from typing import Final

_LONGEST: Final = 60
_WRITTEN: Final = re.compile(
    r"[+-]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?"
)
"""One spelling of a number: a point before decimals, and commas between thousands."""


def number(text: str | None) -> Decimal | None:
    """The number a text is; None for any other text, digits of other scripts included.

    >>> number("1,204.50"), number("12,5"), number("7%"), number("٤٧")
    (Decimal('1204.50'), None, None, None)
    """
    plain = (text or "").strip()
    if len(plain) > _LONGEST or not _WRITTEN.fullmatch(plain):
        return None
    value = Decimal(plain.replace(",", ""))
    # A short text can be a number of a billion digits.
    return value if abs(value.adjusted()) < _LONGEST else None


def is_rounded(value: Decimal, figure: Fraction | Decimal) -> bool:
    """Whether the value is the figure, or the figure with fewer digits: one at least.

    >>> is_rounded(Decimal(1000), Decimal(960)), is_rounded(Decimal(1000), Decimal(600))
    (True, False)
    """
    exact = Fraction(figure)
    if Fraction(value) == exact:
        return True
    if not value or not exact:
        return False
    place = last_place(value)
    if isinstance(figure, Decimal) and place < last_place(figure):
        return False
    leading = Fraction(10) ** _adjusted(exact)
    return abs(Fraction(value) - exact) * 2 <= min(place, leading)


def is_finer(value: Decimal, figure: Fraction | Decimal) -> bool:
    """Whether the value becomes the figure when it is written with as few digits."""
    if not isinstance(figure, Decimal):
        return False
    place = last_place(figure)
    near = abs(Fraction(value) - Fraction(figure)) * 2 <= place
    return near and last_place(value) < place


def last_place(value: Decimal) -> Fraction:
    """What one unit of the last digit that is written, and is not 0, is worth.

    >>> last_place(Decimal("12.50")), last_place(Decimal("1200"))
    (Fraction(1, 10), Fraction(100, 1))
    """
    exponent = value.normalize().as_tuple().exponent
    return Fraction(10) ** (exponent if isinstance(exponent, int) else 0)


def _adjusted(exact: Fraction) -> int:
    """The power of ten of the first digit."""
    return (Decimal(exact.numerator) / Decimal(exact.denominator)).adjusted()
