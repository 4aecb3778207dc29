"""Rebuild a column of secrets from many counts of random sets of people.

Dinur and Nissim (2003, Revealing information while preserving privacy): answers to
about n random subset counts whose errors are o(√n) determine nearly every bit. By a
linear programme, as Cohen and Nissim (2018, arXiv 1810.05692) did to a real system,
the sum of absolute errors is least; by least squares, that of their squares (Dwork,
McSherry and Talwar 2007, The price of privacy and the limits of LP decoding).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog, lsq_linear

from tre.attacks.people import People
from tre.attacks.score import Score, scored
from tre.attacks.target import Target

QUESTIONS_PER_PERSON: Final = 3

Numbers = NDArray[np.float64]


def least_absolute(target: Target, people: People, *, seed: int = 0) -> Score:
    """Everybody's secret by a linear programme."""
    secrets = least_errors(*_asked(target, people, seed))
    return _scored("reconstruction, linear programme", target, people, secrets)


def least_squared(target: Target, people: People, *, seed: int = 1) -> Score:
    """Everybody's secret by least squares."""
    secrets = least_squares(*_asked(target, people, seed))
    return _scored("reconstruction, least squares", target, people, secrets)


def least_errors(sets: Numbers, answers: Numbers) -> Numbers:
    """Secrets in [0, 1] of the least sum of absolute errors, shape (people,)."""
    asked, people = sets.shape
    if not asked:
        return np.zeros(people)
    costs = np.concatenate([np.zeros(people), np.ones(asked)])
    errors = np.eye(asked)
    above = np.block([[sets, -errors], [-sets, -errors]])
    bounds = [(0.0, 1.0)] * people + [(0.0, None)] * asked
    limits = np.concatenate([answers, -answers])
    found = linprog(costs, A_ub=above, b_ub=limits, bounds=bounds, method="highs")
    return np.asarray(found.x[:people])


def least_squares(sets: Numbers, answers: Numbers) -> Numbers:
    """Secrets in [0, 1] of the least sum of squared errors, shape (people,)."""
    if not len(sets):
        return np.zeros(sets.shape[1])
    return np.asarray(lsq_linear(sets, answers, bounds=(0.0, 1.0)).x)


def _scored(name: str, target: Target, people: People, secrets: Numbers) -> Score:
    hits = int(np.sum(people.right(secrets)))
    return scored(name, target.policy, hits=hits, trials=people.size)


def _asked(target: Target, people: People, seed: int) -> tuple[Numbers, Numbers]:
    """Which people are in each random set, and how many of them are said to be sick.

    Sets of which nothing is told are left out.
    """
    drawn = np.random.default_rng(seed)
    shape = (QUESTIONS_PER_PERSON * people.size, people.size)
    sets = drawn.integers(0, 2, shape).astype(np.float64)
    codes = people.codes[: people.size]
    answers = np.array(
        [target.count(f"sick = 1 AND code IN ({_listed(codes, s)})") for s in sets]
    )
    told = ~np.isnan(answers)
    return sets[told], answers[told]


def _listed(codes: NDArray[np.int64], chosen: Numbers) -> str:
    return ", ".join(str(code) for code in codes[chosen > 0])
