"""Made-up rows fit the public schema, and say nothing of any data."""

from __future__ import annotations

import inspect
from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from privacy.catalogue import Column, Domain, Table, Type, Unit
from tests.language.example import EARNINGS, JOBS, PEOPLE, REGIONS
from tre.discovery import dummy as module
from tre.discovery.dummy import dummy

KINDS = Table(
    name="kinds",
    dataset="d",
    unit=Unit.PERSON,
    rows_per_person=3,
    columns=(
        Column("pay", Domain(Type.NUMBER, 2, -1_00, 500_00)),
        Column("free", Domain(Type.NUMBER, 0, None, 10, nullable=False)),
        Column("open", Domain(Type.NUMBER, 0, 500, None, nullable=False)),
        Column("word", Domain(Type.TEXT)),
        Column("sex", Domain(Type.TEXT, 0, "f", "m", False, ("f", "m"))),
        Column("ok", Domain(Type.BOOLEAN, 0, False, True, False, (False, True))),
        Column("born", Domain(Type.DATE, 0, date(1990, 2, 3), date(1990, 2, 5), False)),
        Column("seen", Domain(Type.DATETIME)),
    ),
    granted=frozenset(),
)


def _fits(value: object, domain: Domain) -> bool:
    if value is None:
        return domain.nullable
    if domain.type is Type.NUMBER:
        assert isinstance(value, Decimal | int)
        value = int(Decimal(value).scaleb(domain.scale))
    if domain.values is not None:
        return value in domain.values
    low = domain.lower is None or domain.lower <= value  # type: ignore[operator]  # of one type
    return low and (domain.upper is None or value <= domain.upper)  # type: ignore[operator]  # of one type


@given(st.integers(1, 300), st.integers(0, 2**32))
def test_every_value_is_in_its_public_domain(rows: int, seed: int) -> None:
    """Types, bounds, lists, decimals and missing values are those of the schema."""
    made = dummy([KINDS], rows, seed)["kinds"]
    assert 0 < made.num_rows <= rows
    for column in KINDS.columns:
        assert all(_fits(v, column.domain) for v in made[column.name].to_pylist())
    assert made.schema.field("pay").type == pa.decimal128(38, 2)


@given(st.integers(1, 300), st.integers(0, 1000))
def test_people_are_the_same_and_keep_to_the_cap(rows: int, seed: int) -> None:
    """Person numbers join across tables, within the cap, in as many rows as asked."""
    tables = (EARNINGS, JOBS, KINDS)
    made = dummy(tables, rows, seed)
    for table in tables:
        people = made[table.name]["person_id"].to_pylist()
        assert max(map(people.count, set(people))) <= table.rows_per_person
        assert set(people) == set(range(1, max(people) + 1))
        assert made[table.name].num_rows == rows
        assert 1 in people


def test_tables_join_as_the_real_ones_do() -> None:
    """A public table has each key once, and protected rows find theirs in it."""
    made = dummy([EARNINGS, PEOPLE, REGIONS], 400, 7)
    (key,) = REGIONS.unique[0]
    regions = made["regions"][key].to_pylist()
    assert len(regions) == len(set(regions))
    known = next(one for one in REGIONS.columns if one.name == key).domain.values
    assert known is None or set(regions) == set(known)
    found = {value for value in made["earnings"][key].to_pylist() if value is not None}
    assert found <= set(regions)


def test_the_same_seed_gives_the_same_rows() -> None:
    """Rows follow from schema, size and seed, and another seed gives others."""
    first = dummy([KINDS, EARNINGS], 100, 3)
    assert first == dummy([KINDS, EARNINGS], 100, 3)
    assert first != dummy([KINDS, EARNINGS], 100, 4)


def test_nothing_but_public_facts_can_reach_it() -> None:
    """It takes tables of the catalogue, and imports nothing that opens a file."""
    assert list(inspect.signature(dummy).parameters) == ["tables", "rows", "seed"]
    source = inspect.getsource(module)
    assert "tre." not in source.replace('"""', "")
    assert "open(" not in source


def test_moments_are_of_their_type() -> None:
    """A datetime column has moments, a date column days."""
    made = dummy([KINDS], 50, 1)["kinds"]
    assert all(type(one) is date for one in made["born"].to_pylist())
    seen = [one for one in made["seen"].to_pylist() if one is not None]
    assert all(type(one) is datetime for one in seen)
