from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.accounting import ATTO, NANO, Loss, Measure, nano_at_least, rho_for_epsilon
from privacy.errors import Refused
from privacy.form import Linear, form
from privacy.mechanism import Kind, loss
from privacy.policy import NONE
from privacy.price import Price, price
from privacy.quantile import half_width, sum_half_width
from privacy.query import AggregateRef, Constant, Operator
from privacy.spending import MOST, Allowance, Intent, Spending
from tests.mechanics.questions import (
    PEOPLE,
    PURE,
    ROWS,
    ZCDP,
    mean_of,
    number,
    operation,
    planned,
    priced,
    question,
    regions,
    sum_of,
)

PAY = number(0, 200_000, scale=2)
EVERYTHING = question(
    ROWS,
    PEOPLE,
    sum_of(PAY),
    mean_of(number(0, 9)),
    keys=(regions(5),),
    rows_per_person=4,
)


def spent(cost: Price) -> int:
    """The loss of all mechanisms by OpenDP's maps, in whole nano-units, rounded up."""
    return sum(nano_at_least(loss(mechanism)) for mechanism in cost.mechanisms)


@given(st.integers(10, 10**13), st.sampled_from((ZCDP, PURE)))
def test_the_price_is_what_the_maps_say_and_never_above_what_was_asked(
    nano: int, allowance: Allowance
) -> None:
    """The maps of all components sum to the price, and use nearly all of it."""
    pure = allowance.measure is Measure.PURE
    intent = Intent.EPSILON if pure else Intent.RHO
    plan = planned(EVERYTHING)
    try:
        cost = price(plan, Spending(intent, Fraction(nano, NANO)), allowance)
    except Refused:
        assert nano < 10_000
        return
    charged = cost.epsilon_nano if pure else cost.rho_nano
    assert spent(cost) == charged <= nano
    assert charged >= nano - len(plan.components)


@given(st.fractions(Fraction(1, 100), 50, max_denominator=1000))
def test_epsilon_buys_the_most_rho_that_converts_to_it(epsilon: Fraction) -> None:
    """In a zCDP project, ε means the largest ρ whose own conversion is at most ε."""
    cost = price(planned(EVERYTHING), Spending(Intent.EPSILON, epsilon), ZCDP)
    most = rho_for_epsilon(epsilon, ZCDP.conversion_delta_atto)
    assert most - len(cost.mechanisms) <= cost.rho_nano <= most
    assert cost.loss.epsilon <= float(epsilon)
    assert cost.loss.delta == ZCDP.conversion_delta_atto / ATTO
    assert cost.epsilon_nano == cost.delta_atto == 0


