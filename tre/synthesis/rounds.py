"""Ask for what rows are made of: all pairs at once, or those that matter again.

Where one question holds all pairs, it is asked. Where it takes several, each pair's
part of a price is small, and most pairs say little that others do not imply: a first
round has a part of the price, and those that its answers show to matter are asked
again for the rest. What they show is noised and paid for, so that choosing is
post-processing, and both rounds are questions as any. MST and AIM choose by a noisy
maximum over the data instead: a second path to it, by which rows are no nearer
(`tests.bench.choosing`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from tre.release import Release
from tre.synthesis.asked import Block, Pair, blocks
from tre.synthesis.columns import Category
from tre.synthesis.marginals import Marginals, marginals
from tre.synthesis.model import likeliest
from tre.synthesis.paid import Payer, paid

LOOK: Final = Fraction(1, 4)
"""What a first round has of a price: enough to tell which pairs matter."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What was asked, a release each, what they say, and which pairs are modelled."""

    asked: tuple[Block, ...]
    releases: tuple[Release, ...]
    known: Marginals
    modelled: tuple[Pair, ...]


def rounds(payer: Payer, table: str, columns: Sequence[Category]) -> Answered:
    """Ask for the pairs of a table's columns, in one round or in two.

    Raises Refused as the payer does; and Invalid where all that was paid is hidden.
    """
    every = blocks(table, columns)
    if len(every) == 1:
        only = (payer.ask(every[0].sql, **payer.spending),)
        known = _read(every, only, columns)
        return Answered(every, only, known, likeliest(known))
    first, rest = _paid(payer, every, LOOK)
    likely = likeliest(_read(every, first, columns))
    again = blocks(table, columns, likely)
    second, _ = _paid(rest, again, Fraction(1))
    asked, releases = (*every, *again), (*first, *second)
    return Answered(asked, releases, _read(asked, releases, columns), likely)


def _paid(
    payer: Payer, asked: Sequence[Block], part: Fraction
) -> tuple[tuple[Release, ...], Payer]:
    """The releases of what is asked for a part of a price, and a payer of the rest."""
    questions = [each.sql for each in asked]
    spent, rest = payer.parted(questions, [each.weight for each in asked], part)
    return paid(payer, questions, spent), rest


def _read(
    asked: Sequence[Block], releases: Sequence[Release], columns: Sequence[Category]
) -> Marginals:
    answers = [each.to_arrow() for each in releases]
    return marginals(list(zip(asked, answers, strict=True)), len(columns))
