"""Losses, values, and what became of replaced versions, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from math import floor, inf, isfinite, log10
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # imported where it is used: every command starts this module
    from privacy.accounting import Loss
    from tre.governance.pins import Moved


def loss_in_words(loss: Loss) -> str:
    """A loss, or what is left: what of it adds up, and under zCDP what that means.

    >>> from privacy.accounting import Loss
    >>> loss_in_words(Loss(rho=0.0125, epsilon=0.75, delta=5e-7))
    'ρ = 0.0125 (ε = 0.75 at δ = 5e-07)'
    >>> loss_in_words(Loss(rho=0.125, epsilon=0.5, delta=0.0))
    'ε = 0.5'
    """
    if loss.delta == 0:
        return f"ε = {loss.epsilon:.4g}"
    return f"ρ = {loss.rho:.4g} (ε = {loss.epsilon:.4g} at δ = {loss.delta:.2g})"


def value_in_words(value: object) -> str:
    """A key of a released table, as SQL writes it but without quotes.

    >>> value_in_words(2012), value_in_words(True), value_in_words(None)
    ('2012', 'true', 'NULL')
    """
    if value is None:
        return "NULL"
    return str(value).lower() if isinstance(value, bool) else str(value)


def number_in_words(value: float | Decimal, *, width: float = 0.0) -> str:
    """A noised value; thousands are set apart.

    Of a float, no more digits are shown than an interval of this width makes
    meaningful: `--json` has them all.

    >>> number_in_words(12345), number_in_words(Decimal("12345.60"))
    ('12,345', '12,345.60')
    >>> number_in_words(40853.0555, width=7600.0), number_in_words(0.12345, width=0.2)
    ('40,853', '0.123')
    >>> number_in_words(0.5)
    '0.500000'
    """
    if isinstance(value, float) and isfinite(value):
        return f"{value:,.{_decimals(width)}f}"
    return f"{value:,}"


def replaced(pins: Iterable[Moved], releases: Sequence[str]) -> Iterator[str]:
    """Which pins went to versions written anew, and what had used those before."""
    for each in pins:
        yield f"The project {each.project} had pinned {each.version}: now {each.to}."
    yield "The versions they replace are destroyed. Earlier releases that used them:"
    yield ", ".join(releases) or "none"


def _decimals(width: float) -> int:
    """Decimals that leave an interval's width with three or more figures."""
    if not 0 < width < inf:
        return 6
    return min(max(0, 2 - floor(log10(width))), 12)
