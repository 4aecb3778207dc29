"""What is known of a project, and whose approval it still needs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from typing import Any, Final

from sqlalchemy import Connection, bindparam, select

from privacy.errors import Refused
from tre.audit.told import told
from tre.control.tables import (
    approval,
    dataset,
    project,
    project_researcher,
    project_table,
    storable,
)
from tre.governance.catalogue import Grants
from tre.governance.route import REVIEWS, Review, Route

_PROJECT: Final = select(project).where(project.c.name == bindparam("project"))
_RESEARCHERS: Final = select(project_researcher.c.person).where(
    project_researcher.c.project == bindparam("project")
)
_TABLES: Final = (
    select(project_table, dataset.c.controller)
    .join(dataset, dataset.c.name == project_table.c.dataset)
    .where(project_table.c.project == bindparam("project"))
)
_APPROVALS: Final = (
    select(approval.c.person, approval.c.controller, approval.c.approved_at)
    .where(approval.c.project == bindparam("project"))
    .where(approval.c.digest == bindparam("digest"))
    .order_by(approval.c.person)
)


class Standing(Enum):
    """Where a project is in its life."""

    PROPOSED = "proposed"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    CLOSED = "closed"


COMMITTEE: Final = ""
"""The approver that every project needs, beside the controllers by name."""


@dataclass(frozen=True, slots=True)
class GrantedTable:
    """A table a project asks for, the dataset it was of, and that one's controller."""

    dataset: str
    controller: str
    columns: frozenset[str]


@dataclass(frozen=True, slots=True)
class Approval:
    """One approval in force. `controller` is None for the committee's."""

    person: str
    controller: str | None
    at: datetime

    @property
    def approver(self) -> str:
        """Whose approval it is: a controller's name, or COMMITTEE."""
        return self.controller or COMMITTEE


@dataclass(frozen=True, slots=True)
class Terms:
    """A text that approvals are about: who has to approve of it, and who did.

    `controllers` are those it takes, `own` the people whose project it is.
    """

    digest: str
    controllers: frozenset[str]
    approvals: tuple[Approval, ...]
    review: Review
    own: frozenset[str]

    @property
    def missing(self) -> frozenset[str]:
        """Whose approval it lacks: controllers by name, the committee as COMMITTEE."""
        given = Counter(each.approver for each in self.approvals)
        missing = {name for name in self.controllers if not given[name]}
        if given[COMMITTEE] < self.review.members:
            missing.add(COMMITTEE)
        return frozenset(missing)


@dataclass(frozen=True, slots=True)
class Project:
    """A project as it stands; `application` is the text that approvals are about."""

    name: str
    population: str
    application: Mapping[str, Any] = field(repr=False)
    digest: str
    proposer: str
    researchers: frozenset[str]
    standing: Standing
    until: date
    outcome: str | None
    tables: Mapping[str, GrantedTable]
    approvals: tuple[Approval, ...]
    route: Route

    @property
    def review(self) -> Review:
        """How much review its route takes."""
        return REVIEWS[self.route]

    @property
    def controllers(self) -> frozenset[str]:
        """Whose data it asks for."""
        return frozenset(table.controller for table in self.tables.values())

    @property
    def own(self) -> frozenset[str]:
        """Whose project it is: they judge nothing about it."""
        return self.researchers | {self.proposer}

    @property
    def approved_by(self) -> frozenset[str]:
        """Who has approved: controllers by name, the committee as COMMITTEE."""
        return frozenset(given.approver for given in self.approvals)

    @property
    def missing(self) -> frozenset[str]:
        """Whose approval it lacks: controllers by name, the committee as COMMITTEE."""
        return self.terms.missing

    @property
    def terms(self) -> Terms:
        """What its approvals are about."""
        return Terms(
            self.digest, self.controllers, self.approvals, self.review, self.own
        )

    def granted(self) -> Grants:
        """The columns it may use, of controllers that approve of it now."""
        return {
            (table.dataset, name): table.columns
            for name, table in self.tables.items()
            if table.controller in self.approved_by
        }


def find_project(connection: Connection, name: str) -> Project:
    """A project by its name. Refused with unknown_project where there is none."""
    known = storable(name)
    row = connection.execute(_PROJECT, {"project": name}).first() if known else None
    if row is None:
        raise Refused(
            "unknown_project",
            "There is no such project.",
            suggestion="The register has every project by its name: `tre register`.",
        )
    return Project(
        name=row.name,
        population=row.population,
        application=json.loads(row.application),
        digest=row.digest,
        proposer=row.proposer,
        researchers=_researchers(connection, name),
        standing=Standing(row.state),
        until=row.until,
        outcome=row.outcome,
        tables=_tables(connection, name),
        approvals=approvals_of(connection, name, row.digest),
        route=Route(row.route),
    )


def ever_in(connection: Connection, held: Project) -> frozenset[str]:
    """Whose project it is, or was under any terms that were ever asked for.

    Read from the log: whoever left a project by an amendment made part of what it has.
    """
    kinds = ("project.proposed", "project.amended", "project.amendment_proposed")
    return held.own.union(
        *(
            said.detail["application"]["researchers"]
            for said in told(connection, *kinds, subject=held.name)
        )
    )


def list_projects(connection: Connection) -> tuple[Project, ...]:
    """Every project there has been, by name."""
    names = connection.execute(select(project.c.name).order_by(project.c.name))
    return tuple(find_project(connection, name) for name in names.scalars().all())


def _researchers(connection: Connection, name: str) -> frozenset[str]:
    rows = connection.execute(_RESEARCHERS, {"project": name})
    return frozenset(rows.scalars())


def _tables(connection: Connection, name: str) -> Mapping[str, GrantedTable]:
    rows = connection.execute(_TABLES, {"project": name})
    return {
        row.table_name: GrantedTable(
            row.dataset, row.controller, frozenset(json.loads(row.columns))
        )
        for row in rows
    }


def approvals_of(
    connection: Connection, name: str, digest: str
) -> tuple[Approval, ...]:
    """The approvals given to one text of a project's application."""
    rows = connection.execute(_APPROVALS, {"project": name, "digest": digest})
    return tuple(Approval(*row) for row in rows)
