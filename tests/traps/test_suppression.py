"""Traps 18 to 23 and 39: what suppression, keys and rounding gave away elsewhere."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest

from privacy import disclosure as disclosure_module
from privacy.compile import compile_plan
from privacy.derive import derive
from privacy.mechanism import Kind, Mechanism, draw
from privacy.noise import noise
from privacy.policy import NONE
from privacy.price import price
from privacy.query import AggregateRef, KeyRef, Operator, Ordering
from privacy.spending import Intent, Spending
from tests.language.example import LOCATION, planned
from tests.laws.grammar import engine, fill
from tests.laws.test_limits import worst
from tests.mechanics.questions import (
    ROWS,
    ZCDP,
    column,
    exact_table,
    mean_of,
    noised_table,
    number,
    operation,
    priced,
    question,
    regions,
    released,
    shown,
    sum_of,
)
from tre.enclave.execute import execute
from tre.enclave.job import Job
from tre.lab import Lab

N = AggregateRef(0)


def test_trap_14_an_empty_group_is_zero_and_not_null() -> None:
    """SUM and AVG of nobody are noised numbers, so emptiness does not show."""
    cost = priced(question(sum_of(number(0, 9)), mean_of(number(0, 9))), policy=NONE)
    empty = exact_table(*([0] for _ in cost.plan.components))
    table = released(cost, empty, draws=200)
    for name in ("a0", "a0_low", "a1", "a1_low"):
        assert None not in column(table, name)


def test_trap_18_absent_keys_have_noise_too() -> None:
    """A public key nobody has comes out as a row, with noise."""
    cost = priced(question(ROWS, keys=(regions(200),)), policy=NONE)
    table = released(cost, exact_table([0] * 200))
    assert table.rows == 200
    assert len(set(column(table, "a0"))) > 1


def test_trap_19_suppression_looks_at_noised_counts_only() -> None:
    """The rule's module knows no exact table, and equal noised counts fare equally."""
    assert "ExactTable" not in inspect.getsource(disclosure_module)
    cost = priced(question(ROWS, keys=(regions(2),)))
    statuses = column(shown(cost, noised_table([[500, 500]])), "a0_status")
    assert len(set(statuses)) == 1


def test_trap_21_ungrouped_questions_meet_the_rules() -> None:
    """A filter that leaves one person shows nothing, without GROUP BY as well."""
    table = shown(priced(question(ROWS)), noised_table([[1]]))
    assert column(table, "a0") == [None]


def test_trap_17_order_does_not_betray_hidden_figures() -> None:
    """Suppressed cells are ordered as equals, whatever is beneath them."""
    ordering = (Ordering(N, descending=True),)
    cost = priced(question(ROWS, keys=(regions(4),), ordering=ordering))
    one = shown(cost, noised_table([[3, 9_000, 1, 2]]))
    other = shown(cost, noised_table([[1, 9_000, 3, 2]]))
    assert column(one, "k0") == column(other, "k0")
    assert column(one, "k0")[0] == "r000001"


def test_trap_17_having_does_not_betray_hidden_figures() -> None:
    """A suppressed figure is NULL to HAVING, so its row is neither kept nor told."""
    having = operation(Operator.AT_LEAST, N, 2)
    cost = priced(question(ROWS, keys=(regions(3),), having=having))
    table = shown(cost, noised_table([[1, 9_000, 5]]))
    assert column(table, "k0") == ["r000001"]


def test_trap_17_arithmetic_does_not_betray_hidden_figures() -> None:
    """ORDER BY an expression of a hidden figure is ordering by NULL."""
    squared = operation(Operator.MULTIPLY, N, N)
    ordering = (Ordering(squared, descending=True),)
    cost = priced(question(ROWS, keys=(regions(3),), ordering=ordering))
    one = shown(cost, noised_table([[1, 2, 3]]))
    assert column(one, "k0") == ["r000000", "r000001", "r000002"]


def test_trap_22_no_row_left_is_an_empty_table() -> None:
    """A question nothing satisfies is answered, with its columns and no row."""
    having = operation(Operator.MORE, N, 10**9)
    cost = priced(question(ROWS, keys=(regions(3),), having=having))
    table = shown(cost, noised_table([[50, 60, 70]]))
    assert table.rows == 0
    assert [each.name for each in table.columns][:2] == ["k0", "a0"]


def test_trap_23_noised_counts_are_not_clipped() -> None:
    """A count may come out negative: clipping would betray what it clips to."""
    cost = priced(question(ROWS), policy=NONE)
    values = noise(exact_table([0]), cost.mechanisms, 500)
    assert min(column(shown(cost, values), "a0")) < 0


