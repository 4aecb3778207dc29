"""What somebody has to see to, and by when: reminders, and what is overdue.

Everything here follows from dates on record and the day it is asked on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from typing import Final

from sqlalchemy import Connection, select

from tre.control.tables import (
    account,
    amendment,
    dataset_condition,
    dataset_version,
    person,
    person_role,
    project,
    qualification,
)
from tre.governance.project import COMMITTEE, Project, Standing, list_projects
from tre.governance.qualifications import Kind as Qualification
from tre.governance.roles import Role
from tre.ledger.account import Kind, State

PATIENCE: Final = timedelta(days=28)
"""How long a proposal or a change of a project may wait for approvals."""


@dataclass(frozen=True, slots=True, order=True)
class Due:
    """One thing to see to: by when, of what kind, about whom or what."""

    on: date
    kind: str
    subject: str
    words: str


def due(connection: Connection, today: date, within: timedelta) -> tuple[Due, ...]:
    """All that is due up to so many days from today, soonest first.

    What has a day before today is overdue.
    """
    found = (
        *_projects(connection, today),
        *_waiting(connection),
        *_qualifications(connection, today),
        *_datasets(connection),
        *_conditions(connection),
        *_periods(connection),
    )
    return tuple(sorted(each for each in found if each.on <= today + within))


def _projects(connection: Connection, today: date) -> Iterator[Due]:
    """Projects whose end or review comes; those that have ended are to be closed."""
    for held in list_projects(connection):
        if held.standing in {Standing.ACTIVE, Standing.SUSPENDED}:
            yield Due(held.until, "project", held.name, "ends, and is to be closed")
            yield _review(held, today)


def _review(held: Project, today: date) -> Due:
    """When the committee looks at a project again: its route says how often."""
    seen = max(
        (each.at for each in held.approvals if each.approver == COMMITTEE),
        default=None,
    )
    every = timedelta(days=held.review.every_days)
    # Without an approval of the committee's it is suspended: the review is now.
    on = today if seen is None else seen.astimezone(UTC).date() + every
    words = f"is to be reviewed ({held.route.value} route)"
    return Due(on, "review", held.name, words)


def _waiting(connection: Connection) -> Iterator[Due]:
    proposed = select(project.c.name, project.c.proposed_at).where(
        project.c.state == Standing.PROPOSED.value
    )
    asked = select(amendment.c.project, amendment.c.proposed_at)
    for query, words in (
        (proposed, "waits for approval"),
        (asked, "waits for approval of a change"),
    ):
        for name, at in connection.execute(query):
            yield Due(at.astimezone(UTC).date() + PATIENCE, "approval", name, words)


def _qualifications(connection: Connection, today: date) -> Iterator[Due]:
    """What ends of active researchers'; what they lack is due now."""
    researchers = (
        select(person.c.id)
        .join(person_role)
        .where(person.c.active, person_role.c.role == Role.RESEARCHER.value)
    )
    ends = {
        (row.person, row.kind): row.until
        for row in connection.execute(select(qualification))
    }
    for name in connection.execute(researchers).scalars():
        for kind in Qualification:
            until = ends.get((name, kind.value))
            words = f"lacks {kind.value}" if until is None else f"{kind.value} ends"
            yield Due(until or today, "qualification", name, words)


def _datasets(connection: Connection) -> Iterator[Due]:
    current = select(dataset_version.c.dataset, dataset_version.c.descriptor).where(
        dataset_version.c.state == "current"
    )
    for row in connection.execute(current):
        retention = json.loads(row.descriptor).get("retention")
        if retention:
            until = date.fromisoformat(retention)
            yield Due(until, "retention", row.dataset, "is kept until then")


def _conditions(connection: Connection) -> Iterator[Due]:
    for row in connection.execute(select(dataset_condition)):
        until = json.loads(row.body).get("until")
        if until:
            on = date.fromisoformat(until)
            yield Due(on, "condition", row.dataset, "may be used until then")


def _periods(connection: Connection) -> Iterator[Due]:
    open_ = select(account.c.name, account.c.until).where(
        account.c.kind == Kind.POPULATION.value, account.c.state == State.OPEN.value
    )
    for row in connection.execute(open_):
        if row.until is not None:
            words = "has a budget until then; its controllers agree on the next"
            yield Due(row.until, "period", row.name, words)
