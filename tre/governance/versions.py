"""Every version a dataset has had: what can be cited of it, whatever became of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, or_, select

from privacy.catalogue import Table
from tre.control.askable import askable
from tre.control.tables import (
    audit_record,
    dataset_version,
    project_pin,
    published_table,
)
from tre.governance.catalogue import decode_table


@dataclass(frozen=True, slots=True)
class Edition:
    """A version as anybody may know of it, long after it was replaced.

    `state` is `current`, `replaced` (it can be pinned), `withdrawn` or `destroyed`.
    """

    id: str
    number: int
    label: str
    title: str
    state: str
    published_on: str
    ended_on: str | None
    descriptor: Mapping[str, Any] = field(repr=False)

    def facts(self) -> dict[str, Any]:
        """What the catalogue lists of it."""
        return {
            "id": self.id,
            "version": self.label,
            "state": self.state,
            "delivery": self.descriptor.get("delivery"),
            "published_on": self.published_on,
            "ended_on": self.ended_on,
        }

    def tables(self, connection: Connection) -> tuple[Table, ...]:
        """Its tables, as they were published."""
        rows = connection.execute(
            select(published_table.c.body)
            .where(published_table.c.version == self.id)
            .order_by(published_table.c.name)
        )
        return tuple(decode_table(row.body) for row in rows)


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A published file the database knows. Only current ones are ever asked."""

    file: str
    key_name: str
    state: str


def known_files(connection: Connection) -> tuple[KnownFile, ...]:
    """Every file ever published. What lies beside them was never switched to."""
    rows = connection.execute(
        select(
            dataset_version.c.file, dataset_version.c.key_name, dataset_version.c.state
        ).order_by(dataset_version.c.id)
    )
    return tuple(KnownFile(*row) for row in rows)


def current_files(connection: Connection) -> Mapping[str, str]:
    """The file of each version that is asked, or pinned, by the version's id."""
    columns = dataset_version.c
    asked = or_(
        columns.state == "current", columns.id.in_(select(project_pin.c.version))
    )
    rows = connection.execute(select(columns.id, columns.file).where(asked, askable()))
    return {row.id: row.file for row in rows}


def versions_of(connection: Connection, name: str) -> tuple[Edition, ...]:
    """The versions of a dataset, oldest first."""
    rows = connection.execute(
        select(dataset_version, askable().label("asked"))
        .where(dataset_version.c.dataset == name)
        .order_by(dataset_version.c.number)
    ).all()
    destroyed = _destroyed(connection, [row.id for row in rows])
    return tuple(
        Edition(
            row.id,
            row.number,
            row.label,
            row.title,
            _state(row.state, asked=row.asked, destroyed=row.id in destroyed),
            row.published_at.date().isoformat(),
            None if row.ended_at is None else row.ended_at.date().isoformat(),
            json.loads(row.descriptor),
        )
        for row in rows
    )


def _state(state: str, *, asked: bool, destroyed: bool) -> str:
    if destroyed:
        return "destroyed"
    return state if asked else "withdrawn"


def _destroyed(connection: Connection, versions: list[str]) -> frozenset[str]:
    records = audit_record.c
    found = connection.execute(
        select(records.subject).where(
            records.kind == "dataset.destroyed", records.subject.in_(versions)
        )
    )
    return frozenset(found.scalars())
