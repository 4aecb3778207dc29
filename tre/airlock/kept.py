"""Submissions as they are kept: read, written, and never judged here."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, insert, select, update

from privacy.errors import Refused
from tre.airlock.form import Filled
from tre.airlock.submission import (
    Context,
    Direction,
    Finding,
    Item,
    Standing,
    Submission,
    Verdict,
    Vote,
)
from tre.control.canonical import Json, canonical
from tre.control.tables import (
    carried_file,
    storable,
    submission,
    submission_revision,
    submission_vote,
)


def find_submission(connection: Connection, submission_id: str) -> Submission:
    """A submission with its newest revision. Refused with unknown_submission."""
    known = storable(submission_id)
    row = (
        connection.execute(
            _submissions().where(submission.c.id == submission_id)
        ).one_or_none()
        if known
        else None
    )
    if row is None:
        raise unknown_submission()
    return _submission(connection, row)


def list_submissions(connection: Connection) -> tuple[Submission, ...]:
    """Every submission there has been, in the order they were made."""
    rows = connection.execute(
        _submissions().order_by(submission.c.made_at, submission.c.id)
    ).all()
    return tuple(_submission(connection, row) for row in rows)


def unknown_submission() -> Refused:
    """The refusal where there is none, or none that one may see: the same words."""
    return Refused(
        "unknown_submission",
        "There is no such submission that you may see.",
        suggestion="`tre review list` has those you may.",
    )


def file_bytes(connection: Connection, sha256: str) -> bytes:
    """A carried file, by the hash of its bytes. LookupError where there is none."""
    data = connection.execute(
        select(carried_file.c.data).where(carried_file.c.sha256 == sha256)
    ).scalar_one_or_none()
    if data is None:
        raise LookupError("there is no such file")
    return bytes(data)


def decision_of(connection: Connection, found: Submission) -> Mapping[str, Any] | None:
    """The signed decision on a submission's newest revision; None before there is."""
    text = connection.execute(
        select(submission_revision.c.decision)
        .where(submission_revision.c.submission == found.id)
        .where(submission_revision.c.number == found.revision)
    ).scalar_one_or_none()
    return None if text is None else dict(json.loads(text))


def keep_revision(
    connection: Connection,
    submission_id: str,
    number: int,
    filled: Filled,
    findings: Sequence[Finding],
) -> None:
    """Keep what was handed in, and each file that is not kept already."""
    connection.execute(
        insert(submission_revision).values(
            submission=submission_id,
            number=number,
            context=canonical(filled.context.facts()),
            items=canonical([item.facts() for item in filled.items]),
            findings=canonical([finding.facts() for finding in findings]),
            returned="",
        )
    )
    for sha256, data in filled.contents.items():
        if not connection.execute(
            select(carried_file.c.sha256).where(carried_file.c.sha256 == sha256)
        ).one_or_none():
            connection.execute(insert(carried_file).values(sha256=sha256, data=data))


def keep_state(connection: Connection, submission_id: str, **values: object) -> None:
    """Change where a submission stands."""
    connection.execute(
        update(submission).where(submission.c.id == submission_id).values(**values)
    )


def keep_in_revision(
    connection: Connection, found: Submission, **values: object
) -> None:
    """Add to a submission's newest revision: why it was returned, or the decision."""
    connection.execute(
        update(submission_revision)
        .where(submission_revision.c.submission == found.id)
        .where(submission_revision.c.number == found.revision)
        .values(**values)
    )


def claim_of(found: Submission) -> dict[str, Json]:
    """What a decision is about: the very files, their context and what they cite."""
    return {
        "submission": found.id,
        "project": found.project,
        "direction": found.direction.value,
        "revision": found.revision,
        "context": found.context.facts(),
        "items": [item.facts() for item in found.items],
    }


def _submissions() -> Select[Any]:
    newest = (submission_revision.c.submission == submission.c.id) & (
        submission_revision.c.number == submission.c.revision
    )
    return select(submission, submission_revision).join(submission_revision, newest)


def _submission(connection: Connection, row: Row[Any]) -> Submission:
    return Submission(
        id=row.id,
        project=row.project,
        direction=Direction(row.direction),
        submitter=row.submitter,
        standing=Standing(row.state),
        revision=row.revision,
        context=Context(**json.loads(row.context)),
        items=tuple(map(Item.read, json.loads(row.items))),
        findings=tuple(Finding(**each) for each in json.loads(row.findings)),
        made_at=row.made_at,
        votes=_votes(connection, row.id, row.revision),
        returned=row.returned,
    )


def _votes(
    connection: Connection, submission_id: str, revision: int
) -> tuple[Vote, ...]:
    """The votes on a revision, and drafts that were kept of the one before."""
    rows = connection.execute(
        select(submission_vote)
        .where(submission_vote.c.submission == submission_id)
        .where(submission_vote.c.revision.in_((revision, revision - 1)))
        .order_by(submission_vote.c.revision, submission_vote.c.place)
    )
    return tuple(
        Vote(row.checker, Verdict(row.verdict), row.reason, row.draft)
        for row in rows
        if row.draft or row.revision == revision
    )
