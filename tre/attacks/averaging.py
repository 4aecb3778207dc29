"""Ask the same thing again and again, in the same words and in others, and average.

Noise that is drawn anew for every asking cancels out. Rewrites that mean the same are
what get past a system that remembers its questions by their text.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

import numpy as np

from tre.attacks.people import CODES, People
from tre.attacks.score import Score, scored
from tre.attacks.target import Target

_Words: TypeAlias = Callable[[str, int], str]

TIMES: Final = 12
VICTIMS: Final = 20


def repeats(target: Target, people: People) -> Score:
    """Whether some people are sick, by differencing answers to repeated questions."""
    return _averaged("repeats", target, people, lambda where, _: where)


def rewrites(target: Target, people: People) -> Score:
    """The same by questions that say the same, each in other words."""
    return _averaged("rewrites", target, people, _rewritten)


def _rewritten(where: str, time: int) -> str:
    """The same condition: no code is that large, and none is below 0."""
    return f"({where}) AND code < {CODES + time} AND code >= {-time}"


def _averaged(name: str, target: Target, people: People, words: _Words) -> Score:
    def average(where: str) -> float:
        answers = [target.count(words(where, time)) for time in range(TIMES)]
        known = [each for each in answers if not np.isnan(each)]
        return float(np.mean(known)) if known else np.nan

    every = average("sick = 1")
    victims = _victims(people)
    estimates = np.full(people.size, np.nan)
    for victim in victims:
        others = average(f"sick = 1 AND code <> {people.codes[victim]}")
        estimates[victim] = every - others
    right = people.right(estimates)[victims]
    return scored(name, target.policy, hits=int(np.sum(right)), trials=len(victims))


def _victims(people: People) -> list[int]:
    """As many who are sick as who are not."""
    half = VICTIMS // 2
    return [
        int(each)
        for kind in (0, 1)
        for each in np.flatnonzero(people.sick == kind)[:half]
    ]
