"""What a committee's accuracy costs: pure, over public facts, before any row is read.

Everything follows from what `privacy.explain` says of a question: the noise its plan
will draw, and the margins that this noise implies.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import Final

from privacy.accounting import ATTO, NANO, Measure, epsilon_of_rho, rho_budget
from privacy.bound import bound
from privacy.catalogue import Catalogue
from privacy.errors import Refused
from privacy.explain import Explanation, explain
from privacy.levels import level, price_levels
from privacy.model import is_model, model
from privacy.plan import Plan as Planned
from privacy.plan import plan as plan_of
from privacy.policy import POLICIES
from privacy.regress import explain_fit
from privacy.spending import Allowance, Intent, Spending
from privacy.teach import understand
from tre.evaluation.plan import Asking, Plan, Population, Target

EPSILONS: Final = tuple(
    digits * 10.0**power for power in range(-4, 2) for digits in range(10, 100)
)
"""Among which ε an answer is looked for: those of two digits."""

_WIDE: Final = 10**12


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one question should get: the ε that keeps its target, and what it buys.

    `epsilon` and `rho` are None where no ε of EPSILONS does, and `why` says so, or why
    nobody can say beforehand. `share` is its part of the whole. `shown_from` is the
    size from which cells are usually shown, and None where none is hidden.
    """

    asking: Asking
    epsilon: float | None
    rho: float | None
    share: float
    shown_from: int | None
    why: str


@dataclass(frozen=True, slots=True)
class Advice:
    """What a workload needs, and how many such projects a population carries.

    `rho` and `epsilon` are what all questions with a target cost together; half the
    margin of each costs four times as much under zCDP, and twice under pure DP.
    """

    wanted: tuple[Wanted, ...]
    rho: float
    epsilon: float
    projects: int | None
    projects_at_half: int | None
    population: Population | None


@dataclass(frozen=True, slots=True)
class Margin:
    """The 95% margin of one figure of a question at one ε, in the figure's unit.

    `group_of` is the group's size where the margin depends on it, and 0 where not.
    """

    question: str
    column: str
    epsilon: float
    margin: float
    group_of: int


def advise(plan: Plan, catalogue: Catalogue) -> Advice:
    """The price of every question's target under the plan's first policy."""
    found = [_wanted(each, plan, catalogue) for each in plan.questions]
    rho = sum(each.rho or 0.0 for each in found)
    shared = tuple(
        Wanted(
            each.asking,
            each.epsilon,
            each.rho,
            (each.rho or 0.0) / rho if rho else 0.0,
            each.shown_from,
            each.why,
        )
        for each in found
    )
    half = 2 if plan.measure == "pure" else 4
    return Advice(
        shared,
        rho,
        _together(found, plan, rho),
        _carried(plan.population, rho),
        _carried(plan.population, rho * half),
        plan.population,
    )


def margins(
    plan: Plan, catalogue: Catalogue, epsilons: Sequence[float]
) -> tuple[Margin, ...]:
    """What each ε buys, for every figure whose margin public facts give."""
    found = []
    for asking in plan.questions:
        for epsilon in epsilons:
            try:
                told = told_at(asking, epsilon, plan, catalogue)
            except Refused:
                continue
            for column in told.columns:
                known = [(0, column.margin), *column.margins]
                found += [
                    Margin(asking.name, column.column, epsilon, margin, size)
                    for size, margin in known
                    if margin is not None
                ]
    return tuple(found)


def told_at(
    asking: Asking, epsilon: float, plan: Plan, catalogue: Catalogue
) -> Explanation:
    """What a researcher would be told of a question at an ε. Raises Refused."""
    measure = Measure(plan.measure)
    conversion = 0 if measure is Measure.PURE else _conversion(plan)
    allowance = Allowance(measure, _WIDE * NANO, conversion, conversion)
    spending = Spending(Intent.EPSILON, Fraction(str(epsilon)))
    planned = _planned(asking, plan, catalogue)
    priced = price_levels(planned, spending, allowance)
    return explain_fit(priced) if is_model(asking.sql) else explain(priced)


def _planned(asking: Asking, plan: Plan, catalogue: Catalogue) -> Planned:
    if is_model(asking.sql):
        query = model(asking.sql, catalogue).query
    else:
        query = understand(asking.sql, catalogue)
    policy = POLICIES[plan.policies[0]]
    return level(plan_of(bound(query), policy), Measure(plan.measure))


def _wanted(asking: Asking, plan: Plan, catalogue: Catalogue) -> Wanted:
    if asking.target is None:
        return Wanted(asking, None, None, 0.0, None, "no target was set")
    epsilon = _least(asking, asking.target, plan, catalogue)
    if isinstance(epsilon, str):
        return Wanted(asking, None, None, 0.0, None, epsilon)
    told = told_at(asking, epsilon, plan, catalogue)
    shown = [each.usually_from for each in told.certificates]
    return Wanted(
        asking, epsilon, told.loss.rho, 0.0, max(shown) if shown else None, ""
    )


def _least(
    asking: Asking, target: Target, plan: Plan, catalogue: Catalogue
) -> float | str:
    """The least ε of two digits that keeps a target; or why there is none."""
    try:
        best = _margin(told_at(asking, EPSILONS[-1], plan, catalogue), target)
    except Refused as refusal:
        return f"refused: {refusal.message}"
    if best is None:
        return "its margin depends on the data: see what was measured"
    if best > target.margin:
        return f"no ε up to {EPSILONS[-1]:g} gives so small a margin"

    def kept(epsilon: float) -> int:
        try:
            found = _margin(told_at(asking, epsilon, plan, catalogue), target)
        except Refused:  # too little to draw any noise
            return 0
        return int(found is not None and found <= target.margin)

    return EPSILONS[bisect_left(EPSILONS, 1, key=kept)]


def _margin(told: Explanation, target: Target) -> float | None:
    """The widest margin of a question's figures; None where one is not known."""
    found = [
        column.margin
        if column.margin is not None
        else dict(column.margins).get(target.group_of)
        for column in told.columns
    ]
    known = [each for each in found if each is not None]
    return max(known) if known and len(known) == len(found) else None


def _together(found: Sequence[Wanted], plan: Plan, rho: float) -> float:
    """What all questions cost, as ε."""
    if plan.measure == "pure":
        return sum(each.epsilon or 0.0 for each in found)
    return epsilon_of_rho(ceil(rho * NANO), _conversion(plan))


def _conversion(plan: Plan) -> int:
    """Half of the plan's δ, in atto: the other half is for thresholds."""
    return floor(Fraction(str(plan.delta)) * ATTO / 2)


def _carried(population: Population | None, rho: float) -> int | None:
    if population is None or not rho:
        return None
    asked = Fraction(str(population.epsilon)), Fraction(str(population.delta))
    return floor(rho_budget(*asked).rho_nano / (rho * NANO))
