"""Whether somebody may ask in a project now, and of what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from sqlalchemy import Connection

from privacy.catalogue import Catalogue
from privacy.errors import Refused
from privacy.policy import Policy
from tre.audit.act import log_size
from tre.governance.catalogue import Grants, Version, current_catalogue
from tre.governance.conditions import Use, conditions_of, unmet
from tre.governance.organisations import organisation_of
from tre.governance.pins import Pin, pins_of
from tre.governance.policies import current_policy
from tre.governance.project import Project, Standing, find_project
from tre.governance.qualifications import check_qualified
from tre.governance.roles import Role, find_person
from tre.ledger.account import Account, Kind, current_account


@dataclass(frozen=True, slots=True)
class Admission:
    """Leave to ask one question.

    `catalogue` has every table of the population; its grants are the project's, and
    only of the datasets it was approved for, by controllers that approve of it
    still. `versions` says which version each granted table is of. `account` is the
    project's, as it stood when the log had `log_size` records.
    """

    project: str
    person: str
    population: str
    catalogue: Catalogue
    versions: Mapping[str, Version]
    account: Account
    log_size: int
    day: date
    """The day it is for, UTC: a condition or a qualification may end with it."""
    policy: Policy | None = None
    """The disclosure policy that was put in force; None where none ever was."""
    withheld: Mapping[str, str] = field(default_factory=dict)
    """Tables that were granted and a condition withholds: by name, which condition."""
    gone: Mapping[str, str] = field(default_factory=dict)
    """Tables of versions that were pinned and then withdrawn: by name, which one."""

    def version(self, table: str) -> Version:
        """The version to read of a table. Refused with not_granted for any other.

        A question may name no column at all: leave for a table is not leave for
        its columns alone. What to do is in the message: a suggestion is a question.
        """
        if table in self.gone:
            raise Refused(
                "dataset_withdrawn",
                f"The version that the project pinned for {table}, {self.gone[table]},"
                " was withdrawn: `tre project pin` pins another, or follows the current"
                " one with --follow.",
            )
        if table in self.withheld:
            raise Refused(
                "condition_unmet",
                f"A condition of {table}'s controller is not met:"
                f" {self.withheld[table]}. Its stewards set conditions; an amendment of"
                " the project may meet them.",
            )
        if table not in self.versions:
            raise Refused(
                "not_granted",
                f"The project was not granted the table {table}. It was granted:"
                f" {', '.join(sorted(self.versions))}.",
            )
        return self.versions[table]


def admit(
    connection: Connection, project: str, person: str, now: datetime
) -> Admission:
    """Let a qualified researcher of an active project ask.

    Refused with not_permitted, unknown_project, project_not_active, project_expired,
    not_accredited or not_trained. Asked again for every question: what was revoked
    stays revoked.
    """
    today = now.astimezone(UTC).date()
    asker = find_person(connection, person)
    if asker is None or not asker.active:
        raise Refused("not_permitted", "Only people known here ask questions.")
    held = find_project(connection, project)
    if person not in held.researchers or Role.RESEARCHER not in asker.roles:
        raise Refused("not_permitted", "Only its researchers ask in a project.")
    _check_running(held, today)
    check_qualified(connection, person, today)
    use = Use(
        frozenset(held.application["purposes"]),
        organisation_of(connection, person),
        today,
    )
    leave = _leave(connection, held, use)
    pins = pins_of(connection, project)
    asked = {name: pin.version for name, pin in pins.items() if pin.asked}
    current = current_catalogue(connection, held.population, leave.grants, asked)
    withheld = {**_unpublished_for(current.versions, use), **leave.withheld}
    return Admission(
        project=project,
        person=person,
        population=held.population,
        catalogue=current.catalogue,
        versions={
            name: version
            for name, version in current.versions.items()
            if name not in withheld
        },
        account=current_account(connection, Kind.PROJECT, project),
        log_size=log_size(connection),
        day=today,
        policy=current_policy(connection),
        withheld=withheld,
        gone=_gone(held, pins),
    )


@dataclass(frozen=True, slots=True)
class _Leave:
    """What conditions leave of a project's grants."""

    grants: Grants
    withheld: Mapping[str, str]


def _leave(connection: Connection, held: Project, use: Use) -> _Leave:
    """Narrow what was granted to what the controllers' conditions allow."""
    grants, withheld = dict(held.granted()), {}
    conditions = conditions_of(connection, {dataset for dataset, _ in grants})
    for (dataset, table), columns in held.granted().items():
        if dataset not in conditions:
            continue
        problem = unmet(conditions[dataset], use)
        usable = conditions[dataset].usable(table)
        if problem is None and usable == frozenset():
            problem = "none of its columns may be used"
        if problem is not None:
            withheld[table] = problem
        elif usable is not None:
            grants[dataset, table] = columns & usable
    return _Leave(grants, withheld)


def _gone(held: Project, pins: Mapping[str, Pin]) -> Mapping[str, str]:
    """Tables granted of versions that were pinned and cannot be asked any more."""
    dead = {name: pin.label for name, pin in pins.items() if not pin.asked}
    return {
        name: dead[table.dataset]
        for name, table in held.tables.items()
        if table.dataset in dead
    }


def _unpublished_for(versions: Mapping[str, Version], use: Use) -> Mapping[str, str]:
    """Tables whose version heeds objections to other purposes than the project's."""
    return {
        name: f"its version was published for {', '.join(version.purposes)} alone"
        for name, version in versions.items()
        if version.purposes is not None and not use.purposes <= {*version.purposes}
    }


def _check_running(held: Project, today: date) -> None:
    if held.standing is not Standing.ACTIVE:
        raise Refused("project_not_active", f"The project is {held.standing.value}.")
    starts = held.application.get("starts")
    if starts is not None and today < date.fromisoformat(starts):
        raise Refused("project_not_active", f"The project begins on {starts}.")
    if held.until < today:
        raise Refused("project_expired", f"The project ended on {held.until}.")
