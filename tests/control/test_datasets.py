from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import Invalid
from privacy.catalogue import Column, Domain, Table, Type, Unit
from privacy.errors import Refused
from tests.control.world import ADMINISTRATOR, STEWARD, World, publication, table, zcdp
from tre.governance.catalogue import current_catalogue, decode_table, encode_table
from tre.governance.datasets import (
    check_place,
    list_datasets,
    switch_versions,
    withdraw_dataset,
)
from tre.governance.people import add_person
from tre.governance.populations import Grant, create_population
from tre.governance.roles import Role
from tre.governance.versions import KnownFile, known_files
from tre.ledger.account import Kind
from tre.ledger.budget import Budget

VALUES: dict[Type, st.SearchStrategy[Any]] = {
    Type.NUMBER: st.integers(-(2**63), 2**63),
    Type.TEXT: st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    Type.BOOLEAN: st.booleans(),
    Type.DATE: st.dates(),
    Type.DATETIME: st.datetimes(),
}


@st.composite
def domains(draw: st.DrawFn) -> Domain:
    """Any domain a manifest could give a column."""
    type_ = draw(st.sampled_from(Type))
    value = VALUES[type_]
    return Domain(
        type=type_,
        scale=draw(st.integers(0, 6)),
        lower=draw(st.none() | value),
        upper=draw(st.none() | value),
        nullable=draw(st.booleans()),
        values=draw(st.none() | st.lists(value, max_size=3).map(tuple)),
    )


@given(st.lists(domains(), max_size=4), st.sampled_from(Unit))
def test_a_table_is_read_as_it_was_written(domains: list[Domain], unit: Unit) -> None:
    """Public facts survive the database, with their exact types."""
    columns = tuple(
        Column(f"c{number}", domain, "what it is")
        for number, domain in enumerate(domains)
    )
    granted = frozenset(column.name for column in columns)
    keys = tuple((each.name, "x") for each in columns)
    written = Table("people", "people", unit, 3, columns, granted, "People", keys)
    read = decode_table(encode_table(written))
    assert read == written
    assert [type(c.domain.lower) for c in read.columns] == [
        type(c.domain.lower) for c in columns
    ]


def invalid(world: World, **changes: Any) -> str:
    """The path at which a publication is not accepted."""
    name = changes.pop("name", "people")
    with pytest.raises(Invalid) as caught, world.act(ADMINISTRATOR) as act:
        switch_versions(act, [publication(name, **({"number": 2} | changes))])
    return caught.value.path


def test_a_new_version_replaces_the_old_at_once(populated: World) -> None:
    """One version is current; the one before stays known, and is no longer asked."""
    with populated.act(STEWARD) as act:
        versions = switch_versions(act, [publication(number=2)])
    assert versions == ("people/2",)
    with populated.control.reading() as connection:
        current = current_catalogue(connection, "residents")
        assert known_files(connection) == (
            KnownFile("research/people-1", "people-1", "replaced"),
            KnownFile("research/people-2", "people-2", "current"),
        )
        (listed,) = list_datasets(connection)
    assert {version.id for version in current.versions.values()} == {"people/2"}
    assert current.catalogue.tables["people"].granted == {"age", "pay"}
    assert (listed.version, listed.label, listed.state) == (
        "people/2",
        "2026.2",
        "current",
    )


def test_a_dataset_stays_where_it_is(populated: World) -> None:
    """A new version moves neither to another population nor to another controller."""
    with populated.act(ADMINISTRATOR) as act:
        create_population(act, "others", Grant(zcdp(1), date(2028, 1, 1)))
    assert invalid(populated, population="others") == "tre.population"
    assert invalid(populated, controller="Somebody") == "tre.controller"
    assert invalid(populated, name="new", population="nowhere") == "tre.population"


def test_a_table_name_belongs_to_one_dataset(populated: World) -> None:
    """Two datasets of a population cannot both have a table of one name."""
    clash = (table("people", "census", "age"),)
    assert invalid(populated, name="census", tables=clash) == "resources"


