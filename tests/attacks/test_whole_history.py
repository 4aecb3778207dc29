"""All that a project has received, put together, tells no more than was paid for.

An attacker who knows every release, its intervals, what is hidden and why, estimates a
hidden cell by least squares and by linear programmes over intervals. What they can do
at best follows from the price of everything together: under ρ-zCDP an unbiased
estimate of a count has a variance of at least 1 / (e^{2ρ} − 1) (Hammersley, Chapman and
Robbins, with the Rényi divergence of order 2), and one person more or less is told
apart with an accuracy of at most Φ(√(2ρ) / 2), as by Gaussian noise on that cell alone
at that price (Dong, Roth and Su 2022, Gaussian differential privacy).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, sqrt

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.stats import norm

from tre.lab import Lab

REGIONS, SEXES = ("north", "south", "west"), ("F", "M")
CELLS = [(region, sex) for region in REGIONS for sex in SEXES]
TARGET = ("west", "F")
FEW = 5
RHO = 0.05
DRAWS = 600
PEOPLE = 10
"""Fewer than this are hidden, with 99% confidence."""

SLACK = 4.9
"""Standard errors beyond which chance is one in a million."""

COUNT = "SELECT COUNT(*) AS n FROM people"


@dataclass(frozen=True)
class Asked:
    """A question, and which cells it is about."""

    sql: str
    about: Callable[[str, str], bool] = lambda _region, _sex: True


ANY = "SELECT region, sex, COUNT(*) AS n FROM people GROUP BY CUBE (region, sex)"
HISTORY = (
    Asked(ANY),
    Asked(COUNT),
    Asked("SELECT region, COUNT(*) AS n FROM people GROUP BY region"),
    Asked("SELECT sex, COUNT(*) AS n FROM people GROUP BY sex"),
    Asked(
        f"{COUNT} WHERE NOT (region = 'west' AND sex = 'F')",
        lambda region, sex: (region, sex) != TARGET,
    ),
    Asked(f"{COUNT} WHERE region <> 'west'", lambda region, _: region != "west"),
    Asked(f"{COUNT} WHERE region = 'west'", lambda region, _: region == "west"),
    Asked(
        f"{COUNT} WHERE region = 'west' AND sex = 'F'",
        lambda region, sex: (region, sex) == TARGET,
    ),
    Asked(f"{COUNT} WHERE sex = 'M'", lambda _, sex: sex == "M"),
    Asked(
        "SELECT region, COUNT_IF(sex = 'F') AS n FROM people GROUP BY region",
        lambda _, sex: sex == "F",
    ),
)
"""A table with margins, totals alone, complements, rewrites, and the cell itself."""

PRICE = RHO * len(HISTORY)


@dataclass(frozen=True)
class Told:
    """One figure as it was released: of which cells, and between what it is.

    `value` is NaN where it is hidden; what is hidden has no more than `high`.
    """

    cells: NDArray[np.float64]
    value: float
    low: float
    high: float

    @property
    def width(self) -> float:
        """How far it may be off, either way."""
        return (self.high - self.low) / 2


def table(few: int) -> pa.Table:
    """People by region and sex; few of them in the cell that is attacked."""
    sizes = dict.fromkeys(CELLS, 60) | {TARGET: few}
    rows = [cell for cell in CELLS for _ in range(sizes[cell])]
    return pa.table(
        {
            "local": [f"p{number}" for number in range(len(rows))],
            "region": [region for region, _ in rows],
            "sex": [sex for _, sex in rows],
        }
    )


def package() -> Mapping[str, object]:
    """What is public of them."""
    required = {"required": True}
    fields = [
        {"name": "local", "tre": {"role": "identifier", "kind": "local-id"}},
        {"name": "region", "constraints": {**required, "enum": [*REGIONS]}},
        {"name": "sex", "constraints": {**required, "enum": [*SEXES]}},
    ]
    return {
        "name": "people",
        "tre": {
            "controller": "Nobody",
            "legal_basis": "None needed",
            "population": "made-up",
        },
        "resources": [
            {
                "name": "people",
                "path": "people.csv",
                "tre": {"privacy_unit": "person", "rows_per_person": 1},
                "schema": {"fields": fields},
            }
        ],
    }


def histories(few: int, rho: float) -> list[list[Told]]:
    """Many histories of a project, each of the same questions drawn anew."""
    with Lab({"people": table(few)}, package(), epsilon=1_000_000, delta=1e-6) as lab:
        drawn = [
            lab.draws(asked.sql, rho=rho, times=DRAWS).to_pylist() for asked in HISTORY
        ]
        reach = [_reach(lab, asked, rho) for asked in HISTORY]
    found: list[list[Told]] = [[] for _ in range(DRAWS)]
    for asked, rows, most in zip(HISTORY, drawn, reach, strict=True):
        for row in rows:
            found[row["draw"]].append(_told(asked, row, most))
    return found


def _reach(lab: Lab, asked: Asked, rho: float) -> float:
    """How many may be in a cell that is hidden for being small, nearly always."""
    told = lab.explain(asked.sql, rho=rho)
    scale = max(line.scale for line in told.noise)
    return max(each.shown_from for each in told.certificates) + 2 * scale


def _told(asked: Asked, row: Mapping[str, object], most: float) -> Told:
    keys = row.get("region"), row.get("sex")
    cells = np.array(
        [
            float(
                asked.about(*cell)
                and all(k in (None, c) for k, c in zip(keys, cell, strict=True))
            )
            for cell in CELLS
        ]
    )
    if row["n"] is None:
        hidden = row["n_status"] == "suppressed:frequency"
        return Told(cells, np.nan, 0.0, most if hidden else np.inf)
    value, low, high = (float(str(row[name])) for name in ("n", "n_low", "n_high"))
    return Told(cells, value, low, high)


def least_squares(history: Sequence[Told]) -> float:
    """The hidden cell by weighted least squares over all that is shown."""
    shown = [each for each in history if not np.isnan(each.value)]
    weights = np.array([1 / max(each.width, 1e-6) for each in shown])
    matrix = np.array([each.cells for each in shown]) * weights[:, None]
    values = np.array([each.value for each in shown]) * weights
    found: NDArray[np.float64] = np.linalg.lstsq(matrix, values, rcond=None)[0]
    return float(found[CELLS.index(TARGET)])


def between(history: Sequence[Told]) -> tuple[float, float]:
    """The least and the most the hidden cell may be, by linear programmes.

    Every interval holds, but for as little as is needed for them to hold together;
    nothing is negative; what is shown alone has the people that its certificate says.
    """
    rows: list[list[float]] = []
    limits: list[float] = []
    for number, each in enumerate(history):
        slack = np.zeros(len(history))
        slack[number] = -max(each.width, 1e-6) if np.isfinite(each.high) else 0.0
        least = each.low if np.isnan(each.value) else max(each.low, PEOPLE)
        if np.isfinite(each.high):
            rows.append([*each.cells, *slack])
            limits.append(each.high)
        rows.append([*(-each.cells), *slack])
        limits.append(-least)
    target = np.zeros(len(CELLS) + len(history))
    target[CELLS.index(TARGET)] = 1.0
    needed = [0.0] * len(CELLS) + [1.0] * len(history)
    loosest = linprog(needed, A_ub=rows, b_ub=limits, method="highs").fun
    rows, limits = [*rows, needed], [*limits, loosest + 1e-6]
    ends = [
        linprog(way * target, A_ub=rows, b_ub=limits, method="highs").fun
        for way in (1, -1)
    ]
    return ends[0], -ends[1]


def middle(history: Sequence[Told]) -> float:
    """The middle of what the cell may be."""
    low, high = between(history)
    return (low + high) / 2


ATTACKERS = {"least squares": least_squares, "linear programmes": middle}
Worlds = tuple[list[list[Told]], list[list[Told]]]


def accuracy(worlds: Worlds, attack: Callable[[Sequence[Told]], float]) -> float:
    """How often the attacker tells whether one person more is in the cell.

    The threshold that serves best on one half of the histories is tried on the other.
    """
    without, with_one = (np.array([attack(each) for each in one]) for one in worlds)
    half = DRAWS // 2
    places = np.unique(np.concatenate([without[:half], with_one[:half]]))
    right = [
        np.mean(without[:half] < place) + np.mean(with_one[:half] >= place)
        for place in places
    ]
    best = places[int(np.argmax(right))]
    return float(np.mean(without[half:] < best) + np.mean(with_one[half:] >= best)) / 2


def at_best(rho: float) -> float:
    """The accuracy that nobody exceeds who is told so much, and chance on top."""
    chance = SLACK * sqrt(0.25 / DRAWS)
    return float(norm.cdf(sqrt(2 * rho) / 2)) + chance


def spread_at_least(rho: float) -> float:
    """The variance an unbiased estimate has at least, less what chance may hide."""
    return (1 - SLACK * sqrt(2 / DRAWS)) / (exp(2 * rho) - 1)


@pytest.fixture(scope="module")
def worlds() -> Worlds:
    """Histories of two databases that differ by one person of the hidden cell."""
    return histories(FEW, RHO), histories(FEW + 1, RHO)


@pytest.mark.slow
@pytest.mark.statistical
@pytest.mark.parametrize("attack", ATTACKERS.values(), ids=ATTACKERS)
def test_a_whole_history_tells_no_more_than_its_price(
    worlds: Worlds, attack: Callable[[Sequence[Told]], float]
) -> None:
    """One person more in a hidden cell is told apart no better than by its noise."""
    assert accuracy(worlds, attack) <= at_best(PRICE)


@pytest.mark.slow
@pytest.mark.statistical
def test_an_estimate_of_a_hidden_cell_is_as_rough_as_noise_on_it(
    worlds: Worlds,
) -> None:
    """Least squares over all that is shown has the variance that the price leaves.

    It is an estimate, and not a guess at random: half of its histories are within four
    standard deviations of noise on the cell alone at the same price.
    """
    for few, histories_of in zip((FEW, FEW + 1), worlds, strict=True):
        found = np.array([least_squares(each) for each in histories_of])
        rough = np.mean((found - few) ** 2)
        assert rough >= spread_at_least(PRICE)
        near = np.median(np.abs(found - few))
        assert near <= 4 / sqrt(2 * PRICE)


@pytest.mark.slow
@pytest.mark.statistical
def test_intervals_together_are_no_narrower_than_one_at_the_same_price(
    worlds: Worlds,
) -> None:
    """What all intervals leave open is as wide as the interval of noise on the cell.

    Ends are clipped where there is nobody, so the upper half is compared.
    """
    one = float(norm.ppf(0.975)) / sqrt(2 * PRICE)
    for few, histories_of in zip((FEW, FEW + 1), worlds, strict=True):
        ends = np.array([between(each) for each in histories_of[: DRAWS // 2]])
        covered = np.mean((ends[:, 0] <= few) & (few <= ends[:, 1]))
        above = np.mean(ends[:, 1] - few)
        assert covered < 0.95 or above >= one


def _exactly(history: Sequence[Told]) -> list[Told]:
    """The history of a system that answers totals and complements as they are."""
    sizes = np.array([60.0] * len(CELLS))
    sizes[CELLS.index(TARGET)] = history[0].value
    return [
        Told(each.cells, exact, exact, exact)
        if each.cells.sum() >= len(CELLS) - 1 and (exact := float(each.cells @ sizes))
        else each
        for each in history[1:]
    ]


@pytest.mark.slow
@pytest.mark.statistical
@pytest.mark.parametrize("attack", ATTACKERS.values(), ids=ATTACKERS)
def test_exact_totals_are_found_out(
    worlds: Worlds, attack: Callable[[Sequence[Told]], float]
) -> None:
    """A system that hides a cell and answers what is around it fails this test."""
    first = [Told(np.zeros(len(CELLS)), float(few), 0, 0) for few in (FEW, FEW + 1)]
    broken = tuple(
        [_exactly([about, *each]) for each in one]
        for about, one in zip(first, worlds, strict=True)
    )
    assert accuracy((broken[0], broken[1]), attack) > at_best(PRICE)


@pytest.mark.slow
@pytest.mark.statistical
def test_noise_that_is_too_small_for_its_price_is_found_out() -> None:
    """Noise of a sixth of the scale that was paid for fails this test."""
    cheap = histories(FEW, 36 * RHO), histories(FEW + 1, 36 * RHO)
    assert accuracy(cheap, least_squares) > at_best(PRICE)
    found = np.array([least_squares(each) for each in cheap[0]])
    assert np.mean((found - FEW) ** 2) < spread_at_least(PRICE)