def test_trap_4_averages_are_clipped_to_public_bounds_only() -> None:
    """No average is outside its argument's bounds, whatever the noise."""
    cost = priced(question(mean_of(number(-5, 9))), 0.05, policy=NONE)
    few = exact_table(*([1] for _ in cost.plan.components))
    found = derive(noise(few, cost.mechanisms, 2_000), cost).outputs[0]
    assert found.value.values.min() >= -5
    assert found.value.values.max() <= 9


def test_trap_39_derived_figures_keep_a_public_number_of_decimals() -> None:
    """The decimals of a ratio follow from public scales alone."""
    post = operation(Operator.DIVIDE, AggregateRef(0), AggregateRef(1))
    outputs = (KeyRef(0), post)
    query = question(sum_of(number(0, 9)), ROWS, outputs=outputs, keys=(regions(50),))
    cost = priced(query, policy=NONE)
    values = exact_table(list(range(1, 51)), list(range(900, 950)))
    found = derive(noise(values, cost.mechanisms, 1), cost).outputs[1]
    granules = found.value.values * 10**6
    assert np.allclose(granules, np.round(granules), atol=1e-6)


@pytest.mark.parametrize("kind", Kind)
def test_trap_39_noise_is_whole_and_added_to_whole_numbers(kind: Kind) -> None:
    """No noise is drawn as a float, and figures that are floats are not noised."""
    mechanism = Mechanism(kind, 3.0, 1, 1)
    assert draw(mechanism, np.zeros(50, dtype=np.int64)).dtype == np.int64
    with pytest.raises((TypeError, ValueError)):
        draw(mechanism, np.full(50, 0.5))


@pytest.mark.parametrize("constant", ["* 1e17", "/ 1e17"])
def test_trap_34_no_constant_is_too_large_to_answer_with(constant: str) -> None:
    """What was accepted is answered, with NULL where a float cannot hold it."""
    asked = planned(f"SELECT COUNT(*) {' '.join([constant] * 20)} AS a FROM earnings")
    cost = price(asked, Spending(Intent.EPSILON, Fraction(1)), ZCDP)
    assert column(released(cost, exact_table([1_000])), "a") in ([None], [0.0])


@pytest.mark.parametrize("sql", ["SUM(pay)", "SUM(pay), region"])
def test_trap_14_a_sum_of_nothing_is_zero_to_the_noise(sql: str) -> None:
    """NULL is 0 before it is bounded: the engine's LEAST and GREATEST pass over it."""
    database = engine()
    fill(database, [{**row, "pay": None} for row in worst()])
    groups = " GROUP BY region" if "region" in sql else ""
    asked = planned(f"SELECT {sql} FROM earnings{groups}")
    cost = price(asked, Spending(Intent.EPSILON, Fraction(1)), ZCDP)
    keys = tuple(key.domain for key in asked.query.keys)
    statement = compile_plan(asked, {"earnings": LOCATION}).sql
    job = Job((), statement, keys, cost.mechanisms)
    (sums,) = execute(job, lambda text: database.execute(text).to_arrow_table()).values
    assert not sums.any()


def _clinic() -> Lab:
    """5,000 people of whom 8 are ill."""
    bounds = {"required": True, "minimum": 0, "maximum": 99}
    fields = [
        {"name": "ill", "type": "boolean", "constraints": {"required": True}},
        {"name": "pay", "type": "integer", "constraints": bounds},
    ]
    people = {
        "name": "people",
        "tre": {"privacy_unit": "row"},
        "schema": {"fields": fields},
    }
    owner = {"controller": "me", "legal_basis": "mine", "population": "people"}
    package = {"name": "clinic", "tre": owner, "resources": [people]}
    table = pa.table({"ill": np.arange(5_000) < 8, "pay": np.full(5_000, 99)})
    return Lab({"people": table}, package, epsilon=1e4)


