"""What values a question gives to rows of its choice, and what is a column's own."""

from __future__ import annotations

import pytest

from privacy.plateaus import is_step, plateaus
from tests.language.example import bound_query

FOUND = {
    "CASE WHEN age = 37 THEN pay ELSE 0 END": (0,),
    "CASE WHEN age = 37 THEN pay ELSE 1 END": (100,),
    "CASE WHEN age = 37 THEN 1 ELSE 0 END": (0, 1),
    "CASE WHEN age = 37 THEN 1 ELSE NULL END": (1,),
    "COALESCE(CASE WHEN age = 37 THEN pay END, 0)": (0,),
    "pay * (1 - CLAMP(ABS(age - 37), 0, 1))": (0,),
    "pay * (1 - CLAMP(ABS(age - 37), 0, 1)) - 1": (-100,),
    "1 - LEAST(ABS(age - 37), 1)": (0,),
    "GREATEST(age, 119) - 119": (0,),
    "age // (1 + 200 * CLAMP(ABS(score), 0, 1))": (0,),
    "CLAMP(pay, 986, 987)": (98_600, 98_700),
    "CASE WHEN age < 9 THEN 1.5 ELSE 2 END": (15, 20),
}
OWN = [
    *("pay", "pay - 1", "pay * 2", "rent", "age + score", "ABS(rent)", "pay / 12"),
    *("CLAMP(pay, 0, 50000)", "COALESCE(pay, 0)", "ROUND(pay, 0)", "pay * age"),
    "CASE WHEN age = 37 THEN pay END",
]


@pytest.mark.parametrize(("text", "values"), FOUND.items(), ids=FOUND)
def test_what_a_question_chooses_is_found(text: str, values: tuple[int, ...]) -> None:
    """By CASE, CLAMP, LEAST, GREATEST and rounding, and through arithmetic."""
    argument = bound_query(f"SELECT SUM({text}) FROM earnings").aggregates[0].argument
    assert argument is not None
    assert plateaus(argument) == values


@pytest.mark.parametrize("text", OWN)
def test_a_column_has_values_of_its_own(text: str) -> None:
    """They are not the question's choice, nor what is added to them or clamped."""
    argument = bound_query(f"SELECT SUM({text}) FROM earnings").aggregates[0].argument
    assert argument is not None
    assert plateaus(argument) == ()


def test_a_step_is_given_everywhere() -> None:
    """An indicator is one; what keeps a column's value somewhere is none."""
    texts = [
        "CASE WHEN age = 37 THEN 1 ELSE 0 END",
        "CASE WHEN employed THEN pay ELSE 0 END",
    ]
    asked = [bound_query(f"SELECT SUM({text}) FROM earnings") for text in texts]
    found = [each.aggregates[0].argument for each in asked]
    assert [each is not None and is_step(each) for each in found] == [True, False]


def test_deep_nests_are_read_once() -> None:
    """Each bracket is looked at once, not once for every bracket around it."""
    text = "age"
    for place in range(18):
        text = f"CLAMP({text} - {place % 3}, -50, 100)"
    argument = bound_query(f"SELECT SUM({text}) FROM earnings").aggregates[0].argument
    assert argument is not None
    assert len(plateaus(argument)) < 100
