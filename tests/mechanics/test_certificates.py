from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import ceil

import numpy as np
import pytest
from scipy import stats

from privacy.catalogue import Domain, Type
from privacy.certificates import least_shown, least_total
from privacy.expression import Call, Case, ColumnOf, Function, Literal
from privacy.policy import GATEWAY
from privacy.price import Price
from privacy.query import Aggregate, Key, Statistic
from privacy.reading import Reading
from tests.mechanics.questions import (
    PURE,
    ROWS,
    ZCDP,
    column,
    exact_table,
    mean_of,
    noised_table,
    number,
    planned,
    priced,
    question,
    regions,
    released,
    shown,
    sum_of,
)

MANY = 1_000_000
PAY = number(0, 1_000)
_FLAG = Domain(Type.BOOLEAN, nullable=False)
_ONE = Literal(1, Domain(Type.NUMBER, 0, 1, 1, nullable=False))
_ZERO = replace(_ONE, value=0, domain=replace(_ONE.domain, lower=0, upper=0))
_ILL = ColumnOf("", "ill", _FLAG, sensitive=True)


def illness(*values: str) -> Key:
    """A key computed from a sensitive column."""
    domain = Domain(Type.TEXT, nullable=False, values=values)
    return Key(ColumnOf("", "illness", domain, sensitive=True))


def indicator(condition: ColumnOf | Call = _ILL) -> Case:
    """1 for rows that meet a condition, 0 for others."""
    domain = Domain(Type.NUMBER, 0, 0, 1, nullable=False)
    return Case(((condition, _ONE),), _ZERO, domain)


def pay_price(rows: int = 1, allowance=ZCDP) -> Price:
    """The price of SUM(pay) and the count that certifies it."""
    query = question(ROWS, sum_of(PAY), rows_per_person=rows)
    return priced(query, allowance=allowance)


@pytest.mark.parametrize("allowance", [ZCDP, PURE])
@pytest.mark.parametrize("rows", [1, 4])
def test_a_total_is_shown_from_where_nobody_can_dominate_it(allowance, rows) -> None:
    """At the least total it is shown, one unit below it is not, the count is."""
    cost = pay_price(rows, allowance)
    least = least_total(cost, 1)
    assert least is not None
    edge = ceil(least)
    assert edge > 2 * 1_000 * rows / 0.9
    table = shown(cost, noised_table([[MANY]] * 3, [[edge - 1], [edge], [edge + 1]]))
    assert column(table, "a1_status")[0] == "suppressed:dominance"
    assert column(table, "a1")[1:] == [edge, edge + 1]
    assert column(table, "a0") == [MANY] * 3


def test_a_total_at_the_share_itself_is_dominated() -> None:
    """Two who hold exactly 90% are too much, as `fails at k or more` says."""
    rule = GATEWAY.dominance
    assert rule is not None
    cost = priced(
        question(ROWS, sum_of(PAY)),
        policy=replace(GATEWAY, dominance=replace(rule, share=Fraction(1, 2))),
    )
    least = least_total(cost, 1)
    assert least is not None
    assert least == int(least)
    edge = int(least)
    table = shown(cost, noised_table([[MANY]] * 2, [[edge], [edge + 1]]))
    assert column(table, "a1") == [None, edge + 1]


@pytest.mark.statistical
@pytest.mark.parametrize("allowance", [ZCDP, PURE])
@pytest.mark.parametrize(
    ("excess", "share"), [(-1, (0.0, 0.0101)), (0, (0.0095, 0.02))]
)
def test_dominated_totals_are_shown_once_in_100_at_most(
    allowance, excess, share
) -> None:
    """At a total that two people may hold 90% of, just under 1% of draws show it."""
    size = 50_000
    cost = pay_price(allowance=allowance)
    dominated = int(2 * 1_000 / 0.9) + 1 + excess
    table = released(cost, exact_table([MANY], [dominated]), draws=size)
    found = sum(value is not None for value in column(table, "a1"))
    low, high = share
    assert low == 0 or stats.binom.cdf(found, size, low) > 1e-6
    assert stats.binom.sf(found - 1, size, high) > 1e-6


def test_an_average_is_dominated_as_its_total_is() -> None:
    """An average beside its count gives the total away, so the total is judged."""
    cost = priced(question(mean_of(PAY)))
    count = 100_000
    # what is summed is centred at 500: −500 a row is an average of nothing
    table = shown(cost, noised_table([[-500 * count], [0]], [[count], [count]]))
    assert column(table, "a0_status") == ["suppressed:dominance", "ok"]


@pytest.mark.parametrize(("low", "high"), [(-1, 1_000), (-1_000, 0)])
def test_totals_that_may_be_negative_are_judged_from_their_least_value(
    low: int, high: int
) -> None:
    """A share is defined of what is never negative: of distances from the least."""
    cost = priced(question(ROWS, sum_of(number(low, high))))
    assert least_total(cost, 1) is None
    rows = 5_000
    nothing, much = low * rows, low * rows + 10**6
    table = shown(cost, noised_table([[rows]] * 2, [[nothing], [much]]))
    assert column(table, "a1_status") == ["suppressed:dominance", "ok"]


