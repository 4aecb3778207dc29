"""A coefficient is shown where the outcome of its category is a group's."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from privacy.bound import bound
from privacy.catalogue import Catalogue
from privacy.expression import Case, is_sensitive
from privacy.mechanism import draw
from privacy.model import model
from privacy.outcome import Outcome
from privacy.plan import plan
from privacy.policy import GATEWAY, NONE, Policy
from privacy.price import Price, price
from privacy.reading import Spread
from privacy.spending import Intent, Spending
from tests.language.example import CATALOGUE
from tests.mechanics.questions import ZCDP

PAY = "REGRESS pay BY sex FROM earnings"
MET = "REGRESS CASE WHEN tax_year = 2015 THEN 1 ELSE 0 END BY sex FROM earnings"


def declared(name: str) -> Catalogue:
    """The catalogue, with a column that its steward declared sensitive."""
    table = CATALOGUE.tables["earnings"]
    columns = tuple(
        replace(each, sensitive=each.name == name) for each in table.columns
    )
    changed = replace(table, columns=columns)
    return replace(CATALOGUE, tables={**CATALOGUE.tables, "earnings": changed})


def priced(
    text: str, policy: Policy = GATEWAY, *, known: Catalogue = CATALOGUE
) -> Price:
    """A regression at ρ = 0.5."""
    asked = plan(bound(model(text, known).query), policy)
    return price(asked, Spending(Intent.RHO, Fraction(1, 2)), ZCDP)


def outcome(cost: Price, total: float, rows: int) -> tuple[Outcome, np.ndarray]:
    """An outcome of so much in all, over so many rows, in one cell; and the cell."""
    found = zip(cost.plan.query.aggregates, cost.plan.readings, strict=True)
    aggregate, spread = next(each for each in found if isinstance(each[1], Spread))
    assert isinstance(spread, Spread)
    assert aggregate.argument is not None
    values = [np.zeros(cost.plan.cells) for _ in cost.plan.components]
    unit = cost.plan.components[spread.left.component].unit
    centred = (Fraction(total) - rows * spread.left.centre) / unit
    values[spread.left.component][0] = float(round(centred))
    values[spread.count][0] = rows
    inside = np.arange(cost.plan.cells) == 0
    return Outcome(aggregate.argument, spread.left, spread.count, values, cost), inside


def least(cost: Price, rows: int, holds: str, most: float) -> float:
    """The least total from which on a rule holds, by halving."""
    low, high = 0.0, most
    while high - low > most / 2**20:
        middle = (low + high) / 2
        found, inside = outcome(cost, middle, rows)
        low, high = (low, middle) if getattr(found, holds)(inside) else (middle, high)
    return high


def test_what_one_person_may_hold_is_hidden() -> None:
    """Two and a fifth times what one person may have is not enough, with noise more."""
    cost = priced(PAY)
    found, inside = outcome(cost, 0, 10**6)
    *_, most = found._total(inside, 1, found.side.centre)
    needed = least(cost, 10**6, "is_a_groups", 1e3 * most)
    assert needed > 2.2 * most
    assert outcome(cost, 2 * needed, 10**6)[0].is_a_groups(inside)
    assert not outcome(cost, -needed, 10**6)[0].is_a_groups(inside)
    assert outcome(priced(PAY, NONE), 0, 10**6)[0].is_a_groups(inside)


@pytest.mark.statistical
@pytest.mark.parametrize(("times", "shown"), [(1.0, 0.01), (40.0, 1.0)])
def test_a_total_of_one_person_is_hardly_ever_shown(times: float, shown: float) -> None:
    """At most once in 100 draws, in whichever cell; that of a group nearly always."""
    cost = priced(PAY)
    exact, inside = outcome(cost, 0, 0)
    *_, most = exact._total(inside, 1, exact.side.centre)
    exact, inside = outcome(cost, most * times, round(100 * times))
    size = 4_000
    noised = [
        draw(mechanism, np.tile(each.astype(np.int64), (size, 1))).astype(np.float64)
        for mechanism, each in zip(cost.mechanisms, exact.values, strict=True)
    ]
    seen = sum(
        Outcome(
            exact.argument, exact.side, exact.count, [e[at] for e in noised], cost
        ).is_a_groups(inside)
        for at in range(size)
    )
    if shown < 1:
        assert stats.binomtest(seen, size, shown, alternative="greater").pvalue > 1e-6
    else:
        assert seen > 0.9 * size


def test_a_sensitive_condition_is_met_by_some_and_not_by_others() -> None:
    """All of a category, or none, is what the rule of classes hides; few, too."""
    cost = priced(MET, known=declared("tax_year"))
    rows = 10**6
    for total, mixed in ((0, False), (rows // 2, True), (rows, False)):
        found, inside = outcome(cost, total, rows)
        assert isinstance(found.argument, Case)
        assert is_sensitive(found.argument)
        assert found.is_mixed(inside) == mixed
    plain = outcome(priced(MET), rows, rows)
    assert plain[0].is_mixed(plain[1])
