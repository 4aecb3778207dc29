"""Tell who is in the data from how common traits are in it.

Whoever is in a table moves its averages towards their own traits, by 1/n each; over
many traits that shows (Homer et al. 2008; Dwork, Smith, Steinke, Ullman, Vadhan 2015,
Robust traceability from trace amounts). Where the line is, is learned on shadows
(Shokri, Stronati, Song, Shmatikov 2017, arXiv 1610.05820): tables that the attacker
makes up, answered with the noise that the intervals of the real answer admit to.
"""

from __future__ import annotations

from statistics import NormalDist
from typing import Final, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from tre.attacks.people import TRAITS, People
from tre.attacks.score import Score, scored
from tre.attacks.target import Target, numbers

SHADOWS: Final = 100
QUESTION: Final = "SELECT {} FROM people".format(
    ", ".join(f"COUNT_IF(t{place} = 1) AS n{place}" for place in range(TRAITS))
)
_EVEN: Final = 0.5
_SIDED: Final = NormalDist().inv_cdf(0.975)

Numbers: TypeAlias = NDArray[np.float64]


def membership(target: Target, people: People, *, seed: int = 0) -> Score:
    """Whether each of some people is in the table, half of whom are."""
    told, error = _answered(target)
    line = _learned(people.size, error, np.random.default_rng(seed))
    guesses = line.predict(_likeness(people.traits, told / people.size))
    inside = np.arange(len(people.traits)) < people.size
    right = int(np.sum((guesses == 1) == inside))
    return scored("membership", target.policy, hits=right, trials=len(inside))


def _answered(target: Target) -> tuple[Numbers, Numbers]:
    """How many are said to have each trait, and the error's standard deviation.

    NaN and 0 where nothing is said.
    """
    table = target.answer(QUESTION)
    if table is None:
        return np.full(TRAITS, np.nan), np.zeros(TRAITS)
    told = [numbers(table, f"n{place}")[0] for place in range(TRAITS)]
    errors = [_error(table, f"n{place}") for place in range(TRAITS)]
    return np.array(told), np.nan_to_num(np.array(errors))


def _error(table: pa.Table, name: str) -> float:
    if f"{name}_low" not in table.column_names:
        return 0.0
    low, high = (numbers(table, f"{name}{end}")[0] for end in ("_low", "_high"))
    return float(high - low) / 2 / _SIDED


def _likeness(traits: NDArray[np.int64], shares: Numbers) -> Numbers:
    """How much like the table's averages each person is, shape (people, 1)."""
    away = np.nan_to_num(shares - _EVEN)
    likeness: Numbers = ((traits - _EVEN) @ away).reshape(-1, 1)
    return likeness


def _learned(
    size: int, error: Numbers, drawn: np.random.Generator
) -> LogisticRegression:
    """The line between members and others, on tables made up."""
    examples = []
    for _ in range(SHADOWS):
        traits = drawn.integers(0, 2, (2 * size, TRAITS))
        noise = error * drawn.standard_normal(TRAITS)
        shares = (traits[:size].sum(axis=0) + noise) / size
        examples.append(_likeness(traits, shares))
    inside = np.tile(np.arange(2 * size) < size, SHADOWS).astype(np.int64)
    return LogisticRegression().fit(np.concatenate(examples), inside)
