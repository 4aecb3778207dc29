from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.bound import bound
from privacy.catalogue import Domain, Type, Unit
from privacy.choices import case
from privacy.domains import boolean
from privacy.errors import Refused
from privacy.expression import Call, Expression, Function, Literal
from privacy.form import Ratio, form
from privacy.literals import ONE
from privacy.plan import Component, Plan, Reading, Support
from privacy.policy import GATEWAY, NONE
from privacy.query import (
    Aggregate,
    AggregateRef,
    Constant,
    KeyRef,
    Operator,
    Post,
    Statistic,
)
from tests.mechanics.questions import (
    PEOPLE,
    ROWS,
    mean_of,
    number,
    operation,
    planned,
    present,
    question,
    regions,
    sum_of,
    text_key,
)

AGE = number(0, 100, name="age")
PAY = number(-500, 2_000, nullable=True)


def statistics(plan: Plan) -> list[Statistic]:
    """What is computed in each cell, in order."""
    return [component.statistic for component in plan.components]


def average(plan: Plan, position: int = 0) -> Reading:
    """How an average is read."""
    reading = plan.readings[position]
    assert isinstance(reading, Reading)
    return reading


def one(plan: Plan) -> Component:
    """The only component of a plan."""
    (component,) = plan.components
    return component


@pytest.mark.parametrize(
    ("unit", "rows", "keys", "expected"),
    [
        (Unit.PERSON, 8, (regions(12),), (8, 8)),
        (Unit.PERSON, 8, (regions(3),), (8, 3)),
        (Unit.PERSON, 8, (), (8, 1)),
        (Unit.PERSON, 8, (regions(2), text_key("a", nullable=True)), (8, 4)),
        (Unit.ROW, 1, (regions(12),), (1, 1)),
    ],
)
def test_one_person_touches_so_many_rows_and_cells(unit, rows, keys, expected) -> None:
    """Rows are the published cap; cells are no more than rows, and than there are."""
    bounded = bound(question(ROWS, keys=keys, rows_per_person=rows, unit=unit))
    assert (bounded.rows_per_person, bounded.cells_per_person) == expected


def test_a_public_table_has_nobody_to_bound() -> None:
    """A reference table is about no people; binding refuses it before this."""
    with pytest.raises(ValueError, match="protected"):
        bound(question(ROWS, unit=Unit.NONE))


@pytest.mark.parametrize(
    ("aggregate", "moved"),
    [
        (ROWS, (4, 16)),
        (PEOPLE, (4, 4)),
        (present(PAY), (4, 16)),
        (sum_of(PAY), (8_000, 64_000_000)),
        (sum_of(number(0, 0)), (4, 16)),
        (sum_of(number(-7, -3, scale=2)), (28, 784)),
    ],
)
def test_sensitivities_are_the_textbook_ones(aggregate, moved) -> None:
    """Each statistic's Δ₁ and Δ₂² follow from the cap and the public bounds."""
    query = question(aggregate, keys=(regions(12),), rows_per_person=4)
    component = one(planned(query, NONE))
    assert (component.l1, component.l2_squared) == moved


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.none() | st.integers(-500, 2_000)), max_size=4
    )
)
def test_one_person_moves_nothing_further_than_stated(
    rows: list[tuple[int, int | None]],
) -> None:
    """Removing any person of up to 4 rows moves every component within Δ₁ and Δ₂."""
    query = question(
        ROWS, PEOPLE, present(PAY), sum_of(PAY), mean_of(PAY),
        keys=(regions(4),), rows_per_person=4,
    )  # fmt: skip
    for component in planned(query).components:
        moved = np.zeros(4, dtype=object)
        for cell in range(4):
            values = [value for place, value in rows if place == cell]
            moved[cell] = contribution(component, values)
        assert sum(abs(moved)) <= component.l1
        assert sum(moved**2) <= component.l2_squared


def contribution(component: Component, values: list[int | None]) -> int:
    """What these rows of one person add to a component of one cell."""
    known = [value for value in values if value is not None]
    match component.statistic:
        case Statistic.ROWS:
            return len(values)
        case Statistic.PEOPLE:
            return int(bool(values))
        case Statistic.PRESENT:
            return len(known)
        case _:
            return sum(known) - len(known) * centre_of(component)


def centre_of(component: Component) -> int:
    """What a centred sum subtracts from every value."""
    match component.argument:
        case Call(Function.SUBTRACT, (_, Literal(int(centre)))):
            return centre
        case _:
            return 0


def test_an_average_is_centred_and_counts_what_is_present() -> None:
    """AVG(x) is a sum of differences from the middle and a count, both paid for."""
    plan = planned(question(mean_of(PAY)), NONE)
    assert statistics(plan) == [Statistic.SUM, Statistic.PRESENT]
    assert plan.components[0].l1 == 1_250
    assert average(plan).centre == 750
    assert (average(plan).lower, average(plan).upper) == (-500, 2_000)


