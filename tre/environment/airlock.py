"""What is carried out of the environment, and in, past people who check it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection

from privacy.errors import Refused
from tre.airlock.examine import examine, manifest_of
from tre.airlock.form import Filled, read_form
from tre.airlock.kept import (
    decision_of,
    file_bytes,
    find_submission,
    list_submissions,
    unknown_submission,
)
from tre.airlock.moves import (
    check_carries,
    check_researcher,
    resubmit,
    return_early,
    submit,
    vote,
    withdraw,
)
from tre.airlock.package import submission_package
from tre.airlock.seen import may_do, may_see, seen
from tre.airlock.submission import Direction, Finding, Standing, Submission, Verdict
from tre.environment.acting import Acting, actor_of
from tre.governance.project import ever_in, find_project
from tre.governance.roles import Action, Role, allowed, find_person
from tre.intake import Publication
from tre.publishing import onboard_dataset
from tre.releases import load_release


class Airlock(Acting):
    """What is carried out of the environment, and in, past people who check it."""

    def submit(
        self,
        form: Path | str | Mapping[str, Any],
        *,
        project: str,
        person: str,
        base: Path | None = None,
    ) -> dict[str, Any]:
        """Ask to carry files; the form says what, why, for whom, and of what.

        Refused with `form` for what can only be a mistake; the rest is for checkers.
        """
        filled = read_form(form, base)
        findings = self._examined(filled, project, person)
        with self._acting(person) as act:
            return seen(submit(act, project, filled, findings), person)

    def resubmit(
        self,
        submission: str,
        form: Path | str | Mapping[str, Any],
        *,
        person: str,
        base: Path | None = None,
    ) -> dict[str, Any]:
        """Submit again what was returned for changes."""
        filled = read_form(form, base)
        held = self._visible(submission, person)
        findings = self._examined(filled, held.project, person)
        with self._acting(person) as act:
            return seen(resubmit(act, submission, filled, findings), person)

    def submissions(self, *, person: str) -> list[dict[str, Any]]:
        """The submissions that one may see, oldest first. Refused to strangers."""
        with self._parts.control.reading() as connection:
            if find_person(connection, person) is None:
                raise Refused("not_permitted", "Only people known here see these.")
            return [
                {**seen(each, person), "may": _may(connection, each, person)}
                for each in list_submissions(connection)
                if _visible(connection, each, person)
            ]

    def may_carry(self, person: str) -> bool:
        """Whether the person does research, and so may submit something."""
        with self._parts.control.reading() as connection:
            found = find_person(connection, person)
            return found is not None and found.may(Action.CARRY)

    def submission(self, id: str, *, person: str) -> dict[str, Any]:  # noqa: A002 (the contract's)
        """A submission: its context, files, findings, and the votes one may see.

        In `may` is what the person may do with it. Its `history` says how the
        releases it cites go together with what else was asked: to output checkers of
        all the population's questions, to others of their project's and the register's.
        """
        held = self._visible(id, person)
        with self._parts.control.reading() as connection:
            may = _may(connection, held, person)
        history = self._history(held, person)
        return {**seen(held, person), "history": history, "may": may}

    def submission_file(self, id: str, name: str, *, person: str) -> bytes:  # noqa: A002 (the contract's)
        """A file of a submission, as it was handed in, for whoever may see it."""
        held = self._visible(id, person)
        item = next((each for each in held.items if each.name == name), None)
        if item is None:
            raise Refused("unknown_file", "The submission has no such file.")
        with self._parts.control.reading() as connection:
            return file_bytes(connection, item.sha256)

    def vote(
        self,
        submission: str,
        verdict: str,
        *,
        reason: str,
        person: str,
    ) -> dict[str, Any]:
        """Say `approve`, `reject` or `changes`; it is sealed until it counts."""
        said = _verdict(verdict)
        key = self._parts.control.signing_key
        with self._acting(person) as act:
            return seen(vote(act, submission, said, reason, key), person)

    def return_submission(
        self, submission: str, *, reason: str, person: str
    ) -> dict[str, Any]:
        """Return it for changes before the votes are in, as a checker."""
        with self._acting(person) as act:
            return seen(return_early(act, submission, reason), person)

    def withdraw_submission(self, submission: str, *, person: str) -> dict[str, Any]:
        """Take one's own submission back."""
        with self._acting(person) as act:
            return seen(withdraw(act, submission), person)

    def carry_out(self, submission: str, *, person: str) -> bytes:
        """An approved submission as a package that can be checked offline."""
        held = self._approved(submission, person, Direction.OUT)
        with self._parts.control.reading() as connection:
            decision = decision_of(connection, held)
            if decision is None:
                raise unknown_submission()
            files = {i.sha256: file_bytes(connection, i.sha256) for i in held.items}
            cited = sorted({one for item in held.items for one in item.releases})
            receipts = {one: load_release(connection, one).receipt for one in cited}
        return submission_package(decision, files, receipts)

    def carry_in(self, submission: str, *, person: str | None = None) -> Publication:
        """Publish an approved submission's public tables, as its data's steward."""
        with self._parts.control.reading() as connection:
            allowed(connection, actor_of(person), Action.CHECK_INPUT)
        held = self._approved(submission, actor_of(person), Direction.IN)
        with self._parts.control.reading() as connection:
            files = {i.sha256: file_bytes(connection, i.sha256) for i in held.items}
        filled = Filled(held.direction, held.context, held.items, files)
        with TemporaryDirectory() as folder:
            manifest = manifest_of(filled, Path(folder))
            return onboard_dataset(self._parts, manifest, actor_of(person))

    def _examined(
        self, filled: Filled, project: str, person: str
    ) -> tuple[Finding, ...]:
        """What checkers should look at. Only its researchers compare with releases."""
        cited = {one for item in filled.items for one in item.releases}
        with self._parts.control.reading() as connection:
            held = find_project(connection, project)
            check_researcher(held, person)
            tables = {
                one: table
                for one in sorted(cited)
                if (table := _table(connection, one, project)) is not None
            }
        return examine(filled, tables, held.population)

    def _history(self, held: Submission, person: str) -> list[dict[str, Any]]:
        """How each cited release goes together with other questions."""
        earlier = self._parts.gate.earlier
        if earlier is None:
            return []
        cited = sorted({one for item in held.items for one in item.releases})
        with self._parts.control.reading() as connection:
            checks = _checks_others(connection, held, person)
            tell = earlier.told_checkers if checks else earlier.told_researchers
            return [
                {"release": release, **warned.facts()}
                for release in cited
                if (asked := earlier.asked(connection, release)) is not None
                for warned in tell(connection, asked)
            ]

    def _visible(self, submission: str, person: str) -> Submission:
        with self._parts.control.reading() as connection:
            held = find_submission(connection, submission)
            if not _visible(connection, held, person):
                raise unknown_submission()
            return held

    def _approved(
        self, submission: str, person: str, direction: Direction
    ) -> Submission:
        held = self._visible(submission, person)
        with self._parts.control.reading() as connection:
            check_carries(find_project(connection, held.project))
        if held.standing is not Standing.APPROVED or held.direction is not direction:
            raise Refused(
                "wrong_state",
                f"It goes {held.direction.value}, and is {held.standing.value}.",
            )
        return held