@pytest.mark.parametrize("name", ["people", "People", "PEOPLE"])
def test_table_names_differ_by_more_than_case(populated: World, name: str) -> None:
    """A question that may write either name means one table; it is found at once."""
    clash = (table(name, "census", "age"),)
    assert invalid(populated, name="census", tables=clash) == "resources"
    place = ("residents", "Department of Examples")
    with populated.control.reading() as connection:
        check_place(connection, "census", place, ["People2"])
        check_place(connection, "people", place, [name])
        with pytest.raises(Invalid, match="case ignored"):
            check_place(connection, "census", place, ["other", name])


def test_a_population_has_one_spine_version(populated: World) -> None:
    """A new spine version comes with every dataset at once, or not at all."""
    with populated.act(ADMINISTRATOR) as act:
        switch_versions(act, [publication("earnings")])
    assert invalid(populated, spine_version="spine-2") == "tre.population"
    with populated.act(ADMINISTRATOR) as act:
        switch_versions(
            act,
            [
                publication(name, number=3, spine_version="spine-2")
                for name in ("people", "earnings")
            ],
        )


def test_a_failed_switch_changes_nothing(populated: World) -> None:
    """Where one of several publications is wrong, none is published."""
    with pytest.raises(Invalid), populated.act(ADMINISTRATOR) as act:
        switch_versions(
            act, [publication(number=2), publication("new", population="nowhere")]
        )
    with populated.control.reading() as connection:
        assert [one.version for one in list_datasets(connection)] == ["people/1"]


def test_a_new_version_lowers_a_cap_and_never_raises_it(populated: World) -> None:
    """A dataset's budget does not refill, and what is spent of it stays spent."""
    with populated.act(STEWARD) as act:
        switch_versions(act, [publication(number=2, cap=_cap("9"))])
    with populated.act(STEWARD) as act:
        switch_versions(act, [publication(number=3, cap=_cap("9"))])
    assert invalid(populated, number=4, cap=_cap("10")) == "tre.budget"
    assert invalid(populated, number=4, cap=None) == "tre.budget"
    with populated.control.writing() as connection:
        connection.exec_driver_sql(
            "UPDATE account SET spent_nano = 6000000000 WHERE kind = 'dataset'"
        )
    with populated.act(STEWARD) as act:
        switch_versions(act, [publication(number=5, cap=_cap("5"))])
    held = populated.account(Kind.DATASET, "people")
    assert (held.left_nano, held.epsilon) == (0, "5")


def _cap(rho: str) -> Budget:
    return replace(zcdp(Decimal(rho)), epsilon=rho)


def test_a_withdrawn_dataset_is_gone_until_published_again(populated: World) -> None:
    """Its tables leave the catalogue, and come back with a new version."""
    with populated.act(STEWARD) as act:
        withdraw_dataset(act, "people")
    with populated.control.reading() as connection:
        assert not current_catalogue(connection, "residents").catalogue.tables
        assert list_datasets(connection)[0].state == "withdrawn"
    with pytest.raises(Refused) as caught, populated.act(STEWARD) as act:
        withdraw_dataset(act, "nothing")
    assert caught.value.code == "unknown_dataset"
    with populated.act(STEWARD) as act:
        assert switch_versions(act, [publication(number=2)]) == ("people/2",)


def test_stewards_handle_their_controllers_data_only(populated: World) -> None:
    """A steward of another controller neither publishes nor withdraws."""
    with populated.act(ADMINISTRATOR) as act:
        add_person(act, "outsider", [Role.STEWARD], "Outside")
    with pytest.raises(Refused), populated.act("outsider") as act:
        withdraw_dataset(act, "people")
    with pytest.raises(Refused), populated.act("outsider") as act:
        switch_versions(act, [publication(number=2)])


def test_a_date_and_a_moment_are_told_apart() -> None:
    """A date stays a date and a moment a moment, though one is a kind of the other."""
    moment = Domain(Type.DATETIME, lower=datetime(2020, 1, 1, 12))  # noqa: DTZ001
    day = Domain(Type.DATE, lower=date(2020, 1, 1))
    columns = (Column("a", moment), Column("b", day))
    read = decode_table(
        encode_table(Table("t", "t", Unit.NONE, 1, columns, frozenset()))
    )
    assert [column.domain for column in read.columns] == [moment, day]
