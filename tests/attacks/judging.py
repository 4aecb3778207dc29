"""What a test says of an attack's score, with errors of one in a million."""

from __future__ import annotations

from scipy.stats import binomtest

from tre.attacks.score import Score

SELDOM = 1e-6


def clearly_succeeds(score: Score) -> bool:
    """Whether so many right guesses are not chance."""
    found = binomtest(score.hits, score.trials, score.chance, alternative="greater")
    return score.succeeds and found.pvalue < SELDOM


def may_be_chance(score: Score) -> bool:
    """Whether so many right guesses may well be chance.

    Under a loss of ε = 1 guesses may be right a little more often than that.
    """
    found = binomtest(score.hits, score.trials, score.chance, alternative="greater")
    return bool(found.pvalue > SELDOM / 1_000)