def _visible(connection: Connection, held: Submission, person: str) -> bool:
    found = find_person(connection, person)
    return found is not None and may_see(
        found, held, find_project(connection, held.project)
    )


def _checks_others(connection: Connection, held: Submission, person: str) -> bool:
    """Whether the person checks outputs, and none of their own project's."""
    found = find_person(connection, person)
    return (
        found is not None
        and Role.OUTPUT_CHECKER in found.roles
        and person not in ever_in(connection, find_project(connection, held.project))
    )


def _may(connection: Connection, held: Submission, person: str) -> tuple[str, ...]:
    found = find_person(connection, person)
    if found is None:
        return ()
    project = find_project(connection, held.project)
    return may_do(found, held, project, ever_in(connection, project))


def _table(connection: Connection, release_id: str, project: str) -> pa.Table | None:
    """A release's table; None where the project has no such release."""
    try:
        stored = load_release(connection, release_id)
    except LookupError:
        return None
    if stored.project != project:
        return None
    return pa.ipc.open_stream(stored.content.data).read_all()


def _verdict(said: str) -> Verdict:
    try:
        return Verdict(said)
    except ValueError:
        known = ", ".join(verdict.value for verdict in Verdict)
    raise Refused("invalid_verdict", "There is no such verdict.", suggestion=known)
