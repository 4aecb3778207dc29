"""Published tables in words, and back; and the catalogue a project may ask."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, Row, and_, bindparam, or_, select

from privacy.catalogue import (
    Catalogue,
    Column,
    Domain,
    GroupBound,
    Size,
    Table,
    Type,
    Unit,
    Value,
)
from privacy.histogram import Histogram
from privacy.linked import Linked, Subgroups
from privacy.profile import Profile
from tre.control.canonical import Json, canonical
from tre.control.tables import dataset, dataset_version, published_table


@dataclass(frozen=True, slots=True)
class Version:
    """A dataset version as the environment finds it: file, key and spine."""

    id: str
    dataset: str
    label: str
    file: str
    key_name: str
    spine_version: str
    purposes: tuple[str, ...] | None = None
    """What alone it may be asked for; None for anything."""


@dataclass(frozen=True, slots=True)
class Current:
    """What may be asked in a population now, and the version each table is of."""

    catalogue: Catalogue
    versions: Mapping[str, Version]


_TABLES: Final = (
    select(dataset_version, published_table.c.name, published_table.c.body)
    .join(dataset, dataset.c.name == dataset_version.c.dataset)
    .join(published_table, published_table.c.version == dataset_version.c.id)
    .where(dataset.c.population == bindparam("population"))
)
_CURRENT: Final = _TABLES.where(dataset_version.c.state == "current").order_by(
    published_table.c.name
)

_PINNED: Final = (
    _TABLES.where(
        or_(
            and_(
                dataset_version.c.state == "current",
                dataset.c.name.not_in(bindparam("pinned", expanding=True)),
            ),
            dataset_version.c.id.in_(bindparam("versions", expanding=True)),
        )
    ).order_by(dataset_version.c.state.asc(), published_table.c.name)
    # A table of a pinned version goes before another dataset's of the same name.
)

Grants: TypeAlias = Mapping[tuple[str, str], frozenset[str]]
"""Columns by (dataset, table): leave for one dataset's table is none for another's."""


def current_catalogue(
    connection: Connection,
    population: str,
    granted: Grants | None = None,
    pinned: Mapping[str, str] | None = None,
) -> Current:
    """The current tables of a population; of pinned datasets, those of that version.

    `pinned` are ids of versions, by dataset.

    With `granted`, each table's granted columns are those named, and only tables
    that are named have a version; without it, all do: the catalogue as a whole.
    """
    if pinned:
        asked = {"pinned": list(pinned), "versions": list(pinned.values())}
        rows = connection.execute(_PINNED, {"population": population, **asked}).all()
    else:
        rows = connection.execute(_CURRENT, {"population": population}).all()
    tables = {row.name: _granted(decode_table(row.body), granted) for row in rows}
    versions = {
        row.name: _version(row)
        for row in rows
        if granted is None or (row.dataset, row.name) in granted
    }
    return Current(Catalogue(population, tables), versions)


def encode_table(table: Table) -> str:
    """A table's public facts as canonical JSON; grants are not part of them."""
    return canonical(
        {
            "name": table.name,
            "dataset": table.dataset,
            "unit": table.unit.value,
            "rows_per_person": table.rows_per_person,
            "title": table.title,
            "unique": [list(key) for key in table.unique],
            "size": table.size.value,
            "bounds": [
                [list(each.columns), each.rows, each.groups] for each in table.bounds
            ],
            "columns": [
                {
                    "name": column.name,
                    "description": column.description,
                    "domain": _encode_domain(column.domain),
                    "sensitive": column.sensitive,
                }
                for column in table.columns
            ],
            "profile": None if table.profile is None else asdict(table.profile),
        }
    )


@lru_cache(maxsize=256)
def decode_table(body: str) -> Table:
    """The table that `encode_table` wrote, with every column granted."""
    facts = json.loads(body)
    columns = tuple(
        Column(
            column["name"],
            _decode_domain(column["domain"]),
            column["description"],
            column.get("sensitive", False),
        )
        for column in facts["columns"]
    )
    return Table(
        name=facts["name"],
        dataset=facts["dataset"],
        unit=Unit(facts["unit"]),
        rows_per_person=facts["rows_per_person"],
        columns=columns,
        granted=frozenset(column.name for column in columns),
        title=facts["title"],
        unique=tuple(tuple(key) for key in facts.get("unique", ())),
        profile=_decode_profile(facts.get("profile")),
        size=Size(facts.get("size", Size.MEDIUM.value)),
        bounds=tuple(
            GroupBound(tuple(columns), rows, groups)
            for columns, rows, groups in facts.get("bounds", ())
        ),
    )


