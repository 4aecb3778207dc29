"""What researchers may ask for, and who approves it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tre.describe import described_project
from tre.environment.acting import Acting
from tre.governance import projects
from tre.governance.application import read_application
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

    def approve(
        self, project: str, *, person: str | None, role: str | None = None
    ) -> dict[str, Any]:
        """Approve in one's own capacity; the last approval needed activates.

        Who is of the committee and a steward of the data says as which, by `role`.
        """
        capacity = None if role is None else role_named(role)
        with self._acting(person) as act:
            return described_project(projects.approve_project(act, project, capacity))

    def suspend(
        self, project: str, *, reason: str, person: str | None
    ) -> dict[str, Any]:
        """Stop a project; its next question is refused."""
        with self._acting(person) as act:
            return described_project(projects.suspend_project(act, project, reason))

    def resume(self, project: str, *, person: str | None) -> dict[str, Any]:
        """Let a suspended project ask again."""
        with self._acting(person) as act:
            return described_project(projects.resume_project(act, project))

    def withdraw_approval(self, project: str, *, person: str | None) -> dict[str, Any]:
        """Take back one's approval, or that of those one speaks for."""
        with self._acting(person) as act:
            return described_project(projects.withdraw_approval(act, project))

    def close_project(
        self, project: str, *, outcome: str, person: str | None
    ) -> dict[str, Any]:
        """End a project with its outcome."""
        with self._acting(person) as act:
            return described_project(projects.close_project(act, project, outcome))

    def project(self, name: str) -> dict[str, Any]:
        """A project's application, state and approvals."""
        with self._parts.control.reading() as connection:
            return described_project(find_project(connection, name))
