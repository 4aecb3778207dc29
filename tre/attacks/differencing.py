"""Learn one person's secret from the difference of answers about many.

Differencing subtracts a count without the person from one with them. Where small sets
are hidden, a tracker (Denning, Denning and Schwartz 1979, The tracker: a threat to
statistical database security) pads the one person with enough others, twice, so that
the padding cancels out: q(C) = q(C or T) + q(C or not T) − q(all).
"""

from __future__ import annotations

import numpy as np

from tre.attacks.people import People
from tre.attacks.score import Score, scored
from tre.attacks.target import Target


def differencing(target: Target, people: People) -> Score:
    """Whether each person is sick, from the sick with and without them."""
    every = target.count("sick = 1")
    guesses = [
        every - target.count(f"sick = 1 AND code <> {code}")
        for code in people.codes[: people.size]
    ]
    return _scored("differencing", target, people, guesses)


def tracker(target: Target, people: People) -> Score:
    """Whether each person is sick, where counts of one are not given out."""
    every = target.count("code >= 0")
    half = f"code < {int(np.median(people.codes))}"
    guesses = []
    for code in people.codes[: people.size]:
        one = f"(sick = 1 AND code = {code})"
        padded = target.count(f"{one} OR {half}"), target.count(f"{one} OR NOT {half}")
        guesses.append(sum(padded) - every)
    return _scored("tracker", target, people, guesses)


def _scored(name: str, target: Target, people: People, guesses: list[float]) -> Score:
    right = people.right(np.array(guesses))
    return scored(name, target.policy, hits=int(np.sum(right)), trials=people.size)
