"""Traps 2 to 4: second moments overflow, and a variance is several releases."""

from __future__ import annotations

from typing import Any

import pytest

from privacy.derive import derive
from privacy.mechanism import loss
from privacy.policy import NONE
from privacy.query import Aggregate, Statistic
from tests.language.example import EARNINGS, compiled, planned
from tests.laws.grammar import engine, fill
from tests.laws.oracle import answer
from tests.mechanics.questions import (
    PURE,
    ZCDP,
    noised_table,
    number,
    priced,
    question,
)

FAR = "CLAMP(huge, -10000000000000000, 10000000000000000)"


def row(person: int, value: int) -> dict[str, Any]:
    """A row with an extreme value, and nothing else known."""
    known = {"age": 120, "tax_year": 2020, "rent": 50_000, "sex": "F", "huge": value}
    return {
        "person_id": person,
        **{each.name: known.get(each.name) for each in EARNINGS.columns},
    }


@pytest.mark.parametrize(
    "asked",
    [
        f"VAR_POP({FAR})",
        f"COVAR_SAMP({FAR}, age)",
        f"CORR({FAR}, rent)",
        f"REGR_SLOPE(rent, {FAR})",
        "STDDEV(CLAMP(debt, -10000000000, 10000000000))",
    ],
)
def test_trap_2_second_moments_of_extremes_fit_64_bits(asked: str) -> None:
    """Values at both ends are squared in the engine without wrapping or failing."""
    sql = f"SELECT {asked} AS x FROM earnings"
    plan = planned(sql)
    rows = [row(p, (-1) ** p * 2**62) for p in range(8)]
    database = engine()
    fill(database, rows)
    (found,) = database.execute(compiled(sql)).fetchall()
    assert [int(each or 0) for each in found] == answer(plan, rows)[()]
    for component, each in zip(plan.components, found, strict=True):
        assert abs(int(each or 0)) <= 2 * component.l1


@pytest.mark.parametrize("allowance", [ZCDP, PURE])
def test_trap_4_a_variance_charges_all_its_parts(allowance) -> None:
    """Count, sum and sum of squares are each noised, and the price is their sum."""
    variance = Aggregate(Statistic.VAR_POP, number(0, 100, nullable=True))
    cost = priced(question(variance), 1.0, allowance=allowance, policy=NONE)
    kinds = [each.statistic for each in cost.plan.components]
    assert sorted(kinds, key=str) == [
        Statistic.PRESENT,
        Statistic.SUM,
        Statistic.SUM,
    ]
    charged = cost.epsilon_nano if allowance is PURE else cost.rho_nano
    assert charged >= sum(loss(each) for each in cost.mechanisms) * 10**9


def test_trap_4_a_negative_variance_is_returned_as_zero() -> None:
    """Noise can leave less than nothing: the variance and its root are 0, not NULL."""
    for statistic in (Statistic.VAR_POP, Statistic.STDDEV_POP):
        aggregate = Aggregate(statistic, number(0, 100))
        cost = priced(question(aggregate), 1.0, policy=NONE)
        noised = noised_table([[500]], [[0]], [[-(10**6)]])
        found = derive(noised, cost).outputs[0]
        assert found.value.values.item() == 0
        assert not found.value.null.item()
