"""The longest questions there are, and the worst rows, are nothing to the engine."""

import time
from datetime import date, datetime
from typing import Any

import duckdb
import pytest

from privacy.catalogue import Table
from privacy.errors import Refused
from tests.language.example import EARNINGS, REGIONS, compiled
from tests.language.test_parse import AT_THE_LIMIT
from tests.language.test_spec import ACCEPTED
from tests.laws.relations import TABLES, engine, fill

ENDS: dict[str, tuple[Any, Any]] = {
    "debt": (-(2**63) + 1, 2**63 - 1),
    "savings": (0, 2**63 - 1),
    "employer": ("", "\U0010ffff" * 300),
    "died": (date(1, 1, 1), date(9999, 12, 31)),
    "seen": (datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59)),  # noqa: DTZ001 - values have no zone
}


def worst(table: Table = EARNINGS) -> list[dict[str, Any]]:
    """Rows at both ends of every domain, and one of nothing but NULL."""
    rows: list[dict[str, Any]] = [{"person_id": place} for place in range(3)]
    for each in table.columns:
        values = each.domain.values
        known = (each.domain.lower, each.domain.upper)
        lower, upper = ENDS.get(each.name, (values[0], values[-1]) if values else known)
        null = None if each.domain.nullable else lower
        for row, value in zip(rows, (lower, upper, null), strict=True):
            row[each.name] = value
    return rows


@pytest.fixture(scope="module")
def database() -> duckdb.DuckDBPyConnection:
    """An engine whose rows are the worst there can be."""
    connection = engine()
    found = {table.name: worst(table) for table in TABLES}
    fill(connection, {**found, REGIONS.name: found[REGIONS.name][:2]})
    return connection


@pytest.mark.parametrize("text", AT_THE_LIMIT.values(), ids=AT_THE_LIMIT)
def test_the_longest_statements_run(
    database: duckdb.DuckDBPyConnection, text: str
) -> None:
    """What is accepted at the limits of the language is planned and run at once."""
    try:
        sql = compiled(text)
    except Refused:
        pytest.skip("refused, which is as good")
    began = time.process_time()
    database.execute(sql).fetchall()
    assert time.process_time() - began < 60  # exponential work would take for ever


@pytest.mark.parametrize(
    "text", [each for each in ACCEPTED if "earnings" in each.lower()]
)
def test_the_worst_rows_fail_nothing(
    database: duckdb.DuckDBPyConnection, text: str
) -> None:
    """No question of the manual fails on rows at the ends of the domains."""
    database.execute(compiled(text)).fetchall()
