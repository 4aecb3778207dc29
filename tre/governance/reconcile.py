"""Whether people, and what is known of tables, are what the log says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from sqlalchemy import Connection, select

from tre.audit.told import Discrepancy, told
from tre.control.canonical import text_digest
from tre.control.tables import dataset_version, person, person_role, published_table

Standing: TypeAlias = tuple[frozenset[str], str | None, bool]
"""Somebody's roles, whose data they keep, and whether they may do anything."""


def reconcile(connection: Connection) -> tuple[Discrepancy, ...]:
    """Where the tables of people and of versions differ from the log."""
    return (
        *_different("the person", _people_told(connection), _people(connection)),
        *_different(
            "what is public of version",
            {name: facts["tables_sha256"] for name, facts in versions(connection)},
            _tables(connection),
        ),
        *_different(
            "the state of version", states_told(connection), states(connection)
        ),
    )


def versions(connection: Connection) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every version ever published, and what the log says of it."""
    for said in told(connection, "dataset.published", "dataset.rebuilt"):
        yield said.subject, said.detail


def _people_told(connection: Connection) -> dict[str, Standing]:
    people: dict[str, Standing] = {}
    kinds = ("person.added", "person.roles_changed", "person.disabled")
    for said in told(connection, *kinds):
        if said.kind == "person.added":
            roles = frozenset(said.detail["roles"])
            people[said.subject] = (roles, said.detail["controller"], True)
            continue
        held, controller, active = people.get(said.subject, (frozenset(), None, False))
        if said.kind == "person.disabled":
            active = False
        else:
            held = frozenset(said.detail["roles"])
        people[said.subject] = (held, controller, active)
    return people


def _people(connection: Connection) -> dict[str, Standing]:
    roles: dict[str, set[str]] = {}
    for row in connection.execute(select(person_role)):
        roles.setdefault(row.person, set()).add(row.role)
    return {
        row.id: (frozenset(roles.get(row.id, ())), row.controller, row.active)
        for row in connection.execute(select(person))
    }


def _tables(connection: Connection) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for row in connection.execute(select(published_table)):
        found.setdefault(row.version, {})[row.name] = text_digest(row.body)
    return found


def states_told(connection: Connection) -> dict[str, str]:
    """The state of every version, as the log has it.

    The newest is asked, until its dataset is withdrawn.

    What a rebuilt version replaces counts as withdrawn.
    """
    states: dict[str, str] = {}
    current: dict[str, str] = {}
    kinds = ("dataset.published", "dataset.rebuilt", "dataset.withdrawn")
    for said in told(connection, *kinds):
        withdrawn = said.kind == "dataset.withdrawn"
        name = said.subject if withdrawn else said.subject.rpartition("/")[0]
        if name in current:
            replaced = said.kind == "dataset.published"
            states[current.pop(name)] = "replaced" if replaced else "withdrawn"
        if not withdrawn:
            states[said.subject] = "current"
            current[name] = said.subject
    return states


def states(connection: Connection) -> dict[str, str]:
    """The state of every version, as the table has it."""
    columns = dataset_version.c
    rows = connection.execute(select(columns.id, columns.state))
    return {row.id: row.state for row in rows}


def _different(
    what: str, log: Mapping[str, Any], stored: Mapping[str, Any]
) -> Iterator[Discrepancy]:
    for name in sorted(log.keys() | stored.keys()):
        if name not in log:
            yield Discrepancy(f"{what} {name}", "is not in the log")
        elif log[name] != stored.get(name):
            yield Discrepancy(f"{what} {name}", "is not as the log has it")