def test_pure_projects_add_up_epsilon_and_charge_rho_too() -> None:
    """Laplace noise only, no δ, and ε²/2 for the population."""
    cost = priced(question(ROWS), 0.5, allowance=PURE)
    assert {mechanism.kind for mechanism in cost.mechanisms} == {Kind.LAPLACE}
    assert cost.mechanisms[0].scale == 2.0
    assert cost.loss == Loss(0.125, 0.5, 0.0)
    assert (cost.rho_nano, cost.epsilon_nano) == (NANO // 8, NANO // 2)


def test_rho_buys_the_closed_form_gaussian() -> None:
    """ρ = 1/2 at sensitivity 1 is σ = 1."""
    cost = priced(question(ROWS), "0.5", intent=Intent.RHO)
    assert cost.mechanisms[0].kind is Kind.GAUSSIAN
    assert cost.mechanisms[0].scale == pytest.approx(1.0)


def test_a_share_is_of_what_is_left() -> None:
    """share=1% of 10 is 0.1 of ρ, and under pure DP of ε."""
    assert priced(question(ROWS), "0.01", intent=Intent.SHARE).rho_nano == NANO // 10
    cost = priced(question(ROWS), "0.01", intent=Intent.SHARE, allowance=PURE)
    assert cost.epsilon_nano == NANO // 10


@given(st.lists(st.integers(1, 50), min_size=2, max_size=6))
def test_questions_add_up_exactly(rhos: list[int]) -> None:
    """Under zCDP, prices add up in any order, with nothing lost to rounding."""
    costs = [
        priced(question(ROWS), f"0.{rho:03}", intent=Intent.RHO).rho_nano
        for rho in rhos
    ]
    assert sum(costs) == sum(reversed(costs)) <= sum(rhos) * NANO // 1000
    assert sum(costs) >= sum(rhos) * NANO // 1000 - len(rhos)


def test_parts_follow_weights() -> None:
    """A count that only certifies gets a tenth of what the sum gets."""
    cost = priced(question(sum_of(PAY)), "0.11", intent=Intent.RHO)
    parts = [round(float(loss(each)), 6) for each in cost.mechanisms]
    assert parts == [0.1, 0.01]


@pytest.mark.parametrize("allowance", [ZCDP, PURE])
@pytest.mark.parametrize("margin", ["0.4", "1", "5", "50", "12345.6"])
def test_a_margin_is_kept_at_nearly_the_least_price(
    margin: str, allowance: Allowance
) -> None:
    """The half-width keeps the margin, and a little more noise would not."""
    cost = priced(
        question(ROWS), margin, intent=Intent.MARGIN, allowance=allowance, policy=NONE
    )
    (mechanism,) = cost.mechanisms
    assert half_width(mechanism) <= Fraction(margin)
    wider = type(mechanism)(mechanism.kind, mechanism.scale * 1.001, 1, 1)
    assert half_width(wider) > float(margin) - 1
    assert spent(cost) == (cost.epsilon_nano or cost.rho_nano)


def test_a_margin_is_in_each_columns_own_unit() -> None:
    """±5 is five people for a count and 5.00 for a sum of pence."""
    cost = priced(question(ROWS, sum_of(PAY)), "5", intent=Intent.MARGIN)
    assert [half_width(each) for each in cost.mechanisms] == [5, 500]


@pytest.mark.parametrize("margin", [1, 2, 3, 5, 8, 30, 400])
@pytest.mark.parametrize("allowance", [ZCDP, PURE])
def test_a_margin_holds_for_differences_too(allowance: Allowance, margin: int) -> None:
    """An output of several noises keeps the margin as a whole."""
    total = operation(
        Operator.ADD,
        operation(Operator.MULTIPLY, AggregateRef(0), 2),
        operation(Operator.SUBTRACT, AggregateRef(1), 7),
    )
    query = question(ROWS, PEOPLE, outputs=(total,), rows_per_person=4)
    cost = priced(query, margin, intent=Intent.MARGIN, allowance=allowance)
    value = form(total, cost.plan)
    assert isinstance(value, Linear)
    terms = tuple((c, cost.mechanisms[position]) for position, c in value.terms)
    assert sum_half_width(terms) <= margin
    assert margin < 9 or sum_half_width(terms) >= 0.8 * margin


def test_what_only_certifies_follows_a_margin_by_weight() -> None:
    """A count nobody asked for costs its weight of the dearest that was."""
    cost = priced(question(sum_of(PAY)), "5000", intent=Intent.MARGIN)
    asked, support = (loss(each) for each in cost.mechanisms)
    assert support <= asked / 10
    assert support >= asked / 11


@pytest.mark.parametrize(
    "post",
    [
        AggregateRef(0),
        operation(Operator.DIVIDE, AggregateRef(1), AggregateRef(2)),
        operation(Operator.ROUND, AggregateRef(1), 0),
        operation(Operator.MULTIPLY, AggregateRef(1), 0),
    ],
)
def test_a_margin_that_depends_on_the_data_is_refused(post) -> None:
    """Averages and ratios have no margin known beforehand."""
    query = question(mean_of(PAY), sum_of(PAY), ROWS, outputs=(post,))
    with pytest.raises(Refused) as refusal:
        priced(query, "5", intent=Intent.MARGIN)
    assert refusal.value.code == "margin_depends_on_data"


@pytest.mark.parametrize(
    ("intent", "amount", "allowance", "code"),
    [
        (Intent.EPSILON, Fraction(0), ZCDP, "spending"),
        (Intent.EPSILON, Fraction(-1), ZCDP, "spending"),
        (Intent.EPSILON, Fraction(1, 10**9), ZCDP, "spending"),
        (Intent.EPSILON, Fraction(1, 10**300), ZCDP, "spending"),
        (Intent.EPSILON, Fraction(10**400), ZCDP, "spending"),
        (Intent.EPSILON, Fraction(1, 10**10), PURE, "spending"),
        (Intent.RHO, Fraction(1, 10**10), ZCDP, "spending"),
        (Intent.RHO, Fraction(1, 2), PURE, "spending"),
        (Intent.SHARE, Fraction(101, 100), ZCDP, "spending"),
        (Intent.SHARE, Fraction(1, 10**12), ZCDP, "spending"),
        (Intent.MARGIN, Fraction(0), ZCDP, "spending"),
        (
            Intent.SHARE,
            Fraction(1, 2),
            Allowance(Measure.ZCDP, 0, 1),
            "budget_exhausted",
        ),
    ],
)
def test_amounts_that_buy_nothing_are_refused(intent, amount, allowance, code) -> None:
    """Zero, negative, vanishing and outlandish amounts never reach OpenDP."""
    with pytest.raises(Refused) as refusal:
        price(planned(question(ROWS)), Spending(intent, amount), allowance)
    assert refusal.value.code == code


@pytest.mark.parametrize("intent", [Intent.EPSILON, Intent.RHO])
def test_the_largest_amounts_have_a_price(intent: Intent) -> None:
    """Even a laboratory's outlandish budget yields a finite scale and loss."""
    amount = Fraction(MOST[intent])
    cost = price(planned(question(ROWS)), Spending(intent, amount), ZCDP)
    assert 0 < cost.mechanisms[0].scale < 1
    assert cost.rho_nano <= amount * NANO


def test_noise_that_would_not_fit_64_bits_is_refused() -> None:
    """A huge sum for a tiny price is refused, not drawn with overflow."""
    with pytest.raises(Refused) as refusal:
        priced(question(sum_of(number(0, 2**55))), "0.000001", intent=Intent.RHO)
    assert refusal.value.code == "spending"


def test_a_constant_output_does_not_disturb_a_margin() -> None:
    """Columns that depend on no aggregate have no error."""
    query = question(ROWS, outputs=(Constant(Fraction(1)), AggregateRef(0)))
    cost = priced(query, "5", intent=Intent.MARGIN)
    assert half_width(cost.mechanisms[0]) == 5
