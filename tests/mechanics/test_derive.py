from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from privacy.catalogue import Domain, Type, Value
from privacy.derive import derive
from privacy.expression import ColumnOf
from privacy.policy import NONE
from privacy.quantile import half_width
from privacy.query import AggregateRef, Constant, Key, KeyRef, Operator
from privacy.table import ColumnKind
from tests.mechanics.questions import (
    ROWS,
    column,
    mean_of,
    noised_table,
    number,
    operation,
    priced,
    question,
    regions,
    shown,
    sum_of,
    text_key,
)

PAY = number(0, 200_000, scale=2)


def key_of(kind: Type, *values: Value, scale: int = 0, nullable: bool = False) -> Key:
    """A key of any type."""
    domain = Domain(kind, scale, nullable=nullable, values=values)
    return Key(ColumnOf("", "k", domain))


def test_counts_and_sums_are_the_noised_integers() -> None:
    """Nothing is clipped, and the interval is the same width everywhere."""
    cost = priced(question(ROWS, sum_of(PAY)), policy=NONE)
    table = shown(cost, noised_table([[-3]], [[123_456]]))
    widths = [half_width(each) for each in cost.mechanisms]
    assert column(table, "a0") == [-3]
    assert column(table, "a0_high") == [-3 + widths[0]]
    assert column(table, "a1_low") == [123_456 - widths[1]]
    kinds = {each.name: (each.kind, each.scale) for each in table.columns}
    assert kinds["a0"] == (ColumnKind.INTEGER, 0)
    assert kinds["a1"] == kinds["a1_low"] == (ColumnKind.DECIMAL, 2)
    assert kinds["a1_status"] == (ColumnKind.TEXT, 0)


def test_a_sum_of_integers_is_decimal_at_scale_zero() -> None:
    """SUM is decimal128 in a release, whatever its scale."""
    cost = priced(question(sum_of(number(0, 9))), policy=NONE)
    found = derive(noised_table([[5]]), cost).outputs[0]
    assert (found.kind, found.scale) == (ColumnKind.DECIMAL, 0)


def test_saturated_noise_still_has_an_interval() -> None:
    """The ends of an interval never wrap around."""
    cost = priced(question(ROWS), policy=NONE)
    found = derive(noised_table([[2**63 - 1, -(2**63)]]), cost).outputs[0]
    assert found.low is not None
    assert found.high is not None
    assert np.all(found.low.values < found.high.values)


@pytest.mark.parametrize(
    ("total", "rows", "expected"),
    [
        (0, 100, 1000.0),
        (1_000, 3, 1003.333333_33),
        (10**9, 1, 2000.0),
        (500, -4, 1005.0),
    ],
)
def test_averages_are_centred_clipped_and_rounded(total, rows, expected) -> None:
    """The centre is added back, bounds hold, and decimals are a public number."""
    cost = priced(question(mean_of(PAY)), policy=NONE)
    table = shown(cost, noised_table([[total]], [[rows]]))
    assert column(table, "a0") == [pytest.approx(expected, abs=1e-8)]


def test_an_average_over_no_rows_is_as_wide_as_its_bounds() -> None:
    """Where the noised count is below one row nothing is known but public bounds."""
    cost = priced(question(mean_of(PAY)), policy=NONE)
    table = shown(cost, noised_table([[70]], [[-40]]))
    assert column(table, "a0_low") == [0.0]
    assert column(table, "a0_high") == [2000.0]


def test_ends_are_rounded_outwards() -> None:
    """The granularity never narrows an interval."""
    third = operation(Operator.DIVIDE, AggregateRef(0), 3)
    cost = priced(question(ROWS, outputs=(third,)), policy=NONE)
    table = shown(cost, noised_table([[100]]))
    width = half_width(cost.mechanisms[0])
    (low,), (high,) = column(table, "o0_low"), column(table, "o0_high")
    assert low <= (100 - width) / 3 < low + 1.1e-6
    assert high >= (100 + width) / 3 > high - 1.1e-6
    assert column(table, "o0") == [33.333333]


@pytest.mark.parametrize(
    ("key", "kind", "values"),
    [
        (text_key("b", "a", nullable=True), ColumnKind.TEXT, ["b", "a", None]),
        (key_of(Type.BOOLEAN, False, True), ColumnKind.BOOLEAN, [False, True]),
        (key_of(Type.NUMBER, 3, 5, nullable=True), ColumnKind.INTEGER, [3, 5, None]),
        (key_of(Type.NUMBER, 150, scale=2), ColumnKind.DECIMAL, [150]),
        (key_of(Type.DATE, date(2020, 1, 1)), ColumnKind.DATE, [date(2020, 1, 1)]),
    ],
)
def test_keys_come_out_as_they_are(key: Key, kind: ColumnKind, values: list) -> None:
    """A key has its own type, public order, and NULL last."""
    cost = priced(question(ROWS, keys=(key,)), policy=NONE)
    table = shown(cost, noised_table([[0] * len(values)]))
    assert column(table, "k0") == values
    assert table.columns[0].kind is kind


def test_cells_have_the_last_key_fastest() -> None:
    """Rows are the product of the keys' domains, in order, in every draw."""
    cost = priced(question(ROWS, keys=(regions(2), text_key("x", "y"))), policy=NONE)
    table = shown(cost, noised_table([[1, 2, 3, 4], [5, 6, 7, 8]]))
    assert column(table, "k0") == ["r000000", "r000000", "r000001", "r000001"] * 2
    assert column(table, "k1") == ["x", "y"] * 4
    assert column(table, "a0") == [1, 2, 3, 4, 5, 6, 7, 8]
    assert table.draw.tolist() == [0] * 4 + [1] * 4


def test_constants_and_expressions_of_keys_are_plain_columns() -> None:
    """What depends on no aggregate has no interval and no status."""
    same = operation(Operator.EQUAL, KeyRef(0), "x")
    decade = operation(Operator.MULTIPLY, KeyRef(1), 10)
    keys = (text_key("x", "y"), key_of(Type.NUMBER, 7))
    outputs = (same, decade, Constant("here"), Constant(None), AggregateRef(0))
    cost = priced(question(ROWS, keys=keys, outputs=outputs), policy=NONE)
    table = shown(cost, noised_table([[1, 2]]))
    names = [each.name for each in table.columns]
    assert names == ["o0", "o1", "o2", "o3", "o4", "o4_low", "o4_high", "o4_status"]
    assert column(table, "o0") == [True, False]
    assert column(table, "o1") == [70.0, 70.0]
    assert column(table, "o2") == ["here", "here"]
    assert column(table, "o3") == [None, None]
