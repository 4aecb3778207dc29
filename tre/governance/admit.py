"""Whether somebody may ask in a project now, and of what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection

from privacy.catalogue import Catalogue
from privacy.errors import Refused
from tre.audit.act import log_size
from tre.governance.catalogue import Version, current_catalogue
from tre.governance.project import Standing, find_project
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

    def version(self, table: str) -> Version:
        """The version to read of a table. Refused with not_granted for any other.

        A question may name no column at all: leave for a table is not leave for
        its columns alone.
        """
        if table not in self.versions:
            raise Refused(
                "not_granted",
                f"The project was not granted the table {table}.",
                suggestion=f"It was granted: {', '.join(sorted(self.versions))}.",
            )
        return self.versions[table]


def admit(
    connection: Connection, project: str, person: str, now: datetime
) -> Admission:
    """Let a researcher of an active project ask.

    Refused with not_permitted, unknown_project, project_not_active or
    project_expired. Asked again for every question: what was revoked stays revoked.
    """
    asker = find_person(connection, person)
    if asker is None or not asker.active:
        raise Refused("not_permitted", "Only people known here ask questions.")
    held = find_project(connection, project)
    if person not in held.researchers or Role.RESEARCHER not in asker.roles:
        raise Refused("not_permitted", "Only its researchers ask in a project.")
    if held.standing is not Standing.ACTIVE:
        raise Refused("project_not_active", f"The project is {held.standing.value}.")
    if held.until < now.astimezone(UTC).date():
        raise Refused("project_expired", f"The project ended on {held.until}.")
    current = current_catalogue(connection, held.population, held.granted())
    return Admission(
        project=project,
        person=person,
        population=held.population,
        catalogue=current.catalogue,
        versions=current.versions,
        account=current_account(connection, Kind.PROJECT, project),
        log_size=log_size(connection),
    )
