"""Which guess is made of which score, chosen for the highest bound."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tre.distinguish.score import Scores

_MARKS: Final = 60
"""Scores that are tried as the least, or the most, of a guess."""


@dataclass(frozen=True, slots=True)
class Guesses:
    """How many guesses a rule makes, right and wrong, or what part of all plays."""

    right: float
    wrong: float


@dataclass(frozen=True, slots=True)
class Rule:
    """Guess the larger database from a score of `high` on, the smaller below `low`."""

    low: float
    high: float

    def guesses(self, fewer: Scores, more: Scores) -> Guesses:
        """How many guesses are right, and wrong, of these scores."""
        right = np.sum(more >= self.high) + np.sum(fewer < self.low)
        wrong = np.sum(fewer >= self.high) + np.sum(more < self.low)
        return Guesses(int(right), int(wrong))


Value: TypeAlias = Callable[
    [NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]
]
"""The bound that so many right and wrong guesses would prove."""


def choose(fewer: Scores, more: Scores, plays: int, value: Value) -> Rule:
    """The rule that would prove most in `plays` plays like these; it may abstain."""
    marks = _marks(fewer, more)
    above = _shares(fewer, marks), _shares(more, marks)
    low, high = np.meshgrid(np.arange(len(marks)), np.arange(len(marks)))
    kept = low <= high
    low, high = low[kept], high[kept]
    right = above[1][high] + (1 - above[0][low])
    wrong = above[0][high] + (1 - above[1][low])
    best = int(np.argmax(value(*(np.floor(plays / 2 * n) for n in (right, wrong)))))
    return Rule(float(marks[low[best]]), float(marks[high[best]]))


def choose_always(fewer: Scores, more: Scores) -> Rule:
    """The rule that is right most often, of those that never abstain."""
    marks = _marks(fewer, more)
    best = marks[int(np.argmax(_shares(more, marks) - _shares(fewer, marks)))]
    return Rule(float(best), float(best))


def _marks(fewer: Scores, more: Scores) -> Scores:
    """Scores that part the plays, and two that make one of the guesses of none."""
    both = np.concatenate([fewer, more])
    inner = np.unique(np.quantile(both, np.linspace(0, 1, _MARKS), method="nearest"))
    return np.concatenate([[-np.inf], inner, [np.inf]])


def _shares(scores: Scores, marks: Scores) -> Scores:
    """What part of the scores is at each mark or above."""
    ordered = np.sort(scores)
    return 1 - np.searchsorted(ordered, marks, side="left") / len(ordered)
