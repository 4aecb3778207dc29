"""Learn from how a question is answered: what it costs, whether, and how fast.

A refusal that depends on the data is an answer (Kenthapadi, Mishra and Nissim 2005,
Simulatable auditing), and so are a price, a number of rows and a time (Haeberlen,
Pierce and Narayan 2011, Differential privacy under fire).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

import numpy as np

from privacy.errors import Failed, Refused
from tre.attacks.score import Score, scored
from tre.lab import Lab
from tre.profiles.load import load_profile
from tre.profiles.publish import publish_counts

Outside: TypeAlias = Callable[[str], object]
"""All that is seen of an answer but its figures."""

QUESTIONS: Final = (
    "SELECT COUNT(*) AS n FROM people",
    "SELECT region, COUNT(*) AS n FROM people GROUP BY region",
    "SELECT AVG(age) AS n FROM people WHERE sick = 1",
    "SELECT COUNT(*) AS n FROM people WHERE age > 30 AND region = 'north'",
    "SELECT MEDIAN(age) AS n FROM people",
    "SELECT COUNT(*) AS n FROM people WHERE code = 1",
    "SELECT code FROM people",
    "SELECT SUM(age) AS n FROM people GROUP BY region HAVING COUNT(*) > 5",
)


def outside_of(lab: Lab, *, epsilon: float) -> Outside:
    """What the gateway lets be seen: outcome, columns, price, and what is left."""

    def seen(sql: str) -> object:
        try:
            release = lab.ask(sql, epsilon=epsilon, fresh=True)
        except Refused as refusal:
            return refusal.code, refusal.message, lab.remaining()
        except Failed:
            return "failed", lab.remaining()
        shape = tuple(release.to_arrow().column_names)
        return shape, release.loss, lab.remaining()

    return seen


def refusing(lab: Lab, profile: str) -> Outside:
    """What a system lets be seen that refuses by a rule on exact counts."""

    def seen(sql: str) -> object:
        try:
            table = lab.exact(sql)
        except Refused as refusal:
            return refusal.code
        counts = table.column("n").to_numpy().astype(np.int64)
        hidden = publish_counts(load_profile(profile), counts).hidden
        return "refused" if hidden.any() else "answered"

    return seen


def budget(
    policy: str,
    fewer: Outside,
    more: Outside,
    questions: Sequence[str] = QUESTIONS,
) -> Score:
    """How many questions look different from outside on neighbouring databases."""
    hits = sum(fewer(sql) != more(sql) for sql in questions)
    return scored(
        "outcomes and prices", policy, hits=hits, trials=len(questions), chance=0.0
    )


def timing(policy: str, fewer: Sequence[float], more: Sequence[float]) -> Score:
    """Which database answered, by how long it took, in seconds.

    The line is drawn between half of the times of each and judged by the others.
    """
    taught, judged = (
        (np.array(fewer[start::2]), np.array(more[start::2])) for start in (0, 1)
    )
    line = (np.median(taught[0]) + np.median(taught[1])) / 2
    slower = np.median(taught[1]) > np.median(taught[0])
    right = (judged[1] > line) == slower, (judged[0] > line) != slower
    trials = len(judged[0]) + len(judged[1])
    return scored("timing", policy, hits=int(sum(map(np.sum, right))), trials=trials)
