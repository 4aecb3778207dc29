"""How long a project's budget lasts, when its questions are asked again and again.

Asked of the real ledger: each question is charged, and what is refused is refused by
the ledger's own rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np
import pyarrow as pa

from privacy.errors import Refused
from tre.evaluation.data import Data
from tre.evaluation.gateway import opened
from tre.evaluation.grid import grids
from tre.evaluation.layout import figures_of
from tre.evaluation.measures.errors import relative_error
from tre.evaluation.outcome import Outcome
from tre.evaluation.plan import Asking, Habit, Plan
from tre.lab import Lab

ASKED: Final = pa.schema(
    [
        ("habit", pa.string()),
        ("number", pa.int64()),
        ("question", pa.string()),
        ("left", pa.float64()),
        ("error", pa.float64()),
        ("refused", pa.string()),
    ]
)
"""The questions asked, in order: the share of the budget left after each, the median
relative error of its figures, and the code under which it was refused, if it was."""


def lived(
    plan: Plan, habit: Habit, data: Data, exact: Mapping[str, pa.Table]
) -> pa.Table:
    """One project's life under one habit: until nothing it asks is answered any more.

    `exact` are the exact answers by question, as TRUTH has them. Questions come in
    rounds of the whole plan, in an order that the plan's seed fixes.
    """
    workload = plan.workload
    if workload is None:
        return ASKED.empty_table()
    with opened(plan, data, plan.policies[0], epsilon=workload.epsilon) as lab:
        lines = list(_asked(lab, plan, workload.most, habit, exact))
    return pa.Table.from_pylist(lines, schema=ASKED)


def _asked(
    lab: Lab,
    plan: Plan,
    most: int,
    habit: Habit,
    exact: Mapping[str, pa.Table],
) -> Iterator[dict[str, object]]:
    whole, answered = lab.remaining().rho, True
    for number, asking in enumerate(_order(plan, most), 1):
        if (number - 1) % len(plan.questions) == 0:
            if not answered:
                return
            answered = False
        code, error = _asked_once(lab, asking, habit, exact)
        answered |= not code
        yield {
            "habit": habit.name,
            "number": number,
            "question": asking.name,
            "left": lab.remaining().rho / whole,
            "error": error,
            "refused": code,
        }


def _order(plan: Plan, most: int) -> Iterator[Asking]:
    """Rounds of all questions, each shuffled anew; `most` questions in all."""
    shuffled = np.random.default_rng(plan.seed)  # noqa: TID251 - an order, not noise
    number = 0
    while True:
        for place in shuffled.permutation(len(plan.questions)):
            if number == most:
                return
            number += 1
            yield plan.questions[int(place)]


def _asked_once(
    lab: Lab, asking: Asking, habit: Habit, exact: Mapping[str, pa.Table]
) -> tuple[str, float | None]:
    """The code of a refusal, or how wrong the answer was."""
    try:
        release = lab.ask(
            asking.sql, share=habit.share, epsilon=habit.epsilon, fresh=True
        )
    except Refused as refusal:
        return refusal.code, None
    if asking.name not in exact:
        return "", None
    outcome = Outcome(figures_of(release.to_arrow()))
    found = [
        relative_error(grid.values, grid.exact)[0]
        for grid in grids(outcome, exact[asking.name], 1).values()
    ]
    known = [float(each) for each in found if not np.isnan(each)]
    return "", float(np.median(known)) if known else None
