from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from privacy.accounting import Measure
from privacy.bind import bind
from privacy.catalogue import Domain, GroupBound, Type
from privacy.certificates import least_shown
from privacy.expected_error import GROUP_SIZES
from privacy.explain import explain
from privacy.expression import Call, Case, Function, Literal
from privacy.parse import parse
from privacy.policy import NONE
from privacy.quantile import half_width, sum_half_width
from privacy.query import AggregateRef, KeyRef, Operator
from privacy.wording import words_of
from tests.language.example import CATALOGUE, EARNINGS
from tests.mechanics.questions import (
    PEOPLE,
    PURE,
    ROWS,
    ZCDP,
    mean_of,
    number,
    operation,
    planned,
    present,
    priced,
    question,
    regions,
    sum_of,
)

PAY = number(0, 200_000, scale=2)


@pytest.mark.parametrize("allowance", [ZCDP, PURE])
def test_the_margin_told_is_the_margin_given(allowance) -> None:
    """Before spending a researcher reads the half-width the release will have."""
    cost = priced(question(ROWS, sum_of(PAY), keys=(regions(3),)), allowance=allowance)
    told = {each.column: each.margin for each in explain(cost).columns}
    count, total = cost.mechanisms
    expected = {"a0": half_width(count), "a1": half_width(total) / 100}
    assert told == pytest.approx(expected)


@pytest.mark.parametrize(("allowance", "factor"), [(ZCDP, 4), (PURE, 2)])
def test_half_the_error_costs_what_it_would(allowance, factor: int) -> None:
    """Four times ρ, or twice ε, halves every scale."""
    cost = priced(question(ROWS), allowance=allowance)
    half = explain(cost).half_error
    pure = allowance.measure is Measure.PURE
    said, asked = (
        (half.epsilon, 0.5 * factor) if pure else (half.rho, cost.loss.rho * 4)
    )
    assert said == pytest.approx(asked)


def test_the_error_of_an_average_is_told_by_group_size() -> None:
    """Ten times the rows is a tenth of the error, within the public bounds."""
    (told,) = explain(priced(question(mean_of(PAY)), 5.0)).columns
    assert told.margin is None
    assert [size for size, _ in told.margins] == list(GROUP_SIZES)
    margins = [margin for _, margin in told.margins]
    assert margins[1] == pytest.approx(margins[2] * 10)
    assert max(margins) <= 2_000


def test_a_ratio_without_public_ends_says_so() -> None:
    """Where nothing can be said beforehand nothing is made up."""
    ratio = operation(Operator.DIVIDE, AggregateRef(0), AggregateRef(1))
    query = question(
        sum_of(PAY), present(number(0, 1, nullable=True)), outputs=(ratio,)
    )
    (told,) = explain(priced(query)).columns
    assert (told.margin, told.margins) == (None, ())
    assert "depends on the data" in told.words


def test_certificates_say_from_where_on_cells_are_shown() -> None:
    """The count told is the one the certificate will ask for."""
    cost = priced(question(ROWS, sum_of(PAY), rows_per_person=3, keys=(regions(9),)))
    rows, total = explain(cost).certificates
    assert (
        rows.shown_from == total.shown_from == least_shown(cost, cost.plan.supports[0])
    )
    assert rows.counted == "rows"
    assert rows.usually_from > rows.shown_from
    assert explain(priced(question(ROWS), policy=NONE)).certificates == ()


def test_people_are_called_people() -> None:
    """Where one row is one person, or people are counted, the words say so."""
    for query in (question(ROWS), question(PEOPLE, rows_per_person=4)):
        (certificate,) = explain(priced(query)).certificates
        assert certificate.counted == "people"


def test_every_component_is_told_with_its_share() -> None:
    """What only certifies is named as such, and shares add up."""
    noise = explain(priced(question(sum_of(PAY), keys=(regions(2),)))).noise
    assert [line.component for line in noise] == ["SUM(pay)", "COUNT(*)"]
    assert [line.asked for line in noise] == [True, False]
    assert sum(line.share for line in noise) == pytest.approx(1)
    assert noise[0].moved == 2_000


