"""Whether people, datasets, projects and what was agreed are what the log says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from sqlalchemy import Connection, select

from tre.audit.told import UNSAID, Discrepancy, different, told
from tre.control.canonical import text_digest
from tre.control.tables import (
    dataset,
    dataset_version,
    person,
    person_role,
    population,
    published_table,
)
from tre.governance.agreed import agreed, agreed_told
from tre.governance.proposed import proposed, proposed_told

Standing: TypeAlias = tuple[frozenset[str], str | None, bool]
"""Somebody's roles, whose data they keep, and whether they may do anything."""


def reconcile(connection: Connection) -> tuple[Discrepancy, ...]:
    """Where tables that are acted on differ from the log."""
    pairs = (
        (_people_told(connection), _people(connection)),
        (_datasets_told(connection), _datasets(connection)),
        (_versions_told(connection), _versions(connection)),
        (proposed_told(connection), proposed(connection)),
        (agreed_told(connection), agreed(connection)),
    )
    return tuple(each for log, stored in pairs for each in different(log, stored))


def versions(connection: Connection) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every version ever published, and what the log says of it."""
    for said in told(connection, "dataset.published", "dataset.rebuilt"):
        yield said.subject, said.detail


def states_told(connection: Connection) -> dict[str, str]:
    """The state of every version, as the log has it.

    The newest is asked, until its dataset is withdrawn. What a rebuilt version
    replaces counts as withdrawn, and it is asked as that was.
    """
    states: dict[str, str] = {}
    current: dict[str, str] = {}
    kinds = ("dataset.published", "dataset.rebuilt", "dataset.withdrawn")
    for said in told(connection, *kinds):
        withdrawn = said.kind == "dataset.withdrawn"
        name = said.subject if withdrawn else said.subject.rpartition("/")[0]
        if said.kind == "dataset.rebuilt" and said.detail["replaces"] in states:
            old = said.detail["replaces"]
            states[said.subject], states[old] = states[old], "withdrawn"
            if current.get(name) == old:
                current[name] = said.subject
            continue
        if name in current:
            states[current.pop(name)] = "withdrawn" if withdrawn else "replaced"
        if not withdrawn:
            states[said.subject] = "current"
            current[name] = said.subject
    return states


def states(connection: Connection) -> dict[str, str]:
    """The state of every version, as the table has it."""
    columns = dataset_version.c
    rows = connection.execute(select(columns.id, columns.state))
    return {row.id: row.state for row in rows}


def _people_told(connection: Connection) -> dict[str, object]:
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
    return {f"the person {name}": standing for name, standing in people.items()}


def _people(connection: Connection) -> dict[str, object]:
    roles: dict[str, set[str]] = {}
    for row in connection.execute(select(person_role)):
        roles.setdefault(row.person, set()).add(row.role)
    return {
        f"the person {row.id}": (
            frozenset(roles.get(row.id, ())),
            row.controller,
            row.active,
        )
        for row in connection.execute(select(person))
    }


def _datasets_told(connection: Connection) -> dict[str, object]:
    found: dict[str, object] = {}
    for said in told(connection, "population.created", "dataset.published"):
        if said.kind == "population.created":
            found[f"the population {said.subject}"] = True
        else:
            name = said.subject.rpartition("/")[0]
            place = (said.fact("population"), said.fact("controller"))
            found[f"whose the dataset {name} is"] = UNSAID if UNSAID in place else place
    return found


def _datasets(connection: Connection) -> dict[str, object]:
    rows = connection.execute(select(dataset))
    names = connection.execute(select(population.c.name)).scalars()
    return {f"the population {name}": True for name in names} | {
        f"whose the dataset {row.name} is": (row.population, row.controller)
        for row in rows
    }


def _versions_told(connection: Connection) -> dict[str, object]:
    """Of each version its state, its tables, and what is said of it."""
    found: dict[str, object] = {
        f"the state of version {name}": state
        for name, state in states_told(connection).items()
    }
    said_of: dict[str, tuple[object, object]] = {}
    for name, facts in versions(connection):
        tables = facts.get("tables_sha256", UNSAID)
        found[f"what is public of version {name}"] = tables
        own = (facts.get("label", UNSAID), facts.get("descriptor_sha256", UNSAID))
        said_of[name] = said_of.get(facts.get("replaces", ""), own)
        label, descriptor = said_of[name]
        found[f"the label of version {name}"] = label
        found[f"the description of version {name}"] = descriptor
    return found


def _versions(connection: Connection) -> dict[str, object]:
    tables: dict[str, dict[str, str]] = {}
    for row in connection.execute(select(published_table)):
        tables.setdefault(row.version, {})[row.name] = text_digest(row.body)
    found: dict[str, object] = {
        f"what is public of version {name}": digests for name, digests in tables.items()
    }
    for row in connection.execute(select(dataset_version)):
        found[f"the state of version {row.id}"] = row.state
        found[f"the label of version {row.id}"] = row.label
        found[f"the description of version {row.id}"] = text_digest(row.descriptor)
    return found
