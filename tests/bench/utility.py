"""How wrong answers are, against the exact answer before any cap or clamp.

People have 1 to 8 rows, 4 on average, 10⁵ rows in all, at ε = 1. Every figure is over
all cells and several draws of one question. Pay is spread evenly over its range, or
skewed, as pay is: half of people's is below a tenth of the most there may be.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tre.lab import Lab

ROWS: Final = 100_000
REGIONS: Final = [f"region {number:02}" for number in range(12)]
GROUPS: Final = 500
MOST: Final = 200_000
MEDIAN: Final = 20_000
SPREAD: Final = 0.7
"""Skewed pay is lognormal; its average is 25,600, and one in 100 earns 102,000."""

SIZES: Final = (0.12, 0.14, 0.17, 0.17, 0.16, 0.12, 0.07, 0.05)
"""The share of people with 1, 2 … 8 rows: 4 on average."""

BY_REGION: Final = "SELECT region, {} AS x FROM earnings GROUP BY region"
BY_GROUP: Final = "SELECT grp, AVG(pay) AS x FROM earnings GROUP BY grp"

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure that is promised: the median relative error of a question."""

    name: str
    measure: str
    question: str
    limit: float
    skewed: bool = False


PROMISED: Final = (
    Figure("COUNT by 12 regions", "pure", BY_REGION.format("COUNT(*)"), 0.005),
    Figure("SUM by 12 regions", "pure", BY_REGION.format("SUM(pay)"), 0.005),
    Figure(
        "SUM of skewed pay by 12 regions",
        "pure",
        BY_REGION.format("SUM(pay)"),
        0.005,
        skewed=True,
    ),
    Figure("AVG by 500 groups", "zcdp", BY_GROUP, 0.15),
    Figure("AVG by 500 groups", "pure", BY_GROUP, 0.15),
    Figure("AVG of skewed pay by 500 groups", "zcdp", BY_GROUP, 0.15, skewed=True),
    # 12 to 16%, by which profile was drawn: ε is shared out by what it says.
    Figure("AVG of skewed pay by 500 groups", "pure", BY_GROUP, 0.2, skewed=True),
)


def package(cap: int = 8) -> Mapping[str, Any]:
    """Earnings of people, at most `cap` rows of each."""
    required = {"required": True}
    fields = [
        {
            "name": "id",
            "type": "integer",
            "tre": {"role": "identifier", "kind": "local-id"},
        },
        {"name": "region", "constraints": {**required, "enum": REGIONS}},
        {
            "name": "grp",
            "type": "integer",
            "constraints": {**required, "minimum": 1, "maximum": GROUPS},
        },
        {
            "name": "pay",
            "type": "integer",
            "constraints": {**required, "minimum": 0, "maximum": MOST},
        },
    ]
    return {
        "name": "earnings",
        "tre": {
            "controller": "Bench",
            "legal_basis": "None needed: the data is made up",
            "population": "residents",
        },
        "resources": [
            {
                "name": "earnings",
                "tre": {"privacy_unit": "person", "rows_per_person": cap},
                "schema": {"fields": fields},
            }
        ],
    }


def table(rows: int = ROWS, *, skewed: bool = False) -> pa.Table:
    """People with 1 to 8 rows, in regions and groups that differ from row to row."""
    drawn = np.random.default_rng(11)
    each = drawn.choice(np.arange(1, 9), size=rows, p=SIZES)
    evenly, normal = drawn.integers(0, MOST + 1, rows), drawn.standard_normal(rows)
    pay = np.minimum(np.rint(MEDIAN * np.exp(SPREAD * normal)), MOST)
    return pa.table(
        {
            "id": np.repeat(np.arange(rows), each)[:rows],
            "region": np.array(REGIONS)[drawn.integers(0, 12, rows)],
            "grp": drawn.integers(1, GROUPS + 1, rows),
            "pay": pay.astype(np.int64) if skewed else evenly,
        }
    )


def errors(lab: Lab, question: str, *, epsilon: float, times: int) -> Numbers:
    """The relative error of `x` in every draw and cell, shape (times, cells)."""
    exact = numbers(lab.exact(question)["x"])
    drawn = lab.draws(question, epsilon=epsilon, times=times)
    released = numbers(drawn["x"]).reshape(times, -1)
    found: Numbers = np.abs(released - exact) / np.abs(exact)
    return found


def numbers(column: pa.ChunkedArray) -> Numbers:
    """A column as floats, NULL as NaN."""
    return np.array(
        [np.nan if value is None else float(value) for value in column.to_pylist()]
    )


def laboratory(measure: str, rows: int = ROWS, *, skewed: bool = False) -> Lab:
    """A laboratory of the table, without certificates."""
    return Lab(
        {"earnings": table(rows, skewed=skewed)},
        package(),
        epsilon=1e6,
        measure=measure,
        policy="none",
    )


def measured(measure: str, times: int = 40) -> list[tuple[Figure, float]]:
    """Every promised figure of a measure, and what it is."""
    found: list[tuple[Figure, float]] = []
    for skewed in (False, True):
        with laboratory(measure, skewed=skewed) as lab:
            found += [
                (
                    each,
                    float(
                        np.median(errors(lab, each.question, epsilon=1, times=times))
                    ),
                )
                for each in PROMISED
                if (each.measure, each.skewed) == (measure, skewed)
            ]
    return found


def main() -> bool:
    """Print each figure; whether all hold."""
    found = [each for measure in ("pure", "zcdp") for each in measured(measure)]
    for figure, error in found:
        verdict = "holds" if error <= figure.limit else "DOES NOT HOLD"
        print(
            f"error at ε = 1 ({figure.measure}), {figure.name}: median {error:.2%}"
            f" (limit {figure.limit:.1%}): {verdict}"
        )
    return all(error <= figure.limit for figure, error in found)


if __name__ == "__main__":
    sys.exit(not main())
