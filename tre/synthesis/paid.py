"""Ask questions one after the other, at what they may cost together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import floor
from typing import Final, TypeAlias

from privacy.accounting import ATTO, NANO, Loss, epsilon_of_rho
from privacy.errors import Refused
from tre.release import Release

Spending: TypeAlias = Mapping[str, float]
"""What to spend on a question, by the keyword of `ask` that says it."""
Spendings: TypeAlias = Sequence[Spending]

_TOGETHER: Final = {"epsilon", "rho"}


@dataclass(frozen=True, slots=True)
class Payer:
    """Who asks, and what all that is asked may cost.

    `ask(sql, **spending)` asks as a researcher does. `split(questions, parts,
    spending)` says what each has of that spending, and is Refused where one of them
    would be, or where the project cannot pay for all: then nothing was asked.
    """

    ask: Callable[..., Release]
    split: Callable[[Sequence[str], Sequence[float], Spending], Spendings]
    spending: Spending

    def parted(
        self, questions: Sequence[str], parts: Sequence[float], part: Fraction
    ) -> tuple[Spendings, Payer]:
        """What each has of this part of the spending, and a payer of the rest.

        Refused where the project cannot pay for all of it. Parts are of ρ, or of ε in
        a pure project, as these add up, in whole nano of either, rounded down.
        """
        if not _TOGETHER & self.spending.keys():
            raise Refused(
                "spending",
                f"This takes {len(questions)} questions and more, so say what they may "
                "cost together: what is left changes from one to the next.",
                suggestion="Say epsilon=1 or rho=0.01, or name fewer columns or bands.",
            )
        whole = self.split(questions, parts, self.spending)
        now = [{k: _nano(v) * part for k, v in each.items()} for each in whole]
        spent = [{k: floor(v) / NANO for k, v in each.items()} for each in now]
        (unit,) = {name for each in whole for name in each}
        left = sum(_nano(each[unit]) for each in whole) * (1 - part)
        return spent, replace(self, spending={unit: floor(left) / NANO})


def paid(
    payer: Payer, questions: Sequence[str], each: Spendings
) -> tuple[Release, ...]:
    """The release of each question, at what each may cost.

    Where one is refused or fails, those before it are paid and are answered again for
    nothing.
    """
    return tuple(
        payer.ask(sql, **own) for sql, own in zip(questions, each, strict=True)
    )


def spendings(
    drafted: Sequence[tuple[str, Refused | None]], *, affordable: bool
) -> Spendings:
    """What to say on each question of an explained batch, such as `rho=0.01`.

    Raises the first refusal, and `budget_exhausted` where it cannot all be paid.
    """
    for _, refusal in drafted:
        if refusal is not None:
            raise refusal
    if not affordable:
        raise Refused(
            "budget_exhausted",
            f"The project cannot pay for all {len(drafted)} questions of this.",
            suggestion="Spend less, or name fewer columns.",
        )
    pairs = (words.split("=") for words, _ in drafted)
    return [{name: float(amount)} for name, amount in pairs]


def _nano(amount: float) -> int:
    return round(amount * NANO)


def together(losses: Sequence[Loss]) -> Loss:
    """What several releases of one project cost together."""
    first = losses[0]
    if len(losses) == 1:
        return first
    if not first.delta:
        epsilon = sum(each.epsilon for each in losses)
        return Loss(rho=epsilon**2 / 2, epsilon=epsilon, delta=0.0)
    nano = sum(round(each.rho * NANO) for each in losses)
    epsilon = epsilon_of_rho(nano, round(first.delta * ATTO))
    return Loss(rho=nano / NANO, epsilon=epsilon, delta=first.delta)
