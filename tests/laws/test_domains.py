"""What is said of an expression's values holds in the engine, whatever the data."""

from __future__ import annotations

from datetime import date

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.catalogue import Domain, Type
from privacy.expression import Function
from privacy.parts import NAMES, part_domain

ENDS = [None, date(1999, 1, 1), date(2020, 2, 29), date(2020, 11, 5)]


@pytest.fixture(scope="module")
def engine():
    """The engine that answers, in memory."""
    with duckdb.connect() as connection:
        yield connection


def _stored(lower: date | None, upper: date | None) -> st.SearchStrategy[str]:
    """Dates the engine can hold between two ends: where there is none, `infinity`."""
    least, most = lower or date.min, upper or date.max
    inside = st.dates(least, most).map(str)
    beyond = [
        word for word, end in (("-infinity", lower), ("infinity", upper)) if end is None
    ]
    return st.one_of(inside, st.sampled_from(beyond)) if beyond else inside


@given(st.data(), st.sampled_from(ENDS), st.sampled_from(ENDS))
def test_parts_of_stored_dates_lie_in_their_domain(engine, data, lower, upper) -> None:
    """A part of any date between the known ends is what its domain allows.

    NULL is: `infinity` has no month, so that where an end is not known a key made of
    one has a value more, and one person may have a row more by it.
    """
    if lower is not None and upper is not None and lower > upper:
        lower, upper = upper, lower
    known = Domain(Type.DATE, 0, lower, upper, nullable=False)
    stored = data.draw(_stored(lower, upper))
    parts = {name: part for name, part in NAMES.items() if part is not Function.HOUR}
    chosen = ", ".join(f"date_part('{name}', moment)" for name in parts)
    row = engine.execute(f"SELECT {chosen} FROM (SELECT $1::DATE AS moment)", [stored])
    for part, value in zip(parts.values(), row.fetchone(), strict=True):
        domain = part_domain(part, known)
        assert domain.nullable if value is None else _inside(value, domain)


def _inside(value: int, domain: Domain) -> bool:
    low, high = domain.lower, domain.upper
    assert low is None or isinstance(low, int)
    assert high is None or isinstance(high, int)
    listed = domain.values is None or value in domain.values
    return listed and (low is None or low <= value) and (high is None or value <= high)
