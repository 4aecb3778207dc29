"""The tables of a report, as texts in rows: what its pictures show, and more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd

from tre.evaluation.plan import Plan
from tre.evaluation.report import NAMES, Report, percent

_SCORES: Final = (
    ("relative error", "typical error"),
    ("hidden", "not shown"),
    ("coverage", "intervals right"),
    ("Kendall", "ranking (τ)"),
    ("top", "largest named"),
    ("decision", "conclusions"),
    ("total variation", "shares moved"),
    ("bias", "bias"),
)
_MEASURES: Final = {
    "absolute error": "absolute error",
    "relative error": "relative error",
    "bias": "bias",
    "hidden": "not shown",
    "coverage": "intervals right",
    "interval width": "half-width",
    "Kendall": "τ",
    "Spearman": "Spearman's ρ",
    "top": "largest named",
    "decision": "conclusions",
    "total variation": "shares moved",
    "earth mover's": "cells moved",
    "sign": "signs right",
    "size ratio": "size",
}
_NUMBERS: Final = {
    "absolute error": ",.3g",
    "Kendall": ".2f",
    "Spearman": ".2f",
    "earth mover's": ".2g",
    "size ratio": ".2f",
}
"""How measures are written that are no shares."""
_CLOSE: Final = 0.05
_NOTHING: Final = "–"


@dataclass(frozen=True, slots=True)
class Table:
    """A table for a page: the first column names the rows, numbers stand right.

    `good` are the places (row, column) of numbers that meet what is asked of them.
    Where there are `texts` in place of numbers, they stand left.
    """

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...] = field(repr=False)
    good: frozenset[tuple[int, int]] = frozenset()
    texts: bool = False


def by_method(report: Report) -> Table:
    """Every method on the same questions, at the reference ε."""
    names = [*report.noisy, *report.exact, NAMES["unprotected"]]
    known = [name for name in names if (report.measured["method"] == name).any()]
    rows = tuple(
        (name, *(_score(report, measure, name) for measure, _ in _SCORES))
        for name in known
    )
    return Table(
        f"Every way of answering, on the same questions, at ε = {report.reference:g} "
        "where it has one: medians over questions for errors, means for the rest",
        ("answered by", *(words for _, words in _SCORES)),
        rows,
    )


def by_question(report: Report) -> Table:
    """The typical error of each question at each ε; marked where it is within 5%."""
    found = report.of("relative error")
    found = found[found["method"] == report.policy]
    pivot = found.pivot_table(
        index="question", columns="epsilon", values="value", aggfunc="median"
    )
    epsilons = sorted(report.plan.epsilons)
    rows, good = [], set()
    for place, asking in enumerate(report.plan.questions):
        numbers = [_at(pivot, asking.name, epsilon) for epsilon in epsilons]
        good |= {
            (place, column)
            for column, number in enumerate(numbers, 1)
            if number is not None and number <= _CLOSE
        }
        texts = (_NOTHING if each is None else percent(each) for each in numbers)
        rows.append((asking.words, *texts))
    return Table(
        "Typical error of a figure that is shown, by question and ε; ✓ is within 5%",
        ("question", *(f"ε = {epsilon:g}" for epsilon in epsilons)),
        tuple(rows),
        frozenset(good),
    )


def coverage_by_question(report: Report) -> Table:
    """How often intervals hold the exact answer, and how wide they are."""
    held = report.at_reference("coverage", report.policy).sort_values()
    wide = report.at_reference("interval width", report.policy)
    words = {each.name: each.words for each in report.plan.questions}
    rows = tuple(
        (words[str(name)], percent(share), _percent(wide.get(name)))
        for name, share in held.items()
    )
    return Table(
        f"Intervals at ε = {report.reference:g}, the least reliable first",
        ("question", "held the exact answer", "half-width, of the figure"),
        rows,
    )


def measures(report: Report) -> Table:
    """Every measure of each question at the reference ε, of the policy evaluated."""
    found = report.measured[
        (report.measured["method"] == report.policy)
        & (report.measured["size"] == "")
        & np.isclose(report.measured["epsilon"].astype(float), report.reference)
    ]
    lines = found.groupby(["question", "column"], sort=False)
    rows = tuple(
        (
            f"{question}, {column}",
            *_measured(dict(zip(of["measure"], of["value"], strict=True))),
        )
        for (question, column), of in lines
    )
    return Table(
        f"Every measure of every figure, at ε = {report.reference:g}",
        ("question, figure", *_MEASURES.values()),
        rows,
    )


def typical_by_epsilon(report: Report, measure: str, caption: str) -> Table:
    """The numbers of a picture: a measure by method and ε."""
    errors = measure == "relative error"
    found = report.typical(measure) if errors else report.mean(measure)
    pivot = found.dropna(subset=["epsilon"]).pivot_table(
        index="method", columns="epsilon", values="value"
    )
    epsilons = sorted(report.plan.epsilons)
    rows = tuple(
        (name, *(_percent(_at(pivot, name, epsilon)) for epsilon in epsilons))
        for name in report.noisy
        if name in pivot.index
    )
    return Table(caption, ("", *(f"ε = {each:g}" for each in epsilons)), rows)


def advised(report: Report) -> Table:
    """What each question should get so that its target is kept."""
    rows = []
    for each in report.advice.wanted:
        target = each.asking.target
        said = _NOTHING
        if target is not None:
            depends = each.asking.sql.upper()
            mean = any(word in depends for word in ("AVG(", "/"))
            group = f" in a group of {target.group_of:,}" if mean else ""
            said = f"±{target.margin:,.12g}{group}"
        rows.append(
            (
                each.asking.words,
                said,
                f"{each.epsilon:.2g}" if each.epsilon is not None else each.why,
                percent(each.share) if each.share else _NOTHING,
                f"{each.shown_from:,}" if each.shown_from else _NOTHING,
            )
        )
    return Table(
        "What each question should get, from public facts, before any row is read",
        ("question", "margin wanted", "ε needed", "share of all", "shown from about"),
        tuple(rows),
    )


def lives(report: Report) -> Table:
    """How long a budget lasts under each habit, and what the answers were worth."""
    found = report.workload
    rows = []
    for habit, asked in found.groupby("habit", sort=False):
        answered = asked[asked["refused"] == ""]
        last = answered.tail(len(report.plan.questions))
        rows.append(
            (
                str(habit),
                f"{len(answered):,}",
                _percent(answered.head(len(report.plan.questions))["error"].median()),
                _percent(last["error"].median()),
                percent(float(asked["left"].iloc[-1])),
            )
        )
    return Table(
        "A project that asks all of the questions again and again",
        ("habit", "answered", "typical error, first round", "last round", "left over"),
        tuple(rows),
    )


def audited(report: Report) -> Table:
    """What the audit proved of each game, beside what the ledger charged."""
    rows = tuple(
        (
            f"{found['game']} ({found['setting']})",
            str(found["claim"]),
            f"{found['measured']:.3g}",
            f"{found['claimed']:.3g}",
            "stands" if found["measured"] <= found["claimed"] else "REFUTED",
            f"{found['plays']:,}",
        )
        for found in report.audit.to_dict("records")
    )
    return Table(
        "The loss that was proven, and the loss that was claimed",
        ("game", "of", "proven at least", "claimed", "the claim", "plays"),
        rows,
    )


def refusals(report: Report) -> Table:
    """What could not be asked, of whom and why."""
    found = report.spent[report.spent["refused"] != ""]
    grouped = found.groupby(["method", "question", "refused"], sort=False)["epsilon"]
    rows = tuple(
        (NAMES.get(str(method), str(method)), str(question), _levels(each), str(why))
        for (method, question, why), each in grouped
    )
    return Table(
        "What was not answered",
        ("asked of", "question", "at ε", "reason"),
        rows,
        texts=True,
    )


def facts(plan: Plan, rows: int) -> Table:
    """What was done, so that somebody else can do it again."""
    said = plan.data.model_dump(exclude_unset=True)
    data = ", ".join(f"{name} {value}" for name, value in said.items())
    return Table(
        "What was done",
        ("", ""),
        (
            ("data", f"{data}, {rows:,} rows"),
            ("questions", f"{len(plan.questions)}"),
            ("ε", ", ".join(f"{each:g}" for each in plan.epsilons)),
            ("δ", f"{plan.delta:g}, half of it for thresholds"),
            ("measure of the budget", plan.measure),
            ("repetitions", f"{plan.repetitions} of each question at each ε"),
            ("policies", ", ".join(plan.policies)),
            ("rules of other systems", ", ".join(plan.baselines) or "none"),
            ("other systems", _peers(plan)),
            ("attacks", _attacks(plan)),
            ("seed", f"{plan.seed}, for everything but noise"),
        ),
        texts=True,
    )


def _peers(plan: Plan) -> str:
    if plan.peers is None:
        return "none"
    names = (NAMES.get(name, name) for name in plan.peers.systems)
    return f"{', '.join(names)}; {plan.peers.repetitions} times each"


def _attacks(plan: Plan) -> str:
    if plan.attacks is None:
        return "none"
    named = ", ".join(plan.attacks.only) or "all"
    runs = "once" if plan.attacks.runs == 1 else f"{plan.attacks.runs} times"
    own = plan.attacks.data
    beside = "" if own is None else f"; up to {2 * own.people} people of {own.table}"
    return f"{named}; {plan.attacks.people} made-up people{beside}; {runs}"


def _score(report: Report, measure: str, name: str) -> str:
    found = report.at_reference(measure, name)
    if found.empty:
        return _NOTHING
    if measure == "Kendall":
        return f"{found.mean():.2f}"
    median = measure in {"relative error", "total variation", "bias"}
    return percent(float(found.median() if median else found.mean()))


def _measured(values: Mapping[str, float]) -> Iterator[str]:
    """Every measure that there may be, as it is written; – where it has none."""
    for measure in _MEASURES:
        value = values.get(measure)
        if value is None or measure not in _NUMBERS:
            yield _percent(value)
        else:
            yield f"{value:{_NUMBERS[measure]}}"


def _at(pivot: pd.DataFrame, row: str, column: float) -> float | None:
    if row not in pivot.index or column not in pivot.columns:
        return None
    number = float(pivot[column][row])
    return None if np.isnan(number) else number


def _percent(number: float | None) -> str:
    return _NOTHING if number is None or pd.isna(number) else percent(float(number))


def _levels(epsilons: pd.Series) -> str:
    known = epsilons.dropna()
    return ", ".join(f"{each:g}" for each in known) if len(known) else _NOTHING
