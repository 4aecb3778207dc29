"""Find a condition that exactly one person meets, although it is rare.

Predicate singling out (Cohen and Nissim 2020, Towards formalizing the GDPR's notion of
singling out): a condition of weight w isolates somebody among n by chance with
probability n·w·(1 − w)^(n − 1), so only one of small weight is worth anything. Counts
lead to it by halving an interval of codes, towards the half where more people are.
"""

from __future__ import annotations

from math import ceil, log2
from typing import Final

import numpy as np

from tre.attacks.people import CODES, People
from tre.attacks.score import Score, scored
from tre.attacks.target import Target

WINDOWS: Final = 20
NARROW: Final = 2
"""Codes of the condition that is tried at the end."""

MOST_QUESTIONS: Final = 2 * WINDOWS * ceil(log2(CODES / WINDOWS / NARROW) + 1)


def singling_out(target: Target, people: People) -> Score:
    """How many of some narrow conditions, each found by halving, isolate a person."""
    width = CODES // WINDOWS
    found = [_halved(target, place * width, width) for place in range(WINDOWS)]
    codes = people.codes[: people.size]
    hits = sum(int(np.sum((codes >= low) & (codes < high))) == 1 for low, high in found)
    weight = max(high - low for low, high in found) / CODES
    chance = people.size * weight * (1 - weight) ** (people.size - 1)
    return scored(
        "singling out", target.policy, hits=hits, trials=WINDOWS, chance=chance
    )


def _halved(target: Target, low: int, width: int) -> tuple[int, int]:
    """An interval of at most `NARROW` codes in a window."""
    high = low + width
    while high - low > NARROW:
        middle = (low + high) // 2
        below = _told(target, low, middle)
        above = _told(target, middle, high)
        low, high = (low, middle) if below > above else (middle, high)
    return low, high


def _told(target: Target, low: int, high: int) -> float:
    """How many are said to have a code in [low, high); fewest where nothing is."""
    told = target.count(f"code >= {low} AND code < {high}")
    return -np.inf if np.isnan(told) else told
