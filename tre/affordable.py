"""Whether a project could pay for a question, and else at which margin it could.

From public facts and what the project has left; the ledger has the last word.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import ceil
from typing import Final

from privacy.accounting import Measure
from privacy.errors import Refused
from privacy.explain import Explanation
from privacy.price import Price
from privacy.spending import MOST, Intent, Spending
from tre.ledger.account import Account

_SHARES: Final = ("share=0.01", "share=0.1", "share=0.5", "share=1")
_TRIES: Final = 8
_WIDER: Final = Fraction(11, 10)


@dataclass(frozen=True, slots=True)
class Paying:
    """Who would pay what for a question, as said, and what it costs said otherwise."""

    account: Account
    priced: Price
    said: Spending
    price_at: Callable[[Spending], Price] = field(repr=False)


def beside_left(told: Explanation, paying: Paying, repeats: str) -> Explanation:
    """The same, with what the project has left, and whether that covers it.

    `repeats` is the release that it would be given again for nothing, if any.
    """
    covered = bool(repeats) or _affordable(paying.account, paying.priced)
    margin = "" if covered else _margin(paying)
    instead = (f"With {margin} the project could pay for it.",) if margin else ()
    return replace(
        told,
        left=paying.account.left,
        affordable=covered,
        repeats=repeats,
        cheaper=(*told.cheaper, *instead),
    )


def in_margins(refused: Refused, paying: Paying) -> Refused:
    """A refusal of a margin that is too dear, with one that the project could pay.

    As it is where it is about anything else, or another's budget is what falls short.
    """
    falls_short = not _affordable(paying.account, paying.priced)
    if refused.code != "budget_exhausted" or not falls_short:
        return refused
    suggestion = _margin(paying) or refused.suggestion
    return Refused(refused.code, refused.message, suggestion=suggestion)


def amount_instead(
    refused: Refused, account: Account, price_at: Callable[[Spending], Price]
) -> str:
    """What to spend in place of an amount that was refused; empty where nothing does.

    As the refusal suggests, or the least of some shares: what the project can pay for.
    """
    for said in filter(None, (refused.suggestion, *_SHARES)):
        intent, _, amount = said.partition("=")
        try:
            priced = price_at(Spending(Intent(intent), Fraction(amount)))
        except Refused:
            continue
        if _affordable(account, priced):
            return said
    return ""


def _affordable(account: Account, priced: Price) -> bool:
    return (
        _nano(priced) <= account.left_nano
        and priced.delta_atto <= account.threshold_left_atto
    )


def _margin(paying: Paying) -> str:
    """Nearly the least margin that what is left covers: pricing it has shown that.

    Empty where nothing is left, or no margin was said.
    """
    account, said = paying.account, paying.said
    if said.intent is not Intent.MARGIN or account.left_nano < 1:
        return ""
    for margin in _margins(said.amount, paying.priced, account.left_nano):
        try:
            priced = paying.price_at(Spending(Intent.MARGIN, margin))
        except Refused:
            return ""
        if _affordable(account, priced):
            return f"margin={margin}"
    return ""


def _margins(said: Fraction, priced: Price, left_nano: int) -> Iterator[Fraction]:
    """Whole margins, from where the price as a smooth function of them would fit."""
    over = _nano(priced) / left_nano
    wider = over if priced.measure is Measure.PURE else over**0.5
    margin = said * Fraction(max(wider, 1.0))
    for _ in range(_TRIES):
        whole = Fraction(ceil(margin))
        if whole <= MOST[Intent.MARGIN]:
            yield whole
        margin = max(whole + 1, whole * _WIDER)


def _nano(priced: Price) -> int:
    """What the project itself is charged."""
    pure = priced.measure is Measure.PURE
    return priced.epsilon_nano if pure else priced.rho_nano
