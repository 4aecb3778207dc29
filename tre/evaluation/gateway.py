"""Ask the real gateway, in a laboratory, as often as a cell of an evaluation says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from privacy.errors import Failed, Refused
from tre.evaluation.cell import Cell
from tre.evaluation.data import Data
from tre.evaluation.layout import figures_of
from tre.evaluation.outcome import Outcome, refused
from tre.evaluation.plan import Plan
from tre.lab import Lab

BOUNDLESS: Final = 1e9
"""The ε of a laboratory's project that is never meant to run out."""

SPENT: Final = "So many repetitions cost more δ for thresholds than a project has."


def opened(plan: Plan, data: Data, policy: str, *, epsilon: float = BOUNDLESS) -> Lab:
    """A laboratory of the plan's data, budget's measure and δ, under a policy."""
    return Lab(
        data.tables,
        data.package,
        epsilon=epsilon,
        delta=plan.delta,
        measure=plan.measure,
        policy=policy,
    )


def answers(
    plan: Plan, data: Data, policy: str, cells: Sequence[Cell]
) -> Iterator[tuple[Cell, Outcome]]:
    """The outcome of each cell. Where a laboratory's budget is spent, a new one opens.

    What is spent first is the δ for thresholds, of which each draw takes its share.
    """
    waiting = list(cells)
    while waiting:
        with opened(plan, data, policy) as lab:
            for place, cell in enumerate(list(waiting)):
                outcome = _answer(lab, cell)
                if outcome is None and place:
                    break
                yield cell, outcome or refused(SPENT)
                waiting.remove(cell)


def _answer(lab: Lab, cell: Cell) -> Outcome | None:
    """Read the data once and draw the noise `times` over; None if nothing is left."""
    sql, epsilon = cell.asking.sql, cell.epsilon
    try:
        spent = lab.explain(sql, epsilon=epsilon).loss.rho
        drawn = lab.draws(sql, epsilon=epsilon, times=cell.times)
    except Refused as refusal:
        if refusal.code == "budget_exhausted":
            return None
        return refused(refusal.message)
    except Failed as failure:
        return refused(failure.message)
    return Outcome(figures_of(drawn), spent)