def test_the_average_of_zeros_and_ones_is_centred_at_a_half() -> None:
    """A narrow odd span gets a finer scale, so the centre is the middle itself."""
    plan = planned(question(mean_of(number(0, 1))), NONE)
    total, reading = plan.components[0], average(plan)
    assert (total.scale, total.l1, reading.centre) == (1, 5, 5)
    assert (reading.lower, reading.upper) == (0, 10)


def test_a_span_around_zero_needs_no_centre() -> None:
    """AVG of a symmetric column uses the column as it is."""
    plan = planned(question(mean_of(number(-50, 50))), NONE)
    assert plan.components[0].argument == number(-50, 50)


def test_a_sum_asked_anyway_serves_the_average() -> None:
    """SUM, COUNT and AVG of one column are two components, not four."""
    plan = planned(question(sum_of(AGE), ROWS, mean_of(AGE)))
    assert statistics(plan) == [Statistic.SUM, Statistic.ROWS]
    assert average(plan, 2).component == 0
    assert average(plan, 2).divisor == 1


def test_a_sum_beside_an_average_is_read_off_the_centred_sum() -> None:
    """One person moves the centred sum by half as much; the count puts it back."""
    plan = planned(question(sum_of(AGE), ROWS, mean_of(AGE)))
    total = average(plan)
    assert plan.components[0].l1 == 50
    assert (total.component, total.centre, total.lifted) == (0, 50, 1)
    alone = planned(question(sum_of(AGE), ROWS), NONE)
    assert (alone.components[0].l1, average(alone).lifted) == (100, None)


def test_a_sum_beside_an_average_keeps_its_unit() -> None:
    """A centre between two units is not taken, and one too far from 0 neither."""
    for ends in ((0, 1), (2**40, 2**40 + 8)):
        argument = number(*ends)
        plan = planned(question(sum_of(argument), mean_of(argument)), NONE)
        assert plan.components[0].argument == argument
        assert average(plan).lifted is None


def test_an_average_written_out_has_the_bounds_of_one() -> None:
    """SUM ÷ COUNT lies where a value can, however the sum is computed."""
    pay = number(-500, 2_000, scale=1, nullable=True)
    ratio = operation(Operator.DIVIDE, AggregateRef(0), AggregateRef(1))
    for asked in (
        (sum_of(pay), present(pay)),
        (sum_of(pay), present(pay), mean_of(pay)),
    ):
        found = form(ratio, planned(question(*asked), NONE))
        assert isinstance(found, Ratio)
        assert found.lower == -50
        assert found.upper == 200


def test_equal_counts_are_computed_once() -> None:
    """COUNT(x) of what is never NULL, and people with one row, are COUNT(*)."""
    plan = planned(question(ROWS, present(AGE), PEOPLE, rows_per_person=1))
    assert statistics(plan) == [Statistic.ROWS]


@pytest.mark.parametrize(
    ("aggregates", "rows", "components", "supports"),
    [
        ((ROWS,), 1, [Statistic.ROWS], [Support(0, 1)]),
        ((ROWS,), 4, [Statistic.ROWS], [Support(0, 4)]),
        ((PEOPLE,), 4, [Statistic.PEOPLE], [Support(0, 1)]),
        (
            (ROWS, PEOPLE),
            4,
            [Statistic.ROWS, Statistic.PEOPLE],
            [Support(1, 1), Support(1, 1)],
        ),
        ((sum_of(AGE),), 1, [Statistic.SUM, Statistic.ROWS], [Support(1, 1)]),
        ((sum_of(AGE),), 4, [Statistic.SUM, Statistic.PEOPLE], [Support(1, 1)]),
        ((sum_of(PAY),), 4, [Statistic.SUM, Statistic.PRESENT], [Support(1, 4)]),
        ((mean_of(AGE),), 4, [Statistic.SUM, Statistic.ROWS], [Support(1, 4)]),
        (
            (PEOPLE, sum_of(PAY)),
            4,
            [Statistic.PEOPLE, Statistic.SUM, Statistic.PRESENT],
            [Support(0, 1), Support(2, 4)],
        ),
    ],
)
def test_every_aggregate_names_one_count_that_certifies_it(
    aggregates, rows, components, supports
) -> None:
    """The count is at hand where there is one, and of no more people than are meant."""
    plan = planned(question(*aggregates, rows_per_person=rows))
    assert statistics(plan) == components
    assert list(plan.supports) == supports


def test_a_count_nobody_asked_for_gets_a_small_part() -> None:
    """What only certifies takes the policy's weight of the price."""
    plan = planned(question(sum_of(AGE)))
    assert [c.weight for c in plan.components] == [1, GATEWAY.support_weight]


def test_without_certificates_only_what_is_asked_is_computed() -> None:
    """Under policy `none` a sum is a sum."""
    plan = planned(question(sum_of(AGE)), NONE)
    assert statistics(plan) == [Statistic.SUM]
    assert plan.supports == ()


def test_cells_are_the_product_of_public_keys() -> None:
    """NULL is a value of a nullable key; no keys is one cell."""
    keys = (regions(3), text_key("a", "b", nullable=True))
    assert planned(question(ROWS, keys=keys)).cells == 9
    assert planned(question(ROWS)).cells == 1


