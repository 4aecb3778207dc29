"""Whether submissions, votes and carried files are what the log says."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection, select

from tre.airlock.kept import claim_of, list_submissions
from tre.airlock.submission import Standing, Verdict, Vote
from tre.audit.told import Discrepancy, different, told
from tre.control.canonical import digest
from tre.control.tables import carried_file, submission_vote

_STANDING: Final = {
    "submission.made": Standing.SUBMITTED.value,
    "submission.revised": Standing.SUBMITTED.value,
    "submission.returned": Standing.CHANGES.value,
    "submission.withdrawn": Standing.WITHDRAWN.value,
}


def reconcile(connection: Connection) -> tuple[Discrepancy, ...]:
    """Where what the airlock keeps differs from the log."""
    return (
        *different(_told(connection), _kept(connection)),
        *different(_sealed_told(connection), _sealed(connection)),
        *_changed_files(connection),
    )


def _told(connection: Connection) -> dict[str, object]:
    """Where each submission stands, and what its newest revision is of."""
    stands: dict[str, str] = {}
    claims: dict[str, str] = {}
    for said in told(connection, *_STANDING, "submission.decided"):
        what = f"the submission {said.subject}"
        stands[what] = _STANDING.get(said.kind) or said.detail["standing"]
        if said.kind in {"submission.made", "submission.revised"}:
            claims[what] = said.detail["claim"]
    return {what: (standing, claims[what]) for what, standing in stands.items()}


def _kept(connection: Connection) -> dict[str, object]:
    return {
        f"the submission {held.id}": (held.standing.value, digest(claim_of(held)))
        for held in list_submissions(connection)
    }


def _sealed_told(connection: Connection) -> dict[str, object]:
    return {
        _words(said.subject, said.detail["revision"], said.actor): said.detail["sealed"]
        for said in told(connection, "submission.voted")
    }


def _sealed(connection: Connection) -> dict[str, object]:
    """The seal of every vote that is kept, made again."""
    found: dict[str, object] = {}
    for row in connection.execute(select(submission_vote)):
        given = Vote(row.checker, Verdict(row.verdict), row.reason)
        what = _words(row.submission, row.revision, row.checker)
        found[what] = digest({"vote": given.facts(), "nonce": row.nonce})
    return found


def _changed_files(connection: Connection) -> Iterator[Discrepancy]:
    for row in connection.execute(select(carried_file)):
        if hashlib.sha256(row.data).hexdigest() != row.sha256:
            yield Discrepancy(f"the carried file {row.sha256}", "has other bytes")


def _words(submission: str, revision: int, checker: str) -> str:
    return f"the vote of {checker} on revision {revision} of {submission}"
