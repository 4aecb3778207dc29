"""Budgets of populations: what was granted, what is spent, and since the beginning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, TypeAlias

from privacy.accounting import NANO, epsilon_of_rho
from tre.ledger.budget import plain
from tre.register.happening import Happening

Account: TypeAlias = tuple[str, str, int]
"""Its kind, name and period."""

_CHARGES: Final = ("question.reserved", "profile.reserved", "profile.released")
_OPENED: Final = ("population.created", "population.period_opened")


def spent(happened: Sequence[Happening]) -> Mapping[Account, int]:
    """What each account has paid, in nano-ρ, or nano-ε of a pure project."""
    charges: dict[tuple[str, Account], int] = {}
    for each in happened:
        if each.kind in _CHARGES:
            for one in each.detail["charges"]:
                key = (one["kind"], one["name"], one["period"])
                charges[each.subject, key] = one["nano"]
    total: dict[Account, int] = {}
    for (_, key), nano in charges.items():
        total[key] = total.get(key, 0) + nano
    return total


def populations(happened: Sequence[Happening]) -> list[Any]:
    """Every population, by name, with its budgets in order."""
    paid = spent(happened)
    opened: dict[str, list[Happening]] = {}
    for each in happened:
        if each.kind in _OPENED:
            opened.setdefault(each.subject, []).append(each)
    return [_population(name, opened[name], paid) for name in sorted(opened)]


def rho(nano: int) -> str:
    """Nano-ρ (or nano-ε) as ρ (or ε), exactly.

    >>> rho(12_500_000)
    '0.0125'
    """
    return plain(Decimal(nano) / NANO)


def epsilon(nano: int, conversion_atto: int) -> str:
    """What nano-ρ means as ε, to four figures."""
    return f"{epsilon_of_rho(nano, conversion_atto):.4g}"


def _population(
    name: str, opened: list[Happening], paid: Mapping[Account, int]
) -> dict[str, Any]:
    since = sum(
        nano
        for (kind, whose, _), nano in paid.items()
        if (kind, whose) == ("population", name)
    )
    conversion = opened[-1].detail["conversion_atto"]
    return {
        "name": name,
        "periods": [_period(name, each, paid) for each in opened],
        "since_the_beginning": {
            "rho": rho(since),
            "epsilon": epsilon(since, conversion),
        },
    }


def _period(name: str, each: Happening, paid: Mapping[Account, int]) -> dict[str, Any]:
    granted: Mapping[str, Any] = each.detail
    nano = paid.get(("population", name, granted["period"]), 0)
    return {
        "period": granted["period"],
        "from": each.day,
        "until": granted["until"],
        "epsilon": granted["epsilon"],
        "delta": granted["delta"],
        "spent": {"rho": rho(nano), "of_rho": rho(granted["total_nano"])},
    }
