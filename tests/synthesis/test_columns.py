"""Categories are public, and values made of them stay within public bounds."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.catalogue import Domain, Table, Type, Unit
from privacy.errors import Refused
from tests.synthesis.conftest import COLUMNS, package
from tre.manifest import load, public_tables
from tre.synthesis.columns import band_ends, categories, value_of

(PUBLISHED,) = public_tables(load(package()))
VISITS: Table = replace(
    PUBLISHED, granted=frozenset(column.name for column in PUBLISHED.columns)
)


@given(st.integers(-(10**9), 10**9), st.integers(0, 10**6), st.integers(1, 64))
def test_bands_are_those_of_width_bucket(lower: int, more: int, bands: int) -> None:
    """They cover the bounds without gap or overlap, as WIDTH_BUCKET(x, lo, hi + 1)."""
    domain = Domain(Type.NUMBER, lower=lower, upper=lower + more)
    bands = min(bands, more + 1)
    ends = [band_ends(domain, bands, band) for band in range(1, bands + 1)]
    assert ends[0][0] == lower
    assert ends[-1][1] == lower + more
    for (_, last), (first, _) in pairwise(ends):
        assert first == last + 1
    for band, pair in enumerate(ends, 1):
        for value in pair:
            assert (value - lower) * bands // (more + 1) + 1 == band


def test_every_value_is_within_public_bounds() -> None:
    """Numbers at their scale, days of the year that are in bounds, listed values."""
    drawn = np.random.default_rng(1)
    found = {each.name: each for each in categories(VISITS, COLUMNS, 6)}
    for band in range(1, 7):
        cost = value_of(found["cost"], band, drawn)
        assert isinstance(cost, Decimal)
        assert 0 <= cost <= 3_000
        assert cost == cost.quantize(Decimal("0.01"))
    for year in (2019, 2021):
        day = value_of(found["day"], year, drawn)
        assert isinstance(day, date)
        assert date(2019, 4, 14) <= day <= date(2021, 12, 31)
    assert value_of(found["region"], "west", drawn) == "west"
    assert value_of(found["open"], None, drawn) is None


def test_what_has_no_public_categories_is_left_out_or_refused() -> None:
    """A text without a list: left out of all, refused where it is named."""
    assert [each.name for each in categories(VISITS, (), 6)] == list(COLUMNS)
    with pytest.raises(Refused) as refused:
        categories(VISITS, ["region", "note"], 6)
    assert (refused.value.code, refused.value.clause) == ("not_public_key", "note")


@pytest.mark.parametrize(
    ("changed", "names", "code"),
    [
        ({"unit": Unit.NONE}, COLUMNS, "unsupported"),
        ({}, ["shoe"], "unknown_column"),
        ({}, ["region"], "too_many_columns"),
    ],
)
def test_refusals_are_of_public_facts(changed, names, code) -> None:
    """A public table, a column that is not there, and one column alone."""
    with pytest.raises(Refused) as refused:
        categories(replace(VISITS, **changed), names, 6)
    assert refused.value.code == code
