"""A table read from the public catalogue is the table that the catalogue is of."""

from __future__ import annotations

import json
from datetime import date, datetime

import pytest

from privacy.catalogue import Column, Domain, Table, Type, Unit
from privacy.errors import Refused
from tests.synthesis.conftest import COLUMNS
from tests.synthesis.test_columns import VISITS
from tre.describe import described_table
from tre.synthesis.asked import blocks
from tre.synthesis.columns import categories
from tre.synthesis.described import described

NOON, LATER = datetime(2020, 1, 1, 12), datetime(2021, 5, 2, 3, 4)  # noqa: DTZ001
DOMAINS = (
    Domain(Type.NUMBER, 2, 0, 300_000, nullable=False),
    Domain(Type.NUMBER, 0, 1, 3, True, (1, 2, 3)),
    Domain(Type.NUMBER, 3, -1, 1, True, (-1, 0, 1)),
    Domain(Type.NUMBER, 2),
    Domain(Type.TEXT, values=("a", "b")),
    Domain(Type.TEXT),
    Domain(Type.BOOLEAN, values=(False, True)),
    Domain(Type.DATE, 0, date(2020, 1, 1), date(2021, 2, 3)),
    Domain(Type.DATETIME, 0, NOON, LATER, nullable=False),
)


def read(table: Table) -> Table:
    """The table, told as JSON by the catalogue and read again."""
    told = json.loads(json.dumps({"name": "d", "tables": [described_table(table)]}))
    return described([told], table.name)


def test_every_kind_of_column_is_read_as_it_is() -> None:
    """Scales, bounds, keys and whether a value may be missing, from JSON."""
    columns = tuple(Column(f"c{place}", domain) for place, domain in enumerate(DOMAINS))
    names = frozenset(column.name for column in columns)
    table = Table("t", "d", Unit.PERSON, 3, columns, names)
    found = read(table)
    assert found == table


def test_questions_are_the_same_over_http() -> None:
    """Whoever has the catalogue alone asks what the environment would ask."""
    chosen = categories(VISITS, COLUMNS, 6)
    theirs = categories(read(VISITS), COLUMNS, 6)
    assert blocks("visits", theirs) == blocks("visits", chosen)


def test_an_unknown_table_is_refused() -> None:
    """By its name, as the environment does."""
    with pytest.raises(Refused) as refused:
        described([], "shoes")
    assert refused.value.code == "unknown_table"
