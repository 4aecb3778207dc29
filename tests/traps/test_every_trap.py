"""The list of traps, each by its number, and that none goes without a test."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

TRAPS = {
    1: "float sums",
    2: "overflow",
    3: "bounds of an expression",
    4: "averages and variances are several releases",
    5: "a row bound is no group bound",
    6: "joins multiply",
    7: "removing a person can add rows",
    8: "what is not row-local",
    9: "scalar and correlated subqueries",
    10: "rows of nobody",
    11: "which rows survive a bound",
    12: "metadata read from data",
    13: "NaN passes clamps",
    14: "NULL against 0",
    15: "bucketing that loses NULL",
    16: "an ε so small that it is free",
    17: "group keys leak",
    18: "absent keys",
    19: "suppressing on exact counts",
    20: "totals less their siblings",
    21: "questions without groups",
    22: "an empty result as an error",
    23: "clamping to the exact count",
    24: "charge first, and no refund",
    25: "races and retries",
    26: "re-rolling",
    27: "key selection costs",
    28: "budgets of users, and adaptive spending",
    29: "the classic Gaussian, and noisy max",
    30: "δ adds up",
    31: "what a repeat is",
    32: "parallel composition",
    33: "prices that read data",
    34: "what errors, sizes and times betray",
    35: "expressions that fail on a row",
    36: "the engine's doors",
    37: "switches and seeds of noise",
    38: "deserialised plans",
    39: "low-order bits",
    40: "meanings that drift",
}
"""What serious implementations of private query systems got wrong."""


def by_number() -> dict[int, list[str]]:
    """The tests of each trap: numbers are in their names."""
    found: dict[int, list[str]] = {}
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if not isinstance(node, ast.FunctionDef):
                continue
            numbers = re.match(r"test_traps?_(\d+)(?:_and_(\d+))?_", node.name)
            for number in filter(None, numbers.groups() if numbers else ()):
                found.setdefault(int(number), []).append(node.name)
    return found


@pytest.mark.parametrize(("number", "what"), TRAPS.items(), ids=TRAPS.values())
def test_no_trap_goes_without_a_test(number: int, what: str) -> None:
    """Each has one at least that is named by its number."""
    assert by_number().get(number), what


def test_no_test_is_of_a_trap_that_is_not_listed() -> None:
    """A number in a test's name is one of the list's."""
    assert by_number().keys() <= TRAPS.keys()