def test_a_constant_added_to_every_row_changes_no_verdict() -> None:
    """SUM(x − 1) is hidden where SUM(x) is."""
    plain = priced(question(ROWS, sum_of(number(0, 1_000))))
    less = priced(question(ROWS, sum_of(number(-1, 999))))
    rows = 5_000
    for total, status in ((900, "suppressed:dominance"), (10**6, "ok")):
        whole = shown(plain, noised_table([[rows]], [[total]]))
        moved = shown(less, noised_table([[rows]], [[total - rows]]))
        assert column(whole, "a1_status") == [status]
        assert column(moved, "a1_status") == [status]


def test_all_of_a_group_in_one_sensitive_category_is_not_shown() -> None:
    """Where the other categories prove no ten people, the cell says it of everybody."""
    cost = priced(question(ROWS, keys=(regions(2), illness("none", "flu", "gout"))))
    table = shown(cost, noised_table([[MANY, 0, 0, MANY, MANY, MANY]]))
    assert column(table, "a0_status") == [
        "suppressed:class",
        "suppressed:frequency",
        "suppressed:frequency",
        "ok",
        "ok",
        "ok",
    ]


def test_the_rest_of_a_group_meets_the_frequency_certificate() -> None:
    """Two categories: the one is shown from where the other would be."""
    cost = priced(question(ROWS, keys=(illness("none", "flu"),)))
    edge = least_shown(cost, cost.plan.supports[0])
    table = shown(cost, noised_table([[MANY, edge - 1], [MANY, edge]]))
    assert column(table, "a0") == [None, None, MANY, edge]
    assert column(table, "a0_status")[0] == "suppressed:class"


def test_groups_by_what_is_not_sensitive_are_not_judged() -> None:
    """Everybody in one region is no secret: the column is not declared sensitive."""
    cost = priced(question(ROWS, keys=(regions(3),)))
    table = shown(cost, noised_table([[MANY, 0, 0]]))
    assert column(table, "a0_status")[0] == "ok"


@pytest.mark.parametrize(
    ("ill", "status"),
    [
        (0, "suppressed:frequency"),
        (5, "suppressed:frequency"),
        (50_000, "ok"),
        (99_995, "suppressed:class"),
        (100_000, "suppressed:class"),
    ],
)
def test_a_share_near_all_or_none_is_not_shown(ill: int, status: str) -> None:
    """An average of a sensitive condition is shown where both sides are certified."""
    cost = priced(question(mean_of(indicator())))
    reading = cost.plan.readings[0]
    assert isinstance(reading, Reading)
    centre = reading.centre * cost.plan.components[0].unit
    summed = (ill - centre * 100_000) / cost.plan.components[0].unit
    noised = noised_table([[int(summed)]], [[100_000]], [[ill]])
    assert column(shown(cost, noised), "a0_status") == [status]


@pytest.mark.parametrize(
    ("ill", "shown_at"), [(4, False), (5_000, True), (9_997, False)]
)
def test_a_filtered_count_beside_the_whole_is_such_a_share(ill, shown_at) -> None:
    """COUNT(*) FILTER (WHERE sensitive) beside COUNT(*)."""
    kept = Case(((_ILL, _ONE),), None, replace(_ONE.domain, nullable=True))
    cost = priced(question(ROWS, Aggregate(Statistic.PRESENT, kept)))
    table = shown(cost, noised_table([[10_000]], [[ill]]))
    assert (column(table, "a1")[0] is not None) == shown_at


def test_what_depends_on_a_sensitive_column_is_sensitive() -> None:
    """A CASE over a sensitive condition is a sensitive key as well."""
    domain = Domain(Type.BOOLEAN, nullable=False, values=(False, True))
    well = Key(Call(Function.NOT, (_ILL,), domain))
    cost = priced(question(ROWS, keys=(well,)))
    table = shown(cost, noised_table([[0, MANY]]))
    assert column(table, "a0_status")[1] == "suppressed:class"


def test_rules_that_are_off_hide_nothing() -> None:
    """Dominance and class disclosure are each a choice of the policy."""
    policy = replace(GATEWAY, dominance=None, class_disclosure=False)
    query = question(ROWS, sum_of(PAY), keys=(illness("none", "flu"),))
    cost = priced(query, policy=policy)
    table = shown(cost, noised_table([[MANY, 0]], [[0, 0]]))
    assert column(table, "a0")[0] == MANY
    assert column(table, "a1")[0] == 0
    assert planned(query).policy.hash != policy.hash


def test_draws_are_judged_one_by_one() -> None:
    """Every draw has certificates of its own, as if it were the only one."""
    cost = priced(question(ROWS, keys=(illness("none", "flu"),)))
    table = shown(cost, noised_table([[MANY, MANY], [MANY, 0]]))
    statuses = column(table, "a0_status")
    assert statuses == ["ok", "ok", "suppressed:class", "suppressed:frequency"]
    assert np.unique(table.draw).tolist() == [0, 1]
