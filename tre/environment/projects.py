"""What researchers may ask for, and who approves it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from tre.describe import described_project
from tre.environment.acting import Acting
from tre.governance import pins, projects
from tre.governance.application import read_application
from tre.governance.due import Due, due
from tre.governance.project import find_project
from tre.governance.roles import role_named


class Projects(Acting):
    """What researchers may ask for, and who approves it."""

    def propose(
        self, project: Path | str | Mapping[str, Any], *, person: str | None = None
    ) -> str:
        """Propose a project from its file or mapping; its name comes back."""
        application = read_application(project)
        with self._acting(person) as act:
            return projects.propose_project(act, application).name

    def amend(
        self, project: Path | str | Mapping[str, Any], *, person: str | None = None
    ) -> dict[str, Any]:
        """Change a project of one's own.

        A proposal changes at once, and its approvals are gone. Of a running project
        the terms in force hold until the change has been approved.
        """
        application = read_application(project)
        with self._acting(person) as act:
            held = projects.amend_project(act, application)
            return described_project(act.connection, held)

    def withdraw_amendment(self, project: str, *, person: str | None) -> dict[str, Any]:
        """Ask no longer for a change of a running project."""
        with self._acting(person) as act:
            held = projects.withdraw_amendment(act, project)
            return described_project(act.connection, held)

    def due(self, *, within: int = 30) -> tuple[Due, ...]:
        """What has to be seen to within so many days, and what is overdue."""
        today = self._parts.clock().date()
        with self._parts.control.reading() as connection:
            return due(connection, today, timedelta(days=within))

    def approve(
        self, project: str, *, person: str | None, role: str | None = None
    ) -> dict[str, Any]:
        """Approve in one's own capacity; the last approval needed activates.

        Who is of the committee and a steward of the data says as which, by `role`.
        """
        capacity = None if role is None else role_named(role)
        with self._acting(person) as act:
            held = projects.approve_project(act, project, capacity)
            return described_project(act.connection, held)

    def suspend(
        self, project: str, *, reason: str, person: str | None
    ) -> dict[str, Any]:
        """Stop a project; its next question is refused."""
        with self._acting(person) as act:
            held = projects.suspend_project(act, project, reason)
            return described_project(act.connection, held)

    def resume(self, project: str, *, person: str | None) -> dict[str, Any]:
        """Let a suspended project ask again."""
        with self._acting(person) as act:
            held = projects.resume_project(act, project)
            return described_project(act.connection, held)

    def withdraw_approval(self, project: str, *, person: str | None) -> dict[str, Any]:
        """Take back one's approval, or that of those one speaks for."""
        with self._acting(person) as act:
            held = projects.withdraw_approval(act, project)
            return described_project(act.connection, held)

    def close_project(
        self, project: str, *, outcome: str, person: str | None
    ) -> dict[str, Any]:
        """End a project with its outcome."""
        with self._acting(person) as act:
            held = projects.close_project(act, project, outcome)
            return described_project(act.connection, held)

    def pin(
        self, project: str, dataset: str, version: str, *, person: str | None
    ) -> dict[str, Any]:
        """Have a project ask this version of a dataset: a label, or an id."""
        with self._acting(person) as act:
            held = pins.pin_version(act, project, dataset, version)
            return described_project(act.connection, held)

    def follow(
        self, project: str, dataset: str, *, person: str | None
    ) -> dict[str, Any]:
        """Have a project ask a dataset's current version again."""
        with self._acting(person) as act:
            held = pins.follow_current(act, project, dataset)
            return described_project(act.connection, held)

    def project(self, name: str) -> dict[str, Any]:
        """A project's application, state and approvals."""
        with self._parts.control.reading() as connection:
            return described_project(connection, find_project(connection, name))
