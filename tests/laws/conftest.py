"""The engine that laws about relations are tried in."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from tests.laws.relations import engine


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    """One engine for all examples."""
    with engine() as connection:
        yield connection
