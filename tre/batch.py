"""How wrong a whole list of questions will be at one split, before any is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import Final, Self

from privacy.accounting import ATTO, Loss, Measure
from privacy.errors import Refused
from privacy.explain import Explanation
from privacy.price import loss_of
from privacy.spending import (
    MOST,
    Allowance,
    Intent,
    asked_nano,
    check_amount,
    too_little,
)
from tre.enquiry import Gate, admitted, explain_question
from tre.ledger.account import Account
from tre.ledger.budget import plain
from tre.ledger.question import Asked
from tre.spend import Spend

MOST_QUESTIONS: Final = 200


@dataclass(frozen=True, slots=True)
class Drafted:
    """One question of a batch: what it would cost and err, or why it is refused.

    `spending` is what to say when asking it, so that it has its part.
    """

    sql: str
    spending: str
    explanation: Explanation | None
    refusal: Refused | None


@dataclass(frozen=True, slots=True)
class Batch:
    """A list of questions, each explained at its part of what is to be spent.

    `loss` is what all that are not refused cost together, `half_error` what they
    would with half the error each, `left` what the project has. Of `loss` it would be
    charged `charge`, as exact repeats cost nothing; whether it could pay that is
    `affordable`. Nothing was read or spent.
    """

    questions: tuple[Drafted, ...]
    loss: Loss
    half_error: Loss
    charge: Loss
    left: Loss
    affordable: bool

    @property
    def words(self) -> tuple[str, ...]:
        """The same in sentences: one or more for each question, then the whole."""
        each = (
            f"{number}. {line}"
            for number, drafted in enumerate(self.questions, 1)
            for line in _said(drafted)
        )
        return (
            *each,
            f"Together this costs ρ = {self.loss.rho:.6g} "
            f"(ε = {self.loss.epsilon:.4g}) of ρ = {self.left.rho:.6g} left; half "
            f"the error of each would cost ρ = {self.half_error.rho:.6g} "
            f"(ε = {self.half_error.epsilon:.4g}).",
            *self.repeated_words,
            *(() if self.affordable else ("The project cannot pay for all of them.",)),
        )

    @property
    def repeated_words(self) -> tuple[str, ...]:
        """What of the price would be charged, where some are exact repeats."""
        if self.charge == self.loss:
            return ()
        return (
            f"Of this ρ = {self.charge.rho:.6g} would be charged: the rest repeats "
            "what was answered before.",
        )


def explain_batch(
    gate: Gate,
    asked: Sequence[Asked],
    spend: Spend,
    parts: Sequence[float] | None = None,
) -> Batch:
    """Explain questions of one project that share what is to be spent.

    ε, ρ or a share is for all of them together, and each has its part of it, evenly
    where no `parts` are given; a margin is each question's own. Refused with `spending`
    where parts do not fit, and as `explain_question` where nobody may ask at all; a
    question that would be refused by itself is told so in its place.
    """
    _check(asked, spend, parts)
    account = admitted(gate, asked[0]).account
    spends = _spends(spend, account, parts or [1.0] * len(asked))
    drafted = tuple(
        _drafted(gate, each, own) for each, own in zip(asked, spends, strict=True)
    )
    return _batch(drafted, account)


def _check(asked: Sequence[Asked], spend: Spend, parts: Sequence[float] | None) -> None:
    if not 1 <= len(asked) <= MOST_QUESTIONS:
        raise _refused(
            f"These are {len(asked)} questions; a list has 1 to {MOST_QUESTIONS}. "
            "Explain a longer one in several."
        )
    if parts is None:
        return
    if spend.spending.intent is Intent.MARGIN:
        raise _refused("Every question has a margin of its own: leave the parts out.")
    positive = all(0 < part < MOST[Intent.MARGIN] for part in parts)
    if len(parts) != len(asked) or not positive:
        raise _refused(
            f"Parts are positive numbers, one for each of the {len(asked)} questions. "
            "Without parts each has as much."
        )


def _spends(spend: Spend, account: Account, parts: Sequence[float]) -> list[Spend]:
    """What each question is to spend, in the project's own measure."""
    if spend.spending.intent is Intent.MARGIN:
        check_amount(spend.spending)
        return [spend] * len(parts)
    allowance = Allowance(account.measure, account.left_nano, account.conversion_atto)
    nano, whole = asked_nano(spend.spending, allowance), sum(map(_exact, parts))
    whole_nano = [floor(nano * _exact(each) / whole) for each in parts]
    if min(whole_nano) < 1:
        raise too_little("a question's part of it comes to nothing.")
    shares = [Decimal(each).scaleb(-9) for each in whole_nano]
    pure = account.measure is Measure.PURE
    return [
        Spend(epsilon=float(each)) if pure else Spend(rho=float(each))
        for each in shares
    ]


def _exact(part: float) -> Fraction:
    return Fraction(str(part))


def _drafted(gate: Gate, asked: Asked, spend: Spend) -> Drafted:
    said = spend.spending
    words = f"{said.intent.value}={_decimal(said.amount)}"
    asked = replace(asked, spending=spend.said())
    try:
        return Drafted(asked.text, words, explain_question(gate, asked, spend), None)
    except Refused as refusal:
        return Drafted(asked.text, words, None, refusal)


def _decimal(amount: Fraction) -> str:
    return plain(Decimal(amount.numerator) / Decimal(amount.denominator))


def _batch(drafted: tuple[Drafted, ...], account: Account) -> Batch:
    known = [each.explanation for each in drafted if each.explanation is not None]
    new = [each for each in known if not each.repeats]
    charge = _Sum.of([each.loss for each in new], account)
    return Batch(
        drafted,
        _Sum.of([each.loss for each in known], account).loss(account),
        _Sum.of([each.half_error for each in known], account).loss(account),
        charge.loss(account),
        account.left,
        affordable=charge.nano <= account.left_nano
        and charge.thresholds_atto <= account.threshold_left_atto,
    )


@dataclass(frozen=True, slots=True)
class _Sum:
    """Losses of one project added up, in what adds up: ρ or ε, and δ of thresholds."""

    nano: int
    thresholds_atto: int

    @classmethod
    def of(cls, losses: Sequence[Loss], account: Account) -> Self:
        pure = account.measure is Measure.PURE
        spent = sum(each.epsilon if pure else each.rho for each in losses)
        conversion = account.conversion_atto
        told = (0 if pure else round(x.delta * ATTO) - conversion for x in losses)
        return cls(round(spent * 10**9), sum(told))

    def loss(self, account: Account) -> Loss:
        return loss_of(
            account.measure, self.nano, account.conversion_atto, self.thresholds_atto
        )


def _said(drafted: Drafted) -> tuple[str, ...]:
    if drafted.refusal is not None:
        return refused_words(drafted.refusal)
    if drafted.explanation is None:
        return ()
    columns = "; ".join(
        f"{column.column} {column.words}" for column in drafted.explanation.columns
    )
    return (f"{drafted.spending}: {columns}.",)


def refused_words(refusal: Refused) -> tuple[str, ...]:
    """Why a question of a batch is refused, where, and what would pass."""
    at = f" At {refusal.position}: {refusal.clause}" if refusal.position else ""
    why = f"Refused ({refusal.code}): {refusal.message}{at}"
    if not refusal.suggestion:
        return (why,)
    return (why, f"Try: {refusal.suggestion}")


def _refused(message: str) -> Refused:
    """What no other amount would mend has no suggestion."""
    return Refused("spending", message)
