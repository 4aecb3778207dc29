"""Ask questions one after the other, at what they may cost together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import floor
from typing import Final, Self, TypeAlias

from privacy.accounting import ATTO, NANO, Loss, epsilon_of_rho
from privacy.errors import Refused
from privacy.spending import too_little
from tre.release import Release

Spending: TypeAlias = Mapping[str, float]
"""What to spend on a question, by the keyword of `ask` that says it."""
Spendings: TypeAlias = Sequence[Spending]

_TOGETHER: Final = {"epsilon", "rho"}


@dataclass(frozen=True, slots=True)
class Split:
    """What each of several questions may cost, and what that takes of a project.

    Of these prices a project that has `left` would be charged `charge`: exact repeats
    cost nothing.
    """

    each: Spendings
    charge: Loss
    left: Loss


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a spending, in whole nano of its unit, rounded down, and the rest.

    The unit is ρ, or ε in a pure project, as these add up.
    """

    unit: str
    now: tuple[int, ...]
    rest: int

    @classmethod
    def of(cls, each: Spendings, part: Fraction) -> Self:
        """What each of some questions may cost, as far as this part goes.

        Refused (`spending`) where one has nothing of it.
        """
        (unit,) = {name for spending in each for name in spending}
        whole = [_nano(spending[unit]) for spending in each]
        now = tuple(floor(nano * part) for nano in whole)
        if min(now) < 1:
            raise too_little("a question's part of it comes to nothing.")
        return cls(unit, now, floor(sum(whole) * (1 - part)))

    @property
    def spending(self) -> Spending:
        """What all have of it together."""
        return {self.unit: sum(self.now) / NANO}

    def covered(self, charge: Loss, left: Loss) -> bool:
        """Whether a project could pay for this part and the rest, of what is left.

        Where nothing of this is charged, as it was paid before, the rest may have
        been, too: whoever asks for that says.
        """
        due = _nano(getattr(charge, self.unit))
        return not due or due + self.rest <= _nano(getattr(left, self.unit))


@dataclass(frozen=True, slots=True)
class Payer:
    """Who asks, and what all that is asked may cost.

    `ask(sql, **spending)` asks as a researcher does. `split(questions, parts,
    spending)` says what each has of that spending, and is Refused where one of them
    would be: then nothing was asked.
    """

    ask: Callable[..., Release]
    split: Callable[[Sequence[str], Sequence[float], Spending], Split]
    spending: Spending

    def parted(
        self, questions: Sequence[str], parts: Sequence[float], part: Fraction
    ) -> tuple[Spendings, Payer]:
        """What each has of this part of the spending, and a payer of the rest.

        Refused where the project cannot pay for all of it.
        """
        if not _TOGETHER & self.spending.keys():
            raise Refused(
                "spending",
                f"This takes {len(questions)} questions and more, so say what they may "
                "cost together: what is left changes from one to the next.",
                suggestion="Say epsilon=1 or rho=0.01, or name fewer columns or bands.",
            )
        whole = self.split(questions, parts, self.spending)
        of_it = Part.of(whole.each, part)
        now = self.split(questions, of_it.now, of_it.spending)
        if not of_it.covered(now.charge, now.left):
            raise Refused(
                "budget_exhausted",
                f"The project cannot pay for all of this, {len(questions)} questions "
                "and those that follow from their answers.",
                suggestion="Spend less, or name fewer columns.",
            )
        return now.each, replace(self, spending={of_it.unit: of_it.rest / NANO})


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


def spendings(drafted: Sequence[tuple[str, Refused | None]]) -> Spendings:
    """What to say on each question of an explained batch; raises the first refusal."""
    for _, refusal in drafted:
        if refusal is not None:
            raise refusal
    return said_on([words for words, _ in drafted])


def said_on(words: Sequence[str]) -> Spendings:
    """What an explained batch says on each question, such as `rho=0.01`."""
    pairs = (each.split("=") for each in words)
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
