"""A price is split so that what is asked errs least, whatever the data."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import sqrt

import pytest

from privacy.accounting import Measure
from privacy.mechanism import loss
from privacy.plan import Plan
from privacy.policy import NONE
from privacy.query import Aggregate, Statistic
from privacy.split import _needs, split, spread_evenly
from tests.mechanics.questions import (
    PEOPLE,
    PURE,
    ROWS,
    ZCDP,
    mean_of,
    number,
    planned,
    priced,
    question,
    regions,
    sum_of,
)

PAY = number(0, 200_000)
AGE = number(0, 120, name="age")
BOTH = Aggregate(Statistic.CORR, PAY, AGE)

QUESTIONS = [
    (ROWS, sum_of(PAY)),
    (mean_of(PAY),),
    (mean_of(PAY), ROWS, sum_of(AGE)),
    (ROWS, PEOPLE),
    (Aggregate(Statistic.VAR_POP, PAY),),
    (BOTH,),
    (Aggregate(Statistic.REGR_SLOPE, PAY, AGE),),
]


def predicted(plan: Plan, measure: Measure, parts: list[float]) -> float:
    """Σ A/ρ or Σ A/ε², with parts that sum to 1."""
    power = 2 if measure is Measure.PURE else 1
    needs = _needs(plan, measure)
    whole = sum(parts)
    return sum(need / (parts[place] / whole) ** power for place, need in needs.items())


@pytest.mark.parametrize("aggregates", QUESTIONS)
@pytest.mark.parametrize("measure", list(Measure))
def test_no_other_split_errs_less(aggregates, measure: Measure) -> None:
    """Moving any part up or down by a fifth makes the predicted error larger."""
    plan = planned(question(*aggregates, rows_per_person=4), NONE)
    best = [float(each) for each in split(plan, measure)]
    least = predicted(plan, measure, best)
    even = predicted(plan, measure, [1.0] * len(best))
    assert least <= even
    for factors in product((0.8, 1.0, 1.2), repeat=min(3, len(best))):
        moved = [p * f for p, f in zip(best, (*factors, 1.0, 1.0, 1.0), strict=False)]
        assert predicted(plan, measure, moved) >= least * (1 - 1e-3)


def test_what_only_certifies_keeps_its_weight() -> None:
    """Splitting moves price between figures that are asked, and to nothing else."""
    plan = planned(question(sum_of(PAY), mean_of(AGE), keys=(regions(4),)))
    wanted = split(plan, Measure.ZCDP)
    asked = [w for w, c in zip(wanted, plan.components, strict=True) if c.weight == 1]
    rest = [
        w == c.weight
        for w, c in zip(wanted, plan.components, strict=True)
        if c.weight < 1
    ]
    assert float(sum(asked, Fraction(0))) == pytest.approx(len(asked), rel=1e-4)
    assert all(rest)


@pytest.mark.parametrize("allowance", [ZCDP, PURE])
@pytest.mark.parametrize("aggregates", QUESTIONS)
def test_a_split_price_is_spent_and_not_passed(aggregates, allowance) -> None:
    """Parts come to the price that was said, less what rounding takes."""
    cost = priced(question(*aggregates, rows_per_person=3), allowance=allowance)
    pure = allowance.measure is Measure.PURE
    spent = cost.epsilon_nano if pure else cost.rho_nano
    whole = 500_000_000 if pure else priced(question(ROWS)).rho_nano
    assert whole * (1 - 1e-6) <= spent <= whole + 1
    assert sum(loss(each) for each in cost.mechanisms) * 10**9 <= spent


def test_values_that_are_spread_evenly() -> None:
    """The root mean square between two ends, by the integral."""
    assert spread_evenly(0, 3) == pytest.approx(sqrt(3))
    assert spread_evenly(-1, 1) == pytest.approx(1 / sqrt(3))
    assert spread_evenly(5, 5) == pytest.approx(5)
