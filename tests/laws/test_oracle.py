"""What the engine computes is what the question means."""

from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from numpy.typing import NDArray

from privacy.errors import Refused
from privacy.mechanism import Kind, Mechanism
from privacy.plan import Plan
from tests.language.example import compiled, planned
from tests.laws.grammar import engine, fill, people, questions
from tests.laws.oracle import answer
from tre.enclave.execute import execute
from tre.enclave.job import Job


@pytest.fixture(scope="module")
def database() -> duckdb.DuckDBPyConnection:
    """One engine for all examples."""
    return engine()


def grouped(
    database: duckdb.DuckDBPyConnection, sql: str, plan: Plan
) -> list[tuple[Any, ...]]:
    """The keys of the compiled statement's rows."""
    width = len(plan.query.keys)
    return [row[:width] for row in database.execute(compiled(sql)).fetchall()]


def exact(
    database: duckdb.DuckDBPyConnection, sql: str, plan: Plan
) -> list[NDArray[np.int64]]:
    """Every component over all cells, as the enclave would noise it."""
    keys = tuple(key.domain for key in plan.query.keys)
    silent = tuple(
        Mechanism(Kind.LAPLACE, 1.0, each.l1, each.l2_squared)
        for each in plan.components
    )
    job = Job((), compiled(sql), keys, silent)
    table = execute(job, lambda text: database.execute(text).to_arrow_table())
    return list(table.values)


def laid_out(
    answered: dict[tuple[Any, ...], list[int]], plan: Plan
) -> list[NDArray[np.int64]]:
    """The oracle's answer over all cells, its sums saturating as the contract says."""
    cells = np.zeros((len(plan.components), plan.cells), dtype=np.int64)
    for values, components in answered.items():
        cell = 0
        for value, key in zip(values, plan.query.keys, strict=True):
            known = [*(key.domain.values or ()), *([None] * key.domain.nullable)]
            cell = cell * len(known) + known.index(value)
        cells[:, cell] = np.clip(components, -(2**62), 2**62)
    return list(cells)


def accepted(sql: str) -> Plan:
    """The plan of a question; others are not of interest."""
    try:
        plan = planned(sql)
        if plan.emerging is None:
            return plan
        event("keys that are not public")
    except Refused as refused:
        event(f"refused: {refused.code}")
    assume(False)
    raise AssertionError


@settings(suppress_health_check=list(HealthCheck))
@given(sql=questions(), found=people())
def test_the_engine_agrees_with_plain_python(
    database: duckdb.DuckDBPyConnection, sql: str, found: list[list[dict[str, Any]]]
) -> None:
    """Every component of every cell is what reading row by row gives."""
    plan = accepted(sql)
    rows = [row for person in found for row in person]
    fill(database, rows)
    expected = laid_out(answer(plan, rows), plan)
    for computed, each in zip(exact(database, sql, plan), expected, strict=True):
        assert np.array_equal(computed, each)


@settings(suppress_health_check=list(HealthCheck))
@given(sql=questions(), found=people())
def test_no_row_leaves_the_public_domains(
    database: duckdb.DuckDBPyConnection, sql: str, found: list[list[dict[str, Any]]]
) -> None:
    """Keys take only the values that were announced."""
    plan = accepted(sql)
    fill(database, [row for person in found for row in person])
    for key in grouped(database, sql, plan):
        for value, each in zip(key, plan.query.keys, strict=True):
            known = each.domain.values or ()
            assert value in known if value is not None else each.domain.nullable


@settings(suppress_health_check=list(HealthCheck))
@given(sql=questions(), found=people())
def test_one_person_moves_components_by_at_most_the_sensitivity(
    database: duckdb.DuckDBPyConnection, sql: str, found: list[list[dict[str, Any]]]
) -> None:
    """Without one person no component moves by more than the plan says."""
    assume(found)
    plan = accepted(sql)
    fill(database, [row for person in found for row in person])
    before = exact(database, sql, plan)
    fill(database, [row for person in found[1:] for row in person])
    after = exact(database, sql, plan)
    for component, with_them, without in zip(
        plan.components, before, after, strict=True
    ):
        touched = with_them != without
        pairs = zip(with_them[touched], without[touched], strict=True)
        moved = [int(one) - int(other) for one, other in pairs]
        assert sum(map(abs, moved)) <= component.l1
        assert sum(each**2 for each in moved) <= component.l2_squared


@pytest.mark.parametrize(("value", "found"), [("2", "TRUE"), ("3", "FALSE")])
def test_a_constant_is_looked_up_in_its_list(value: str, found: str) -> None:
    """IN means of a constant what it means of a column."""
    sql = compiled(f"SELECT COUNT(*) FROM earnings WHERE {value} IN (1, 2)")
    assert sql.endswith(f"WHERE {found}")
