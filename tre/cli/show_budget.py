"""What is left of a budget, and what it would buy, as a person reads it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from rich.console import RenderableType

from privacy.accounting import Loss
from tre.cli.output import columns
from tre.cli.words import loss_in_words
from tre.cli.worth import worth

_HEADINGS: Final = ("95% margin", "price each", "affordable")


@dataclass(frozen=True, slots=True)
class Account:
    """What a project or a population has left."""

    kind: str
    name: str
    left: Loss


def account_document(account: Account) -> dict[str, Any]:
    """The account as JSON has it, its name under its kind."""
    return {
        account.kind: account.name,
        "left": account.left,
        "buys": worth(account.left),
    }


def left_over(accounts: list[Account]) -> Iterator[RenderableType]:
    """Each account with what is left and what that buys."""
    if not accounts:
        yield "There is no population that has a dataset yet."
    for account in accounts:
        yield f"{account.name} has {loss_in_words(account.left)} left."
        yield "That would buy, for example, this many counts of people:"
        yield ""
        table = columns(*_HEADINGS, right=_HEADINGS)
        symbol = "ε" if account.left.delta == 0 else "ρ"
        for each in worth(account.left):
            price = f"{symbol} = {each.price:.2g}"
            table.add_row(f"± {each.margin}", price, f"{each.affordable:,}")
        yield table
