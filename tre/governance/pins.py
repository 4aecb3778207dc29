"""Which version of a dataset a project asks: one that it pinned, or the current one.

A pinned version is asked for as long as nobody withdrew it. Where objections are
applied or people are linked anew it is written anew like the current one, and the pin
goes to what was written. A pin gives no leave: what was granted, conditions and
budgets stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, bindparam, delete, insert, or_, select, update

from connectors.errors import Invalid
from privacy.errors import Refused
from tre.audit.act import Act
from tre.control.askable import askable
from tre.control.tables import dataset_version, project_pin
from tre.governance.project import Project, Standing, find_project
from tre.governance.roles import Action, permitted

_PINS: Final = (
    select(project_pin.c.dataset, dataset_version.c.id, dataset_version.c.label)
    .add_columns(askable().label("asked"))
    .join(dataset_version, dataset_version.c.id == project_pin.c.version)
    .where(project_pin.c.project == bindparam("project"))
    .order_by(project_pin.c.dataset)
)


@dataclass(frozen=True, slots=True)
class Pin:
    """The version of a dataset that a project pinned, and whether it can be asked."""

    version: str
    label: str
    asked: bool


@dataclass(frozen=True, slots=True)
class Moved:
    """A pin that went to a version written anew."""

    project: str
    version: str
    to: str


def pins_of(connection: Connection, project: str) -> Mapping[str, Pin]:
    """What a project pinned, by dataset."""
    rows = connection.execute(_PINS, {"project": project})
    return {row.dataset: Pin(row.id, row.label, bool(row.asked)) for row in rows}


def pin_version(act: Act, name: str, dataset: str, version: str) -> Project:
    """Have a project of one's own ask this version of a dataset from now on.

    `version` is a label, of which the newest that can be asked is meant, or an id
    such as `earnings/3`. Refused with not_permitted, unknown_project, wrong_state or
    unknown_dataset.
    """
    held = _own(act, name)
    if dataset not in {table.dataset for table in held.tables.values()}:
        raise Refused(
            "unknown_dataset", f"The project asks for no table of {dataset[:80]}."
        )
    found = find_version(act.connection, dataset, version)
    if found is None:
        raise Refused(
            "unknown_dataset",
            f"{dataset} has no version {version[:80]} that can be asked.",
            suggestion=f"`tre dataset show {dataset}` lists its versions.",
        )
    put_pin(act, name, dataset, found)
    return held


def follow_current(act: Act, name: str, dataset: str) -> Project:
    """Have a project of one's own ask whatever version is current.

    Refused with not_permitted, unknown_project, or wrong_state where it does already.
    """
    held = _own(act, name)
    if dataset not in pins_of(act.connection, name):
        raise Refused(
            "wrong_state", f"The project follows {dataset[:80]}'s current version."
        )
    _forget(act, name, dataset)
    act.record("project.following", name, {"dataset": dataset})
    return held


def pin_asked_for(act: Act, name: str, versions: Mapping[str, str]) -> None:
    """Pin what a project's approved text says, in place of all it had pinned.

    Invalid where a version cannot be asked any more.
    """
    for dataset in pins_of(act.connection, name).keys() - versions.keys():
        _forget(act, name, dataset)
        act.record("project.following", name, {"dataset": dataset})
    for dataset, version in versions.items():
        put_pin(act, name, dataset, expect_version(act.connection, dataset, version))


def expect_version(connection: Connection, dataset: str, version: str) -> str:
    """The version that a project's text names. Invalid where it cannot be asked."""
    found = find_version(connection, dataset, version)
    if found is None:
        raise Invalid(f"versions.{dataset}", "expected a version that can be asked")
    return found


def find_version(connection: Connection, dataset: str, version: str) -> str | None:
    """The id of the newest version of this label, or of this id, that can be asked."""
    columns = dataset_version.c
    rows = connection.execute(
        select(columns.id)
        .where(columns.dataset == dataset, askable())
        .where(or_(columns.label == version, columns.id == version))
        .order_by(columns.number.desc())
    )
    return rows.scalars().first()


def put_pin(act: Act, project: str, dataset: str, version: str) -> None:
    """Write a pin down, and on record. The caller says who may."""
    _forget(act, project, dataset)
    act.connection.execute(
        insert(project_pin).values(project=project, dataset=dataset, version=version)
    )
    act.record("project.pinned", project, {"dataset": dataset, "version": version})


def move_pins(act: Act, version: str, to: str) -> None:
    """Let pins of a version go to the one that was written in its place."""
    columns = project_pin.c
    rows = act.connection.execute(
        select(project_pin).where(columns.version == version).order_by(columns.project)
    ).all()
    act.connection.execute(
        update(project_pin).where(columns.version == version).values(version=to)
    )
    for row in rows:
        detail = {"dataset": row.dataset, "version": to, "replaces": version}
        act.record("project.pin_moved", row.project, detail)


def moved_pins(
    connection: Connection, versions: Sequence[str], to: Sequence[str]
) -> tuple[Moved, ...]:
    """The pins that went from these versions to those written in their places."""
    before = dict(zip(to, versions, strict=True))
    columns = project_pin.c
    rows = connection.execute(
        select(project_pin)
        .where(columns.version.in_(to))
        .order_by(columns.project, columns.dataset)
    )
    return tuple(Moved(row.project, before[row.version], row.version) for row in rows)


def drop_pins(act: Act, project: str) -> None:
    """Forget what a project that is over had pinned; that it is over is on record."""
    act.connection.execute(delete(project_pin).where(project_pin.c.project == project))


def _own(act: Act, name: str) -> Project:
    permitted(act, Action.PIN_VERSION)
    held = find_project(act.connection, name)
    if act.actor not in held.own:
        raise Refused("not_permitted", "The project is not yours.")
    if held.standing is Standing.CLOSED:
        raise Refused("wrong_state", "The project is closed.")
    return held


def _forget(act: Act, project: str, dataset: str) -> None:
    act.connection.execute(
        delete(project_pin).where(
            project_pin.c.project == project, project_pin.c.dataset == dataset
        )
    )