def test_trap_21_a_sum_over_few_is_not_certified_by_the_many() -> None:
    """Rows that a CASE takes for 0 are not behind its sum, as with FILTER."""
    figures = [
        "SUM(CASE WHEN ill THEN 1 ELSE 0 END)",
        "SUM(CASE WHEN NOT ill THEN 0 ELSE 1 END)",
        "SUM(CASE WHEN ill THEN pay ELSE 0 END)",
        "SUM(pay * CASE WHEN ill THEN 1 ELSE 0 END)",
        "AVG(CASE WHEN ill THEN 1 ELSE 0 END)",
        "COUNT(*) FILTER (WHERE ill)",
    ]
    with _clinic() as lab:
        for figure in figures:
            release = lab.ask(f"SELECT {figure} AS n FROM people", epsilon=100)
            (status,) = release.to_arrow()["n_status"].to_pylist()
            assert status == "suppressed:frequency", figure
        well = "SELECT SUM(CASE WHEN ill THEN 0 ELSE 1 END) AS n FROM people"
        assert lab.ask(well, epsilon=100).to_arrow()["n_status"].to_pylist() == ["ok"]
        planned = lab.explain(well, epsilon=100)
        assert [line.asked for line in planned.noise] == [True]


FEW = [
    "SUM(pay * (1 - CLAMP(ABS(age - 37), 0, 1)))",
    "SUM(pay * (1 - CLAMP(ABS(age - 37), 0, 1)) - 1)",
    "SUM(pay // (1 + 200 * CLAMP(ABS(age - 37), 0, 1)))",
    "SUM(pay * (38 - LEAST(age, 38)))",
    "SUM(COALESCE(CASE WHEN age = 37 THEN pay END, 0))",
    "SUM(CASE WHEN age = 37 THEN pay ELSE 1 END)",
    "AVG(CASE WHEN age = 37 THEN pay ELSE 1 END)",
    "QUANTILE_DISC(CASE WHEN age = 37 THEN pay ELSE 0 END, 0.9999)",
    "MAX(CASE WHEN age = 37 THEN pay ELSE 0 END)",
    "REGR_SLOPE(pay, CASE WHEN age = 37 THEN 1 ELSE 0 END)",
    "REGR_SLOPE(CASE WHEN age = 37 THEN 0 ELSE 1 END, pay)",
    "COVAR_POP(CASE WHEN age = 37 THEN pay ELSE 0 END, age)",
    "VAR_POP(CASE WHEN age = 37 THEN 0 ELSE 1 END)",
    "VAR_POP(CLAMP(ABS(age - 37), 0, 1))",
    "COUNT(DISTINCT CASE WHEN age = 37 THEN pay ELSE 0 END)",
]
MANY = [
    *("SUM(pay)", "SUM(pay - 1)", "AVG(pay)", "SUM(CLAMP(pay, 0, 50))", "MEDIAN(pay)"),
    *("VAR_POP(pay)", "SUM(FLOOR(pay / 10) * 10)", "AVG(pay - 50)"),
    "SUM(CASE WHEN age > 60 THEN pay ELSE 0 END)",
    "SUM(CASE WHEN age = 37 THEN 0 ELSE 1 END)",
    "REGR_SLOPE(pay, CASE WHEN age > 60 THEN 1 ELSE 0 END)",
    "MAX(CASE WHEN age > 60 THEN pay ELSE 0 END)",
]


@pytest.fixture(scope="module")
def ages() -> Iterator[Lab]:
    """3,000 people of 40 to 99 years, and one of 37."""
    bounds = {"required": True, "minimum": 0, "maximum": 100}
    fields = [
        {"name": name, "type": "integer", "constraints": bounds}
        for name in ("age", "pay")
    ]
    people = {
        "name": "people",
        "tre": {"privacy_unit": "row"},
        "schema": {"fields": fields},
    }
    owner = {"controller": "me", "legal_basis": "mine", "population": "people"}
    package = {"name": "ages", "tre": owner, "resources": [people]}
    place = np.arange(3_000)
    age = np.where(place == 0, 37, 40 + place % 60)
    table = pa.table({"age": age, "pay": np.where(place == 0, 98, 20 + place % 31)})
    with Lab({"people": table}, package, epsilon=1e6) as lab:
        yield lab


@pytest.mark.parametrize("figure", FEW)
def test_trap_21_arithmetic_is_not_a_way_round_a_filter(ages: Lab, figure: str) -> None:
    """What the question makes the same for all but a few rests on those few."""
    release = ages.ask(f"SELECT {figure} AS n FROM people", epsilon=50).to_arrow()
    assert release.to_pylist()[0]["n_status"] == "suppressed:frequency"


@pytest.mark.parametrize("figure", MANY)
def test_trap_21_what_rests_on_many_is_shown(ages: Lab, figure: str) -> None:
    """A column's own zeros, a constant added, and choices of many people."""
    release = ages.ask(f"SELECT {figure} AS n FROM people", epsilon=50).to_arrow()
    assert release.to_pylist()[0]["n_status"] in {"ok", "unreliable"}