@pytest.mark.parametrize(
    ("post", "code"),
    [
        (operation(Operator.MORE, AggregateRef(0), 5), "unsupported"),
        (operation(Operator.ADD, AggregateRef(0), KeyRef(0)), "unsupported"),
        (operation(Operator.ADD, AggregateRef(0), "text"), "unsupported"),
        (operation(Operator.IS_NULL, AggregateRef(0)), "unsupported"),
    ],
)
def test_only_numbers_are_computed_from_aggregates(post: Post, code: str) -> None:
    """A truth value of a noised figure has no interval, so it is no column."""
    with pytest.raises(Refused) as refusal:
        planned(question(ROWS, keys=(regions(2),), outputs=(post,)))
    assert refusal.value.code == code
    assert refusal.value.clause == "o0"


@pytest.mark.parametrize(
    "post", [KeyRef(0), Constant("x"), operation(Operator.EQUAL, KeyRef(0), "r000000")]
)
def test_what_depends_on_no_aggregate_may_be_anything(post: Post) -> None:
    """Keys, constants and comparisons of keys are public."""
    query = question(ROWS, keys=(regions(2),), outputs=(post, AggregateRef(0)))
    assert planned(query).query is query


def test_a_sum_no_noise_could_hide_is_refused() -> None:
    """Where one person could move a sum past 2⁵⁶ CLAMP is named."""
    with pytest.raises(Refused) as refusal:
        planned(question(sum_of(number(0, 2**55)), rows_per_person=8))
    assert refusal.value.code == "overflow"
    assert "CLAMP" in refusal.value.message


def test_nothing_to_compute_is_no_question() -> None:
    """A query without aggregates is refused by name."""
    with pytest.raises(Refused) as refusal:
        planned(question(keys=(regions(2),)))
    assert refusal.value.code == "not_a_question"


def test_an_unbounded_sum_is_a_fault_of_binding() -> None:
    """Planning does not guess bounds."""
    unbounded = number(0, 1).__class__("t", "x", Domain(Type.NUMBER))
    with pytest.raises(TypeError, match="bounded"):
        planned(question(sum_of(unbounded)))


def test_weights_are_exact() -> None:
    """Parts of a price are fractions, not floats."""
    assert isinstance(GATEWAY.support_weight, Fraction)


ADULT = Call(
    Function.MORE,
    (AGE, Literal(17, Domain(Type.NUMBER, 0, 17, 17, nullable=False, values=(17,)))),
    boolean(nullable=False),
)


def kept(argument: Expression) -> Expression:
    """The argument where a condition holds, as FILTER is bound."""
    return case([(ADULT, argument)], None)


def filtered_people() -> Aggregate:
    """People with a row that FILTER keeps."""
    return Aggregate(Statistic.PEOPLE, kept(ONE))


@pytest.mark.parametrize(
    ("aggregates", "rows", "components", "supports"),
    [
        ((present(kept(ONE)),), 4, [Statistic.PRESENT], [Support(0, 4)]),
        ((filtered_people(),), 4, [Statistic.PEOPLE], [Support(0, 1)]),
        ((filtered_people(),), 1, [Statistic.PRESENT], [Support(0, 1)]),
        (
            (ROWS, sum_of(kept(AGE))),
            4,
            [Statistic.ROWS, Statistic.SUM, Statistic.PRESENT],
            [Support(0, 4), Support(2, 4)],
        ),
        (
            (PEOPLE, filtered_people(), sum_of(kept(AGE))),
            4,
            [Statistic.PEOPLE, Statistic.PEOPLE, Statistic.SUM],
            [Support(0, 1), Support(1, 1), Support(1, 1)],
        ),
        (
            (present(kept(ONE)), mean_of(kept(AGE))),
            4,
            [Statistic.PRESENT, Statistic.SUM],
            [Support(0, 4), Support(0, 4)],
        ),
    ],
)
def test_a_filtered_figure_is_certified_by_the_rows_it_is_about(
    aggregates, rows, components, supports
) -> None:
    """Never by all rows of the cell; what is counted anyway is counted once."""
    plan = planned(question(*aggregates, rows_per_person=rows))
    assert statistics(plan) == components
    assert list(plan.supports) == supports


def test_filtered_people_move_as_people_do() -> None:
    """One person is one in each cell they have a row in, whichever rows are kept."""
    query = question(filtered_people(), keys=(regions(3),), rows_per_person=4)
    component = one(planned(query, NONE))
    assert (component.l1, component.l2_squared) == (3, 3)


def test_rows_per_filtered_person_have_no_public_bound() -> None:
    """All rows of a cell over some of its people may be any number."""
    rate = operation(Operator.DIVIDE, AggregateRef(0), AggregateRef(1))
    everybody = planned(question(ROWS, PEOPLE, rows_per_person=4), NONE)
    some = planned(question(ROWS, filtered_people(), rows_per_person=4), NONE)
    bounded, unbounded = form(rate, everybody), form(rate, some)
    assert isinstance(bounded, Ratio)
    assert isinstance(unbounded, Ratio)
    assert bounded.lower == 0
    assert bounded.upper == 4
    assert unbounded.upper is None
