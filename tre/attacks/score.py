"""How well an attack did, and whether that is more than chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from scipy.stats import binomtest

CONFIDENCE: Final = 0.95


@dataclass(frozen=True, slots=True)
class Score:
    """So many of `trials` guesses were right, where `chance` of them are in any case.

    `low` and `high` are Clopper and Pearson's interval of the share, at 95%.
    """

    attack: str
    policy: str
    hits: int
    trials: int
    chance: float
    low: float
    high: float

    @property
    def share(self) -> float:
        """What part of the guesses was right."""
        return self.hits / self.trials

    @property
    def succeeds(self) -> bool:
        """Whether it is right more often than chance explains."""
        return self.low > self.chance

    @property
    def within_chance(self) -> bool:
        """Whether chance is in the interval: nothing was shown to be learned."""
        return self.low <= self.chance <= self.high


def scored(
    attack: str,
    policy: str,
    *,
    hits: int,
    trials: int,
    chance: float = 0.5,
    confidence: float = CONFIDENCE,
) -> Score:
    """A score with its interval."""
    interval = binomtest(hits, trials).proportion_ci(confidence, method="exact")
    return Score(
        attack, policy, hits, trials, chance, float(interval.low), float(interval.high)
    )


def pooled(scores: Sequence[Score]) -> Score:
    """One score of an attack that was made several times, on different people.

    Chance is the mean of what it gets in each.
    """
    first = scores[0]
    trials = sum(each.trials for each in scores)
    return scored(
        first.attack,
        first.policy,
        hits=sum(each.hits for each in scores),
        trials=trials,
        chance=sum(each.chance * each.trials for each in scores) / trials,
    )
