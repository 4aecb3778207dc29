"""What a committee is told: findings in sentences, and the tables behind them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import log
from typing import Final

import numpy as np
import pandas as pd

from tre.evaluation.advise import Advice
from tre.evaluation.plan import UNPROTECTED, Plan

NAMES: Final = {
    "gateway": "this gateway",
    "none": "noise alone",
    "unprotected": "no protection",
    "acro": "ACRO's rules",
    "bunny": "Bunny's rules",
    "datashield": "DataSHIELD's rules",
    "midpoint6": "midpoint-6 rounding",
    "opensafely": "OpenSAFELY's rules",
    "sdctable": "sdcTable's rules",
    "opendp": "OpenDP",
    "smartnoise": "SmartNoise SQL",
    "tumult": "Tumult Analytics",
    "acro-package": "ACRO itself",
}
"""What methods are called on the page."""

TYPICAL: Final = "relative error"


@dataclass(frozen=True, slots=True)
class Report:
    """An evaluation, measured: everything that its page shows.

    `measured` has the columns of MEASURED with methods under the names of the page,
    `spent` of SPENT, `workload` of ASKED, `audit` of FOUND, `attacks` of ATTACKED,
    `margins` a line a Margin. `missing` says of peers why they could not be asked.
    `reference` is the ε that sentences are about.
    """

    plan: Plan
    measured: pd.DataFrame = field(repr=False)
    spent: pd.DataFrame = field(repr=False)
    workload: pd.DataFrame = field(repr=False)
    margins: pd.DataFrame = field(repr=False)
    advice: Advice
    rows: int
    audit: pd.DataFrame = field(repr=False)
    attacks: pd.DataFrame = field(repr=False)
    missing: Mapping[str, str]
    made: str

    @property
    def reference(self) -> float:
        """The ε of the plan that is nearest to 1."""
        return min(self.plan.epsilons, key=lambda each: abs(log(each)))

    @property
    def policy(self) -> str:
        """The policy that is evaluated, under its name on the page."""
        return NAMES.get(self.plan.policies[0], self.plan.policies[0])

    @property
    def noisy(self) -> list[str]:
        """The methods that have an ε, under their names on the page."""
        with_epsilon = self.measured[self.measured["epsilon"].notna()]
        return [*dict.fromkeys(with_epsilon["method"])]

    @property
    def exact(self) -> list[str]:
        """The methods that have none, but for no protection at all."""
        without = self.measured[self.measured["epsilon"].isna()]
        names = dict.fromkeys(without["method"])
        return [name for name in names if name != NAMES[UNPROTECTED]]

    def of(self, measure: str, size: str | None = "") -> pd.DataFrame:
        """The lines of one measure, over all cells or, with None, by size class."""
        found = self.measured[self.measured["measure"] == measure]
        if size is None:
            return found[found["size"] != ""]
        return found[found["size"] == size]

    def typical(self, measure: str) -> pd.DataFrame:
        """A measure by method and ε: its median over questions, and their quarters."""
        grouped = self.of(measure).groupby(["method", "epsilon"], dropna=False)["value"]
        quarters = {"low": 0.25, "value": 0.5, "high": 0.75}
        found = {name: grouped.quantile(at) for name, at in quarters.items()}
        return pd.DataFrame(found).reset_index()

    def mean(self, measure: str) -> pd.DataFrame:
        """A measure by method and ε: its mean over questions, and a 95% interval."""
        grouped = self.of(measure).groupby(["method", "epsilon"], dropna=False)
        value = grouped["value"].mean()
        spread = np.sqrt(grouped["uncertain"].agg(lambda u: float((u**2).sum())))
        wide = spread / grouped["value"].count()
        found = pd.DataFrame(
            {"value": value, "low": value - wide, "high": value + wide}
        )
        return found.reset_index()

    def at_reference(self, measure: str, method: str) -> pd.Series:
        """A measure of one method by question, at the reference ε or at none."""
        found = self.of(measure)
        found = found[found["method"] == method]
        known = found["epsilon"].isna() | np.isclose(found["epsilon"], self.reference)
        return found[known].groupby("question")["value"].mean()


def findings(report: Report) -> tuple[str, ...]:
    """The answer in sentences, each one fact, the most important first."""
    return tuple(
        sentence
        for part in (*_OF_ANSWERS, _granted, _budget, _beside, _audit)
        for sentence in part(report)
    )


def percent(share: float) -> str:
    """A share as people read it.

    >>> percent(0.5), percent(0.0123), percent(0.000049), percent(0.0)
    ('50%', '1.2%', '<0.01%', '0%')
    """
    if share == 0:
        return "0%"
    if abs(share) < 1e-4:  # noqa: PLR2004 - a hundredth of a percent
        return "<0.01%"
    digits = max(0, 1 - int(np.floor(np.log10(abs(share) * 100))))
    return f"{share * 100:.{min(digits, 2)}f}%"


def _error(report: Report) -> Iterator[str]:
    errors = report.at_reference(TYPICAL, report.policy)
    if errors.empty:
        return
    close = int((errors <= 0.05).sum())  # noqa: PLR2004 - five per cent
    yield (
        f"At ε = {report.reference:g}, half of the {len(errors)} questions that could "
        f"be measured have a typical error of {percent(errors.median())} or less, and "
        f"{close} of {len(errors)} are within 5%. The worst is “"
        f"{_words(report, str(errors.idxmax()))}”, at {percent(errors.max())}."
    )


def _hidden(report: Report) -> Iterator[str]:
    hidden = report.at_reference("hidden", report.policy)
    if hidden.empty:
        return
    others = [
        f"{name} {percent(report.at_reference('hidden', name).mean())}"
        for name in report.exact
    ]
    beside = f" On the same cells: {', '.join(others)}." if others else ""
    yield (
        f"The gateway hides {percent(hidden.mean())} of the figures at that ε, because "
        f"it cannot prove that enough people are behind them.{beside}"
    )


def _coverage(report: Report) -> Iterator[str]:
    held = report.at_reference("coverage", report.policy)
    if held.empty:
        return
    low = held[held < 0.93]  # noqa: PLR2004 - what chance alone does not do
    yield (
        "Its intervals promise to hold the exact answer 95 times in 100; measured over "
        f"all questions they held it {100 * held.mean():.0f} times in 100."
        + (
            f" {len(low)} {'is' if len(low) == 1 else 'are'} below 93, mostly where "
            "declared bounds or caps cut something off, which no interval of noise "
            "can know; the section on intervals names them."
            if len(low)
            else ""
        )
    )


def _order(report: Report) -> Iterator[str]:
    ranked = report.at_reference("Kendall", report.policy)
    decided = report.at_reference("decision", report.policy)
    if not ranked.empty:
        yield (
            "Rankings survive: of two cells drawn at random, the larger is shown as "
            f"the larger {percent((1 + ranked.mean()) / 2)} of the time."
        )
    if not decided.empty:
        yield (
            f"Conclusions survive: {percent(decided.mean())} of the plan's yes-or-no "
            "conclusions come out as they do exactly; the rest flip or are hidden."
        )


def _fairness(report: Report) -> Iterator[str]:
    found = report.of(TYPICAL, None)
    here = found["method"].eq(report.policy) & np.isclose(
        found["epsilon"].astype(float), report.reference
    )
    by_size = found[here].groupby("size")["value"].median()
    if len(by_size) > 1:
        small, large = str(by_size.idxmax()), str(by_size.idxmin())
        yield (
            f"Small groups pay: where shown, cells of {small} rows are off by "
            f"{percent(by_size.max())}, cells of {large} rows by "
            f"{percent(by_size.min())}."
        )


def _budget(report: Report) -> Iterator[str]:
    if report.workload.empty or report.plan.workload is None:
        return
    answered = report.workload[report.workload["refused"] == ""]
    counts = answered.groupby("habit", sort=False)["number"].count()
    most = report.plan.workload.most
    lived = ", ".join(
        f"{count:,}{' or more' if count == most else ''} at {habit}"
        for habit, count in counts.items()
    )
    yield (
        f"A project with ε = {report.plan.workload.epsilon:g} gets so many answers "
        f"before nothing is left: {lived}."
    )


def _granted(report: Report) -> Iterator[str]:
    advice, population = report.advice, report.advice.population
    if not advice.rho:
        return
    wanted = sum(each.epsilon is not None for each in advice.wanted)
    carried = ""
    if population is not None and advice.projects is not None:
        projects = "project" if advice.projects == 1 else "projects"
        carried = (
            f" A population with ε = {population.epsilon:g} carries "
            f"{advice.projects:,} such {projects} in a period."
        )
    yield (
        f"Asked once each, {wanted} questions keep the margins that the plan wants for "
        f"ε = {advice.epsilon:.3g} together.{carried}"
    )


def _beside(report: Report) -> Iterator[str]:
    """Other systems' errors, each beside ours on the questions that it answers."""
    ours = report.at_reference(TYPICAL, report.policy)
    told = []
    for name in report.noisy:
        theirs = report.at_reference(TYPICAL, name)
        both = ours.index.intersection(theirs.index)
        policy = name in [NAMES.get(each, each) for each in report.plan.policies]
        if not policy and len(both):
            same = f"on the same {len(both)}: {percent(ours[both].median())}"
            told.append(f"{name} {percent(theirs[both].median())} (ours {same})")
    if told:
        yield (
            f"At ε = {report.reference:g} the typical error of other systems that "
            "protect by noise, on the questions that they answer: "
            f"{'; '.join(told)}."
        )


def _audit(report: Report) -> Iterator[str]:
    found = report.audit
    if found.empty:
        return
    held = int((found["measured"] <= found["claimed"]).sum())
    games = "one game" if len(found) == 1 else f"{len(found)} games"
    yield (
        f"The claim was audited by {games} against the gateway: it stands in {held}, "
        f"and was refuted in {len(found) - held}."
    )


_OF_ANSWERS: Final = (_error, _hidden, _coverage, _order, _fairness)
"""What is found of the answers themselves."""


def _words(report: Report, question: str) -> str:
    return next(each.words for each in report.plan.questions if each.name == question)
