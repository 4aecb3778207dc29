"""Learn from how a question is answered: what it costs, whether, and how fast.

A refusal that depends on the data is an answer (Kenthapadi, Mishra and Nissim 2005,
Simulatable auditing), and so are a price, a number of rows and a time (Haeberlen,
Pierce and Narayan 2011, Differential privacy under fire).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from typing import Any, Final, TypeAlias

import numpy as np
import pyarrow as pa

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

LONG_RECORD: Final = 200_000
"""Rows that one person brings, whom a time is to give away."""
TIMED: Final = "SELECT region, SUM(value) AS n FROM visits GROUP BY region"
TIMES: Final = 24


def visits(size: int, *, with_long_record: bool) -> pa.Table:
    """Visits of so many people, one each; and of one more, who made very many."""
    rows = size + (LONG_RECORD if with_long_record else 0)
    people = np.minimum(np.arange(rows), size)
    return pa.table(
        {
            "id": pa.array(people).cast(pa.string()),
            "region": pa.array(["east", "west"]).take(pa.array(people % 2)),
            "value": np.arange(rows) % 100,
        }
    )


VISITS: Final[Mapping[str, Any]] = {
    "name": "visits",
    "tre": {
        "controller": "Nobody",
        "legal_basis": "None: made-up people",
        "population": "attacked",
    },
    "resources": [
        {
            "name": "visits",
            "tre": {"privacy_unit": "person", "rows_per_person": 4},
            "schema": {
                "fields": [
                    {"name": "id", "tre": {"role": "identifier", "kind": "local-id"}},
                    {
                        "name": "region",
                        "constraints": {"required": True, "enum": ["east", "west"]},
                    },
                    {
                        "name": "value",
                        "type": "integer",
                        "constraints": {"required": True, "minimum": 0, "maximum": 99},
                    },
                ]
            },
        }
    ],
}
"""The manifest that goes with a table of visits."""


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


def times_of(
    fewer: Callable[[], object], more: Callable[[], object], times: int = TIMES
) -> tuple[Sequence[float], Sequence[float]]:
    """How long either takes, in seconds, one after the other so many times.

    In turn, so that whatever else the machine does is in both.
    """
    found: tuple[list[float], list[float]] = ([], [])
    for _ in range(times):
        for ask, taken in zip((fewer, more), found, strict=True):
            started = perf_counter()
            ask()
            taken.append(perf_counter() - started)
    return found


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
