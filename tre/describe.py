"""Datasets, projects and accounts in plain words and numbers, for people to read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Connection

from privacy.accounting import NANO
from privacy.catalogue import Column, Domain, Table, Type, Unit, Value
from privacy.errors import Refused
from privacy.histogram import Histogram
from privacy.profile import Profile
from tre.governance.amendments import find_amendment
from tre.governance.catalogue import Current, current_catalogue
from tre.governance.changed import changed
from tre.governance.datasets import Dataset, list_datasets
from tre.governance.pins import pins_of
from tre.governance.project import Project, Terms
from tre.governance.statement import margin, statement
from tre.governance.versions import versions_of
from tre.releases import releases_of

_THE_COMMITTEE: Final = "the committee"


def described_datasets(connection: Connection) -> list[dict[str, Any]]:
    """The public facts of every dataset, by name."""
    held = list_datasets(connection)
    current = {
        population: current_catalogue(connection, population)
        for population in {each.population for each in held}
    }
    return [_dataset(connection, each, current[each.population]) for each in held]


def described_dataset(connection: Connection, name: str) -> dict[str, Any]:
    """The public facts of one dataset. Refused with `unknown_dataset`."""
    for facts in described_datasets(connection):
        if facts["name"] == name:
            return facts
    raise Refused(
        "unknown_dataset",
        f"There is no dataset {name[:80]}.",
        suggestion="`tre dataset list` names those there are.",
    )


def described_version(
    connection: Connection, name: str, version: str
) -> dict[str, Any]:
    """The public facts of one version of a dataset, and the releases that used it.

    `version` is a label, of which the newest is meant, or an id. Versions that were
    withdrawn or destroyed are described as they were. `changed` says what did since
    the version before, by that one's id. Refused with `unknown_dataset`.
    """
    held = next((e for e in list_datasets(connection) if e.name == name), None)
    listed = versions_of(connection, name)
    found = [each for each in listed if version in {each.label, each.id}]
    if held is None or not found:
        raise Refused(
            "unknown_dataset",
            f"There is no version {version[:80]} of a dataset {name[:80]}.",
            suggestion="`tre dataset show NAME` lists the versions of one.",
        )
    newest = found[-1]
    earlier = [each for each in listed if each.number < newest.number][-1:]
    as_then = replace(held, title=newest.title, version=newest.id, label=newest.label)
    return {
        **_facts(as_then, newest.descriptor, newest.tables(connection)),
        "state": newest.state,
        "id": newest.id,
        "published_on": newest.published_on,
        "ended_on": newest.ended_on,
        "changed": {
            each.id: changed(each.tables(connection), newest.tables(connection))
            for each in earlier
        },
        "releases": list(releases_of(connection, frozenset({newest.id}))),
    }


def described_project(connection: Connection, project: Project) -> dict[str, Any]:
    """A project's application, state and approvals, and whose approval it lacks.

    `amendment` is the change that is asked for, with what that lacks; None for none.
    """
    asked = find_amendment(connection, project)
    return {
        **project.application,
        "state": project.standing.value,
        "route": project.route.value,
        "proposer": project.proposer,
        **_approvals(project.terms),
        "outcome": project.outcome,
        "pins": {
            name: {"version": pin.version, "label": pin.label, "asked": pin.asked}
            for name, pin in pins_of(connection, project.name).items()
        },
        "amendment": None
        if asked is None
        else {
            "application": asked.application,
            "route": asked.route.value,
            **_approvals(asked.terms),
        },
    }


def _approvals(terms: Terms) -> dict[str, Any]:
    return {
        "approvals": [
            {"person": given.person, "of": given.approver or _THE_COMMITTEE}
            for given in terms.approvals
        ],
        "awaiting": sorted(name or _THE_COMMITTEE for name in terms.missing),
    }


def _dataset(connection: Connection, held: Dataset, current: Current) -> dict[str, Any]:
    listed = versions_of(connection, held.name)
    newest = next(each for each in listed if each.id == held.version)
    tables = [
        table
        for table in current.catalogue.tables.values()
        if table.dataset == held.name
    ]
    return {
        **_facts(held, newest.descriptor, tables),
        "versions": [each.facts() for each in listed],
    }


def _facts(
    held: Dataset, descriptor: Mapping[str, Any], tables: Iterable[Table]
) -> dict[str, Any]:
    said = {each["name"]: each for each in descriptor["resources"]}
    return {
        "name": held.name,
        "title": held.title,
        "description": descriptor["description"],
        "version": held.label,
        "state": held.state,
        "delivery": descriptor.get("delivery"),
        "population": held.population,
        "controller": held.controller,
        "legal_basis": descriptor["legal_basis"],
        "retention": descriptor["retention"],
        "tables": [described_table(each, said.get(each.name, {})) for each in tables],
    }


def described_table(
    table: Table, said: Mapping[str, Any] = MappingProxyType({})
) -> dict[str, Any]:
    """The public facts of one table; `said` is what its descriptor says besides."""
    return {
        "name": table.name,
        "title": table.title,
        "privacy_unit": table.unit.value,
        "rows_per_person": table.rows_per_person
        if table.unit is not Unit.NONE
        else None,
        "group_bounds": [
            {"by": list(each.columns), "rows": each.rows, "groups": each.groups}
            for each in table.bounds
        ],
        "size": table.size.value,
        "columns": [_column(column, said.get("roles", {})) for column in table.columns],
        "profile": None if table.profile is None else _profile(table.profile),
        "linkage": statement(said.get("link"), table.profile),
    }


def _profile(profile: Profile) -> dict[str, Any]:
    """Rows per person as measured: noised figures and their 95% margins."""
    ends = (*(start - 1 for start in profile.starts[1:]), None)
    return {
        "measured_of": profile.version,
        "rho": profile.rho_nano / NANO,
        "people_by_rows": [
            {"from": start, "to": end, "people": held}
            for start, end, held in zip(
                profile.starts, ends, profile.people, strict=True
            )
        ],
        "people_margin": margin(profile.people_deviation),
        "dropped_by_cap": profile.dropped,
        "dropped_margin": margin(profile.dropped_deviation),
        "clamped": dict(profile.clamped),
        "clamped_margin": margin(profile.clamped_deviation),
        "numbers": [
            *(_numbers(each, "value of one row") for each in profile.values),
            *(_numbers(each, "total of all rows") for each in profile.totals),
        ],
    }


def _numbers(histogram: Histogram, of: str) -> dict[str, Any]:
    """People by one number of each; classes begin at `from`, and end at `most`."""
    unit = Decimal(10) ** -histogram.scale
    held = zip(histogram.starts, histogram.people, strict=True)
    return {
        "column": histogram.column,
        "of": of,
        "people_by_number": [
            {"from": float(start * unit), "people": people} for start, people in held
        ],
        "most": float(histogram.most * unit),
        "margin": margin(histogram.deviation),
    }


def _column(column: Column, roles: Mapping[str, str]) -> dict[str, Any]:
    domain = column.domain
    listed = domain.type is Type.TEXT
    return {
        "name": column.name,
        "type": domain.type.value,
        "decimals": domain.scale if domain.type is Type.NUMBER else None,
        "minimum": None if listed else _shown(domain.lower, domain),
        "maximum": None if listed else _shown(domain.upper, domain),
        "required": not domain.nullable,
        "keys": None
        if domain.values is None
        else [_shown(value, domain) for value in domain.values],
        "role": roles.get(column.name),
        "description": column.description,
    }


def _shown(value: Value | None, domain: Domain) -> float | str | None:
    """A public value as JSON: decimals as numbers, dates as ISO text."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int) and not isinstance(value, bool) and domain.scale:
        return float(Decimal(value).scaleb(-domain.scale))
    return value
