"""Versions written anew without some of their people, and versions to be destroyed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from sqlalchemy import Connection, Row, func, insert, or_, select, update

from connectors.errors import Invalid
from privacy.catalogue import Table
from tre.audit.act import Act
from tre.control.askable import askable
from tre.control.canonical import text_digest
from tre.control.tables import (
    audit_record,
    dataset,
    dataset_version,
    project_pin,
    published_table,
)
from tre.governance.catalogue import decode_table, encode_table, read_purposes
from tre.governance.datasets import UNLINKED, check_population
from tre.governance.pins import move_pins
from tre.governance.roles import Action, permitted
from tre.governance.statement import methods_of, statements


class Reason(Enum):
    """Why versions are written anew, and what one must be allowed to for it."""

    OBJECTION = Action.OBJECT
    LINKAGE = Action.RELINK


@dataclass(frozen=True, slots=True)
class Standing:
    """A version that is asked or pinned, and what it takes to write it anew."""

    version: str
    label: str
    dataset: str
    file: str
    key_name: str
    spine_version: str
    tables: tuple[Table, ...]
    purposes: tuple[str, ...] | None
    """What alone it may be asked for; None for anything."""
    descriptor: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """The public part of its manifest."""

    @property
    def identified(self) -> Mapping[str, tuple[str, ...]]:
        """The kinds of identifiers by which a table's people are linked, by table."""
        methods = methods_of(self.descriptor)
        return {name: tuple(m["identifiers"]) for name, m in methods.items() if m}


@dataclass(frozen=True, slots=True)
class Replacement:
    """A file with the same rows as a standing version, less or renumbered people.

    `tables` are its own, with the profiles that were measured of them.
    """

    version: str
    file: str
    key_name: str
    spine_version: str
    file_sha256: str
    tables: tuple[Table, ...]


def standing_versions(connection: Connection, population: str) -> tuple[Standing, ...]:
    """The versions with linked people that a population's projects ask.

    Those that are current, and those that somebody pinned; each dataset's in order, so
    that what is written anew of it last is the current one.
    """
    pinned = select(project_pin.c.version)
    rows = connection.execute(
        select(dataset_version)
        .join(dataset, dataset.c.name == dataset_version.c.dataset)
        .where(dataset.c.population == population, askable())
        .where(
            or_(
                dataset_version.c.state == "current",
                dataset_version.c.id.in_(pinned),
            )
        )
        .where(dataset_version.c.spine_version != UNLINKED)
        .order_by(dataset_version.c.dataset, dataset_version.c.number)
    ).all()
    return tuple(_standing(connection, row) for row in rows)


def standing_version(connection: Connection, name: str) -> Standing | None:
    """The current version of a dataset; None where none is asked."""
    row = connection.execute(
        select(dataset_version).where(
            dataset_version.c.dataset == name, dataset_version.c.state == "current"
        )
    ).one_or_none()
    return None if row is None else _standing(connection, row)


def _standing(connection: Connection, row: Row[*tuple[Any, ...]]) -> Standing:
    return Standing(
        row.id,
        row.label,
        row.dataset,
        row.file,
        row.key_name,
        row.spine_version,
        _tables(connection, row.id),
        read_purposes(row.purposes),
        json.loads(row.descriptor),
    )


def replace_versions(
    act: Act, replacements: Sequence[Replacement], reason: Reason
) -> tuple[str, ...]:
    """Put replacements in force, all at once, with what the public knew of each.

    What they replace is withdrawn, as is all of their datasets that nobody pinned:
    never asked again, its files to be destroyed. Pins go to the replacements. Refused
    with not_permitted; Invalid where a version is asked no more.
    """
    permitted(act, reason.value)
    made = tuple(_replace(act, each, reason) for each in replacements)
    for population in {_population(act.connection, version) for version in made}:
        check_population(act.connection, population)
    return made


def _replace(act: Act, replacement: Replacement, reason: Reason) -> str:
    row = act.connection.execute(
        select(dataset_version).where(
            dataset_version.c.id == replacement.version, askable()
        )
    ).one_or_none()
    if row is None:
        raise Invalid("", "a version was replaced meanwhile: try again")
    columns = dataset_version.c
    act.connection.execute(
        update(dataset_version)
        .where(columns.id == row.id)
        .values(state="withdrawn", ended_at=act.now)
    )
    newest = select(func.max(columns.number)).where(columns.dataset == row.dataset)
    number = act.connection.execute(newest).scalar_one() + 1
    version = f"{row.dataset}/{number}"
    kept = {
        **row._mapping,
        "id": version,
        "number": number,
        "file": replacement.file,
        "key_name": replacement.key_name,
        "spine_version": replacement.spine_version,
        "published_at": act.now,
    }
    act.connection.execute(insert(dataset_version).values(**kept))
    bodies = {table.name: encode_table(table) for table in replacement.tables}
    act.connection.execute(
        insert(published_table),
        [{"version": version, "name": name, "body": bodies[name]} for name in bodies],
    )
    act.record(
        "dataset.rebuilt",
        version,
        {
            "replaces": row.id,
            "reason": reason.name.lower(),
            "spine_version": replacement.spine_version,
            "tables_sha256": {name: text_digest(bodies[name]) for name in bodies},
            "file_sha256": replacement.file_sha256,
            "linkage": statements(json.loads(row.descriptor), replacement.tables),
        },
    )
    move_pins(act, row.id, version)
    return version


@dataclass(frozen=True, slots=True)
class Doomed:
    """A version whose dataset was withdrawn after it, and not yet destroyed."""

    version: str
    dataset: str
    population: str
    file: str
    key_name: str
    whole: bool
    """Whether nothing of its dataset is asked any more."""


def doomed_versions(connection: Connection) -> tuple[Doomed, ...]:
    """Versions that are withdrawn, or were replaced before one that is."""
    last = (
        select(
            dataset_version.c.dataset,
            func.max(dataset_version.c.number).label("number"),
        )
        .where(dataset_version.c.state == "withdrawn")
        .group_by(dataset_version.c.dataset)
        .subquery()
    )
    destroyed = select(audit_record.c.subject).where(
        audit_record.c.kind == "dataset.destroyed"
    )
    rows = connection.execute(
        select(dataset_version, dataset.c.population)
        .join(dataset, dataset.c.name == dataset_version.c.dataset)
        .join(last, last.c.dataset == dataset_version.c.dataset)
        .where(dataset_version.c.number <= last.c.number)
        .where(dataset_version.c.id.not_in(destroyed))
        .order_by(dataset_version.c.id)
    ).all()
    asked = {each.dataset for each in rows} & _asked(connection)
    return tuple(
        Doomed(
            row.id,
            row.dataset,
            row.population,
            row.file,
            row.key_name,
            row.dataset not in asked,
        )
        for row in rows
    )


def _asked(connection: Connection) -> set[str]:
    rows = connection.execute(
        select(dataset_version.c.dataset).where(dataset_version.c.state == "current")
    )
    return {row.dataset for row in rows}


def _tables(connection: Connection, version: str) -> tuple[Table, ...]:
    rows = connection.execute(
        select(published_table.c.body)
        .where(published_table.c.version == version)
        .order_by(published_table.c.name)
    )
    return tuple(decode_table(row.body) for row in rows)


def _population(connection: Connection, version: str) -> str:
    return str(
        connection.execute(
            select(dataset.c.population)
            .join(dataset_version, dataset_version.c.dataset == dataset.c.name)
            .where(dataset_version.c.id == version)
        ).scalar_one()
    )
