"""Remembering a project's questions changes no answer, and tells no other project."""

from __future__ import annotations

import gc
import tracemalloc
from dataclasses import replace
from fractions import Fraction

import pytest

from privacy.accounting import ATTO, NANO, Measure
from privacy.bound import bound
from privacy.catalogue import Catalogue
from privacy.compile import compile_plan
from privacy.errors import Refused
from privacy.levels import price_levels
from privacy.plan import plan
from privacy.policy import GATEWAY
from privacy.spending import Allowance, Intent, Spending
from privacy.teach import understand
from tests.language.example import CATALOGUE, EARNINGS
from tre import remembered

TEXT = "SELECT region, COUNT(*) AS n, SUM(pay) AS s FROM earnings GROUP BY region"
ALLOWANCE = Allowance(Measure.ZCDP, NANO, ATTO // 2_000_000)
EPSILON = Spending(Intent.EPSILON, Fraction(1))
SHARE = Spending(Intent.SHARE, Fraction(1, 100))


def test_what_is_remembered_is_what_would_be_found() -> None:
    """Twice the same, and the same as each step says on its own."""
    found = plan(bound(understand(TEXT, CATALOGUE)), GATEWAY)
    for _ in range(2):
        query = remembered.understood("p", TEXT, CATALOGUE)
        assert query == understand(TEXT, CATALOGUE)
        cost = remembered.price_of("p", found, EPSILON, ALLOWANCE)
        assert cost == price_levels(found, EPSILON, ALLOWANCE)
        sql = remembered.compiled("p", cost.plan, {"earnings": "v"})
        assert sql == compile_plan(cost.plan, {"earnings": "v"}).sql
        assert remembered.compiled("p", cost.plan, {"earnings": "w"}) != sql


def test_a_share_is_of_what_is_left_now() -> None:
    """What was spent meanwhile makes it less; another amount is the same amount."""
    found = plan(bound(understand(TEXT, CATALOGUE)), GATEWAY)
    less = replace(ALLOWANCE, left_nano=NANO // 2)
    first, then = (
        remembered.price_of("p", found, SHARE, each).rho_nano
        for each in (ALLOWANCE, less)
    )
    assert then < first
    again, same = (
        remembered.price_of("p", found, EPSILON, each) for each in (ALLOWANCE, less)
    )
    assert again is same


def test_a_column_that_was_taken_back_is_refused() -> None:
    """A question read before is read anew where the project may ask for less."""
    remembered.understood("p", TEXT, CATALOGUE)
    granted = EARNINGS.granted - {"pay"}
    less = replace(EARNINGS, granted=granted)
    tables = {**CATALOGUE.tables, "earnings": less}
    for _ in range(2):
        with pytest.raises(Refused, match="pay"):
            remembered.understood("p", TEXT, Catalogue(CATALOGUE.population, tables))


def test_trap_31_no_project_is_answered_faster_for_another_ones_question() -> None:
    """The same text, plan and price are worked out once for each project."""
    found = plan(bound(understand(TEXT, CATALOGUE)), GATEWAY)
    mine, other, again = (
        (
            remembered.understood(project, TEXT, CATALOGUE),
            remembered.price_of(project, found, EPSILON, ALLOWANCE),
        )
        for project in ("mine", "other", "mine")
    )
    assert mine == other
    assert all(own is kept for own, kept in zip(mine, again, strict=True))
    assert not any(own is theirs for own, theirs in zip(mine, other, strict=True))


def test_trap_31_no_project_has_another_ones_questions_forgotten() -> None:
    """However many others ask, a project's own question is as quick as before.

    Or it would learn, from a question of its own that was slow again, how many new
    ones they asked.
    """
    mine = remembered.understood("mine", TEXT, CATALOGUE)
    for number in range(2 * remembered.MOST):
        text = f"SELECT COUNT(*) AS n FROM earnings WHERE pay > {number}"
        remembered.understood("other", text, CATALOGUE)
    assert remembered.understood("mine", TEXT, CATALOGUE) is mine
    for number in range(remembered.PROJECTS // 2):
        remembered.understood(f"another {number}", TEXT, CATALOGUE)
    assert remembered.understood("mine", TEXT, CATALOGUE) is mine


def test_what_is_remembered_levels_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many questions a project asks, the last few of each kind are kept."""
    monkeypatch.setattr(remembered, "MOST", 8)
    monkeypatch.setattr(remembered, "MOST_READ", 16)
    monkeypatch.setattr(remembered, "PROJECTS", 2)
    for kept in (remembered._memory, remembered._reader):
        kept.cache_clear()
    tracemalloc.start()
    held = []
    try:
        for part in range(4):
            for number in range(24):
                _remember(f"p{number % 2}", f"pay >= {1_000 * part + number + 100}")
            gc.collect()
            held.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
        remembered._memory.cache_clear()
        remembered._reader.cache_clear()
    assert held[3] - held[2] < held[0] / 4


def _remember(project: str, condition: str) -> None:
    """All that a question comes to before any data is read, and compared."""
    text = f"SELECT COUNT(*) AS n FROM earnings WHERE {condition}"
    query = remembered.understood(project, text, CATALOGUE)
    found = plan(bound(query), GATEWAY)
    cost = remembered.price_of(project, found, EPSILON, ALLOWANCE)
    remembered.compiled(project, cost.plan, {"earnings": "v"})
    assert remembered.reader(CATALOGUE)(project, text)
