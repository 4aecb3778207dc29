"""How long answers take from outside, on neighbouring databases and on unlike ones.

A clock sees the slot, which is public, and what comes after it, which is made of
noised figures. Both databases are asked in turn, so that what else the machine does
falls on both alike.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from tests.environment.test_slots import COUNT, JOINED, package, visits
from tre.lab import Lab

TIMES = int(os.environ.get("TRE_TIMES", "100"))
ONE_IN_A_MILLION = 1e-6
PAIRS = (
    ("one person more", (400, 399), True),
    ("three times more", (330, 1_000), True),
    ("a hundred times, no slot", (400, 40_000), False),
)
"""Numbers of people, four visits each; the first two pairs have one public size."""


@dataclass(frozen=True)
class Seen:
    """Seconds that answers took, on either of two databases."""

    question: str
    pair: str
    one: NDArray[np.float64]
    other: NDArray[np.float64]

    @property
    def told_apart(self) -> bool:
        """Whether a clock outside tells them apart (Kolmogorov and Smirnov)."""
        return bool(stats.ks_2samp(self.one, self.other).pvalue < ONE_IN_A_MILLION)

    def row(self) -> str:
        """Order statistics of both, in milliseconds, and what a test says."""
        quantiles = [
            "/".join(f"{1000 * q:.1f}" for q in np.quantile(each, (0.05, 0.5, 0.95)))
            for each in (self.one, self.other)
        ]
        pvalue = stats.ks_2samp(self.one, self.other).pvalue
        return (
            f"{self.question:<8}{self.pair:<28}"
            f"{quantiles[0]:>26}{quantiles[1]:>26}{pvalue:>10.2g}"
        )


def seen(question: str, pair: str, sql: str, labs: tuple[Lab, Lab]) -> Seen:
    """Ask both in turn, as often as is measured."""
    took: tuple[list[float], list[float]] = ([], [])
    for lab in labs:
        lab.ask(sql, epsilon=1.0, fresh=True)  # files are opened at the first
    for _ in range(TIMES):
        for lab, times in zip(labs, took, strict=True):
            begun = time.perf_counter()
            lab.ask(sql, epsilon=1.0, fresh=True)
            times.append(time.perf_counter() - begun)
    return Seen(question, pair, np.array(took[0]), np.array(took[1]))


def measured() -> list[Seen]:
    """Neighbours and unlike databases behind slots, and the unlike ones without."""
    found = []
    for pair, (one, other), quantised in PAIRS:
        terms: dict[str, Any] = {"epsilon": 1e6, "quantise_time": quantised}
        with (
            Lab({"visits": visits(one)}, package(), **terms) as first,
            Lab({"visits": visits(other)}, package(), **terms) as second,
        ):
            for question, sql in (("count", COUNT), ("join", JOINED)):
                found.append(seen(question, pair, sql, (first, second)))
    return found


def main() -> bool:
    """Print what a clock sees; true where slots hide what there is to hide."""
    print(f"\nTime from outside, {TIMES} answers of each, ms at 5/50/95 in 100")
    found = measured()
    for each in found:
        print(each.row())
    hidden = [each for each in found if "no slot" not in each.pair]
    return not any(each.told_apart for each in hidden)


if __name__ == "__main__":
    main()
