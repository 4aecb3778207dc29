"""Why an account cannot pay, in words that say what would pass."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from math import isqrt
from typing import Final

from privacy.accounting import NANO, Measure, epsilon_of_rho
from privacy.errors import Refused
from privacy.spending import WITH_NOTHING_LEFT
from tre.ledger.account import Account, Kind, State
from tre.ledger.budget import plain
from tre.ledger.question import Cost

_FROZEN: Final = {
    Kind.PROJECT: ("project_not_active", "The project is not active."),
    Kind.DATASET: ("dataset_withdrawn", "The dataset has been withdrawn."),
    Kind.POPULATION: ("period_ended", "The population's budget is closed."),
}
_ENDED: Final = {
    Kind.PROJECT: ("project_expired", "The project's approval has run out."),
    Kind.DATASET: ("dataset_withdrawn", "The dataset's period has ended."),
    Kind.POPULATION: ("period_ended", "The population's budget period has ended."),
}


def nano_charged(held: Account, cost: Cost) -> int:
    """What this account pays. ValueError where the price is in another measure."""
    if held.owner.kind is not Kind.PROJECT:
        return cost.rho_nano
    if held.measure is not cost.measure:
        raise ValueError("the price is not in the project's measure")
    return cost.project_nano


def shortfall(held: Account, cost: Cost, draws: int, today: date) -> Refused | None:
    """The refusal this account makes, or None where it can pay."""
    if held.state is not State.OPEN:
        return Refused(*_FROZEN[held.owner.kind])
    if held.until is not None and held.until < today:
        return Refused(*_ENDED[held.owner.kind])
    if nano_charged(held, cost) > held.left_nano:
        return _too_dear(held, cost, draws)
    if cost.threshold_atto > held.threshold_left_atto:
        return Refused(
            "budget_exhausted",
            f"{_whose(held)} has not enough delta left for a threshold: group by keys "
            "that are public.",
        )
    return None


def _too_dear(held: Account, cost: Cost, draws: int) -> Refused:
    asked, left = nano_charged(held, cost), held.left_nano
    affordable = _affordable(held, cost, left // draws)
    why = (
        f"{_whose(held)} has {_loss(held, left)} left; this costs {_loss(held, asked)}."
    )
    if not affordable:
        why = f"{why} {WITH_NOTHING_LEFT}"
    return Refused("budget_exhausted", why, suggestion=affordable)


def _affordable(held: Account, cost: Cost, left_nano: int) -> str:
    """The most a question may say it spends here; empty where nothing is left."""
    if cost.measure is Measure.PURE and held.measure is Measure.ZCDP:
        # A pure epsilon costs epsilon^2 / 2 of rho.
        left_nano = isqrt(2 * NANO * left_nano)
    if left_nano == 0:
        return ""
    unit = "epsilon" if cost.measure is Measure.PURE else "rho"
    return f"{unit}={_words(left_nano)}"


def _loss(held: Account, nano: int) -> str:
    """What adds up, and under zCDP what that means alone."""
    if held.measure is Measure.PURE:
        return f"epsilon = {_words(nano)}"
    epsilon = epsilon_of_rho(nano, held.conversion_atto)
    return f"rho = {_words(nano)} (epsilon = {epsilon:.4g})"


def _whose(held: Account) -> str:
    return f"The {held.owner.kind.value} {held.owner.name}"


def _words(nano: int) -> str:
    return plain(Decimal(nano).scaleb(-9))
