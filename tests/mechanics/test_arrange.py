from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.evaluate import evaluate
from privacy.policy import NONE
from privacy.query import AggregateRef, Constant, KeyRef, Operation, Operator, Ordering
from privacy.table import Figures
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
    text_key,
)

N = AggregateRef(0)
MANY = operation(Operator.MORE, N, 50)


def rows(noised: list[list[int]], **clauses) -> list[tuple[int, object, object]]:
    """Draw, key and count of each row of a question with these clauses."""
    keys = clauses.pop("keys", (regions(len(noised[0])),))
    query = question(ROWS, keys=keys, **clauses)
    table = shown(priced(query, policy=NONE), noised_table(noised))
    keys_shown = [k if k is None else str(k)[-1] for k in column(table, "k0")]
    return list(zip(table.draw.tolist(), keys_shown, column(table, "a0"), strict=True))


def test_having_keeps_rows_of_which_it_is_true() -> None:
    """Rows are kept draw by draw."""
    found = rows([[10, 60, 70], [80, 20, 30]], having=MANY)
    assert found == [(0, "1", 60), (0, "2", 70), (1, "0", 80)]


def test_order_by_orders_within_each_draw() -> None:
    """Descending figures, ties in key order."""
    ordering = (Ordering(N, descending=True),)
    found = rows([[5, 9, 5], [1, 2, 3]], ordering=ordering)
    assert [key for _, key, _ in found] == ["1", "0", "2", "2", "1", "0"]


def test_order_by_has_as_many_terms_as_asked() -> None:
    """Later terms break ties of earlier ones; text orders as text."""
    ordering = (Ordering(N, descending=False), Ordering(KeyRef(0), descending=True))
    found = rows([[5, 1, 5]], ordering=ordering, keys=(text_key("b", "a", "c"),))
    assert [key for _, key, _ in found] == ["a", "c", "b"]


@pytest.mark.parametrize("descending", [False, True])
def test_nulls_come_last_either_way(descending: bool) -> None:
    """A NULL key is after every other, ascending and descending."""
    keys = (text_key("a", "b", nullable=True),)
    found = rows([[1, 2, 3]], keys=keys, ordering=(Ordering(KeyRef(0), descending),))
    assert found[-1][1] is None


@pytest.mark.parametrize(
    ("limit", "offset", "expected"),
    [(2, 0, "01"), (2, 1, "12"), (None, 2, "2"), (0, 0, ""), (9, 0, "012"), (1, 9, "")],
)
def test_limit_and_offset_cut_each_draw(limit, offset, expected) -> None:
    """Every draw is cut on its own, after ordering."""
    found = rows([[5, 6, 7], [5, 6, 7]], limit=limit, offset=offset)
    for draw in (0, 1):
        assert "".join(str(k) for d, k, _ in found if d == draw) == expected


@given(
    st.lists(
        st.lists(st.integers(0, 9), min_size=4, max_size=4), min_size=1, max_size=4
    ),
    st.integers(0, 9),
    st.none() | st.integers(0, 4),
    st.integers(0, 3),
    st.booleans(),
)
def test_draws_are_arranged_as_if_each_were_alone(
    noised, least, limit, offset, descending
) -> None:
    """A draw among many has the rows, in the order, it has by itself."""
    clauses = {
        "having": operation(Operator.AT_LEAST, N, least),
        "ordering": (Ordering(N, descending),),
        "limit": limit,
        "offset": offset,
    }
    together = rows(noised, **clauses)
    apart = [
        (draw, key, count)
        for draw, figures in enumerate(noised)
        for _, key, count in rows([figures], **clauses)
    ]
    assert together == apart


def test_having_sees_a_derived_column_as_it_is_shown() -> None:
    """A clipped and rounded ratio is compared as the researcher sees it."""
    share = operation(Operator.DIVIDE, AggregateRef(1), AggregateRef(0))
    age = mean_of(number(0, 100, nullable=True))
    query = question(
        ROWS, ROWS, age, outputs=(share, N),
        having=operation(Operator.AT_MOST, share, 1),
    )  # fmt: skip
    table = shown(priced(query, policy=NONE), noised_table([[100]], [[0]], [[1]]))
    assert table.rows == 1


def known(**values: object) -> dict:
    """One cell of known figures: a number each, None for NULL."""
    figures = {}
    for position, value in enumerate(values.values()):
        shown_value = np.array([[0.0 if value is None else value]])
        figures[AggregateRef(position)] = Figures(
            shown_value, np.array([[value is None]])
        )
    return figures


A, B = AggregateRef(0), AggregateRef(1)
TRUE, FALSE, UNKNOWN = (Constant(value) for value in (True, False, None))


@pytest.mark.parametrize(
    ("post", "expected"),
    [
        (operation(Operator.DIVIDE, A, 0), None),
        (operation(Operator.DIVIDE, A, B), None),
        (operation(Operator.ADD, A, Constant(Fraction(1, 2))), 7.5),
        (operation(Operator.NEGATE, A), -7.0),
        (operation(Operator.MULTIPLY, A, Constant(Fraction(10) ** 308)), None),
        (operation(Operator.ROUND, Constant(Fraction(5, 2))), 3.0),
        (operation(Operator.ROUND, Constant(Fraction(-5, 2))), -3.0),
        (operation(Operator.ROUND, Constant(Fraction(1234)), -2), 1200.0),
        (operation(Operator.NULLIF, A, 7), None),
        (operation(Operator.NULLIF, A, 8), 7.0),
        (operation(Operator.NULLIF, A, B), 7.0),
        (operation(Operator.IS_NULL, B), True),
        (operation(Operator.IS_NULL, A), False),
        (operation(Operator.IN, A, 1, 7), True),
        (operation(Operator.IN, A, 1, B), None),
        (operation(Operator.IN, A, 1, 2), False),
        (operation(Operator.AND, TRUE, UNKNOWN), None),
        (operation(Operator.AND, FALSE, UNKNOWN), False),
        (operation(Operator.OR, TRUE, UNKNOWN), True),
        (operation(Operator.OR, FALSE, UNKNOWN), None),
        (operation(Operator.NOT, UNKNOWN), None),
        (operation(Operator.NOT, TRUE), False),
        (operation(Operator.EQUAL, A, B), None),
        (operation(Operator.LESS, Constant("a"), Constant("b")), True),
        (operation(Operator.LESS, Constant("a"), Constant(None)), None),
        (operation(Operator.LESS, Constant("a"), A), None),
        (operation(Operator.UNEQUAL, A, 7), False),
    ],
)
def test_arithmetic_on_released_figures_is_total(post: Operation, expected) -> None:
    """NULL in, NULL out; three-valued logic; nothing raises or overflows."""
    found = evaluate(post, known(a=7.0, b=None))
    assert (None if found.null.item() else found.values.item()) == expected


def test_an_unknown_reference_is_a_fault() -> None:
    """What was not derived cannot be computed with."""
    with pytest.raises(KeyError):
        evaluate(AggregateRef(5), {})