def last_profiles(connection: Connection, name: str) -> Mapping[str, Profile]:
    """The newest profile measured of each table of a dataset."""
    rows = connection.execute(
        select(published_table.c.body)
        .join(dataset_version, dataset_version.c.id == published_table.c.version)
        .where(dataset_version.c.dataset == name)
        .order_by(dataset_version.c.number)
    )
    tables = [decode_table(body) for body in rows.scalars()]
    return {table.name: table.profile for table in tables if table.profile is not None}


def _decode_profile(facts: Mapping[str, Any] | None) -> Profile | None:
    if facts is None:
        return None
    clamped = tuple((name, rows) for name, rows in facts["clamped"])
    starts, people = tuple(facts["starts"]), tuple(facts["people"])
    numbers = {name: _decode_counted(facts, name) for name in ("values", "totals")}
    listed = {
        "starts": starts,
        "people": people,
        "clamped": clamped,
        "linked": _decode_linked(facts.get("linked")),
        **numbers,
    }
    return Profile(**{**facts, **listed})


def _decode_linked(facts: Mapping[str, Any] | None) -> Linked | None:
    """None for a profile that was measured before there was any such statement."""
    if facts is None:
        return None
    listed = {
        "people": tuple(facts["people"]),
        "missing": tuple((kind, people) for kind, people in facts["missing"]),
        "subgroups": tuple(map(_decode_subgroups, facts.get("subgroups", ()))),
    }
    return Linked(**{**facts, **listed})


def _decode_subgroups(facts: Mapping[str, Any]) -> Subgroups:
    listed = {name: tuple(facts[name]) for name in ("keys", "linked", "unlinked")}
    return Subgroups(**{**facts, **listed})


def _decode_counted(facts: Mapping[str, Any], name: str) -> tuple[Histogram, ...]:
    """The histograms of a profile; one measured before there were any has none."""
    return tuple(
        Histogram(
            **{**each, "starts": tuple(each["starts"]), "people": tuple(each["people"])}
        )
        for each in facts.get(name, ())
    )


def _granted(table: Table, granted: Grants | None) -> Table:
    if granted is None:
        return table
    columns = granted.get((table.dataset, table.name), frozenset())
    return replace(table, granted=table.granted & columns)


def _version(row: Row[*tuple[Any, ...]]) -> Version:
    return Version(
        id=row.id,
        dataset=row.dataset,
        label=row.label,
        file=row.file,
        key_name=row.key_name,
        spine_version=row.spine_version,
        purposes=read_purposes(row.purposes),
    )


def read_purposes(body: str | None) -> tuple[str, ...] | None:
    """What alone a version may be asked for, as it is kept."""
    return None if body is None else tuple(json.loads(body))


def _encode_domain(domain: Domain) -> Json:
    values = domain.values
    return {
        "type": domain.type.value,
        "scale": domain.scale,
        "nullable": domain.nullable,
        "lower": _encode_value(domain.lower),
        "upper": _encode_value(domain.upper),
        "values": None if values is None else [_encode_value(v) for v in values],
    }


def _decode_domain(facts: Mapping[str, Any]) -> Domain:
    type_ = Type(facts["type"])
    values = facts["values"]
    return Domain(
        type=type_,
        scale=facts["scale"],
        lower=_decode_value(facts["lower"], type_),
        upper=_decode_value(facts["upper"], type_),
        nullable=facts["nullable"],
        values=None if values is None else tuple(_value(v, type_) for v in values),
    )


def _encode_value(value: Value | None) -> bool | int | str | None:
    return value.isoformat() if isinstance(value, date) else value


def _decode_value(fact: bool | int | str | None, type_: Type) -> Value | None:  # noqa: FBT001 - a value
    return None if fact is None else _value(fact, type_)


def _value(fact: bool | int | str, type_: Type) -> Value:  # noqa: FBT001 - a value
    if type_ is Type.DATE:
        return date.fromisoformat(str(fact))
    if type_ is Type.DATETIME:
        return datetime.fromisoformat(str(fact))
    return fact