def test_expressions_are_told_in_words() -> None:
    """A centred sum, a call and a case read as what they are."""
    whole = Domain(Type.NUMBER, 0, 0, 1, nullable=False)
    one = Literal(150, Domain(Type.NUMBER, 2, 150, 150, nullable=False))
    absolute = Call(Function.ABS, (number(0, 1),), whole)
    case = Case(((Literal(True, Domain(Type.BOOLEAN)), one),), None, whole)
    less = Call(Function.SUBTRACT, (number(0, 1), one), whole)
    nullable = present(number(0, 1, nullable=True, name="age"))
    query = question(sum_of(absolute), sum_of(case), sum_of(less), nullable)
    told = [line.component for line in explain(priced(query)).noise]
    assert told[:3] == ["SUM(abs(pay))", "SUM(1.50 WHERE True)", "SUM(pay - 1.50)"]


def test_what_is_inside_of_something_is_told_in_brackets() -> None:
    """Nobody takes a constant for a part of a condition, or a factor for a term."""
    pay = number(0, 1_000, nullable=True)
    known = Domain(Type.BOOLEAN, nullable=False)
    there = Call(Function.NOT, (Call(Function.IS_NULL, (pay,), known),), known)
    some = Case(((there, pay),), None, pay.domain)
    less = Call(Function.SUBTRACT, (some, Literal(5, pay.domain)), pay.domain)
    squared = Call(Function.MULTIPLY, (less, less), pay.domain)
    inside = "(pay WHERE pay is not null) - 5"
    assert words_of(less) == inside
    assert words_of(squared) == f"({inside}) * ({inside})"
    listed = Call(Function.IN, (pay, Literal(1, pay.domain)), known)
    both = Call(Function.AND, (listed, there), known)
    assert words_of(both) == "(pay in (1)) and (pay is not null)"
    far = Literal(5, Domain(Type.NUMBER, -9, 5, 5, nullable=False))
    assert words_of(far) == "5000000000"


def test_counting_people_is_proposed_where_it_errs_less() -> None:
    """Not beside an average, where nothing is counted, nor where one row is one."""
    rows = question(ROWS, keys=(regions(2),), rows_per_person=8)
    assert any("Counting people" in each for each in explain(priced(rows)).cheaper)
    average = question(mean_of(PAY), keys=(regions(2),), rows_per_person=8)
    for query in (average, question(ROWS, keys=(regions(2),))):
        told = explain(priced(query)).cheaper
        assert not any("Counting people" in each for each in told)


def test_what_a_figures_own_condition_leaves_is_told() -> None:
    """Where publication bounds rows by group, a FILTER leaves a person fewer."""
    table = replace(EARNINGS, bounds=(GroupBound(("tax_year",), rows=1),))
    catalogue = replace(CATALOGUE, tables={**CATALOGUE.tables, "earnings": table})
    sql = (
        "SELECT COUNT(*) AS n, COUNT(*) FILTER (WHERE tax_year = 2012) AS then,"
        " AVG(pay) FILTER (WHERE tax_year = 2012) AS mean FROM earnings"
    )
    told = explain(priced(bind(parse(sql), catalogue)))
    assert "For then, mean a condition leaves at most 1 of them." in told.bounds
    counted = [each.counted for each in told.certificates]
    assert counted == ["rows", "people", "people"]
    assert "condition" not in explain(priced(question(ROWS, rows_per_person=2))).bounds


def test_words_say_all_of_it() -> None:
    """A sentence for bounds, cells, noise, columns, certificates, what hides, price."""
    query = question(
        ROWS, mean_of(PAY), keys=(regions(4),), rows_per_person=3,
        outputs=(KeyRef(0), AggregateRef(0), AggregateRef(1)),
    )  # fmt: skip
    said = explain(priced(query))
    assert said.cheaper
    rest = len(said.noise) + 2 + 2 + len(said.cheaper)
    assert len(said.words) == 4 + rest
    assert "at most 3 rows" in said.words[0]
    assert "4 cells" in said.words[1]
    assert "half the error" in said.words[-1 - len(said.cheaper)]


def test_a_combination_is_told_its_own_margin() -> None:
    """A difference has the margin of both noises together."""
    post = operation(Operator.SUBTRACT, AggregateRef(0), AggregateRef(1))
    cost = priced(question(ROWS, PEOPLE, outputs=(post,), rows_per_person=2))
    (told,) = explain(cost).columns
    first, second = cost.mechanisms
    assert told.margin == sum_half_width(((Fraction(1), first), (Fraction(-1), second)))
    assert cost.plan == planned(cost.plan.query)
