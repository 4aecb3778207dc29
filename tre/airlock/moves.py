"""A submission's life. Every step has an actor and a log record.

Nobody checks what they submitted or what their own project carries, and no checker
sees another's vote before it counts. What a vote says is sealed in the log by a
digest when it is given, and opened when the votes are in.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import insert, select, update

from privacy.errors import Refused
from tre.airlock.form import Filled
from tre.airlock.kept import (
    claim_of,
    find_submission,
    keep_in_revision,
    keep_revision,
    keep_state,
)
from tre.airlock.submission import (
    Direction,
    Finding,
    Standing,
    Submission,
    Verdict,
    Vote,
)
from tre.airlock.verdict import verdict
from tre.audit.act import Act
from tre.audit.attested import attested
from tre.control.canonical import Json, canonical, digest
from tre.control.tables import submission, submission_vote
from tre.governance.project import Project, ever_in, find_project
from tre.governance.project import Standing as ProjectStanding
from tre.governance.roles import Action, permitted

FORMAT: Final = "tre-airlock-decision/1"

CLAIMED: Final = (
    "submission",
    "project",
    "direction",
    "revision",
    "context",
    "items",
    "standing",
    "votes",
)
"""What of a decision its log record commits to: all it says."""


def check_researcher(project: Project, person: str) -> None:
    """Refused with not_permitted unless the person does research in the project."""
    if person not in project.researchers:
        raise Refused("not_permitted", "Only its researchers carry for a project.")


def check_carries(project: Project) -> None:
    """Refused with wrong_state where the project may carry nothing now."""
    match project.standing:
        case ProjectStanding.PROPOSED:
            raise Refused("wrong_state", "The project has not been approved.")
        case ProjectStanding.SUSPENDED:
            raise Refused(
                "wrong_state",
                "The project is suspended: nothing of it passes the airlock.",
                suggestion="The committee resumes a project.",
            )
        case ProjectStanding.ACTIVE | ProjectStanding.CLOSED:
            return


def submit(
    act: Act, project: str, filled: Filled, findings: Sequence[Finding]
) -> Submission:
    """Ask to carry something. Refused with not_permitted or wrong_state."""
    _own(act, project)
    made = secrets.token_hex(16)
    act.connection.execute(
        insert(submission).values(
            id=made,
            project=project,
            direction=filled.direction.value,
            submitter=act.actor,
            state=Standing.SUBMITTED.value,
            revision=1,
            made_at=act.now,
        )
    )
    keep_revision(act.connection, made, 1, filled, findings)
    found = find_submission(act.connection, made)
    act.record("submission.made", made, _told(found))
    return found


def resubmit(
    act: Act, submission_id: str, filled: Filled, findings: Sequence[Finding]
) -> Submission:
    """Submit again, changed as was asked for. Refused with wrong_state otherwise."""
    held = _mine(act, submission_id, Standing.CHANGES)
    _own(act, held.project)
    if filled.direction is not held.direction:
        raise Refused("form", "It goes the other way than the submission it changes.")
    number = held.revision + 1
    keep_revision(act.connection, held.id, number, filled, findings)
    state = Standing.SUBMITTED.value
    keep_state(act.connection, held.id, state=state, revision=number)
    found = find_submission(act.connection, held.id)
    act.record("submission.revised", held.id, _told(found))
    return found


def withdraw(act: Act, submission_id: str) -> Submission:
    """Take a submission back that is one's own and has not ended."""
    held = _mine(
        act,
        submission_id,
        Standing.SUBMITTED,
        Standing.DISAGREED,
        Standing.CHANGES,
    )
    keep_state(act.connection, held.id, state=Standing.WITHDRAWN.value)
    act.record("submission.withdrawn", held.id, {"revision": held.revision})
    return find_submission(act.connection, held.id)


def vote(
    act: Act,
    submission_id: str,
    said: Verdict,
    reason: str,
    key: Ed25519PrivateKey,
) -> Submission:
    """Give a verdict with its reason; the last one that is needed decides.

    Refused with not_permitted, separation_of_duties, wrong_state, already_voted or
    reason_missing.
    """
    held = _checking(act, submission_id, Standing.SUBMITTED, Standing.DISAGREED)
    if any(one.checker == act.actor for one in held.standing_votes):
        raise Refused("already_voted", "You have given your verdict on this revision.")
    if not reason.strip():
        raise Refused("reason_missing", "Say why: whoever reads the verdict must know.")
    nonce = secrets.token_hex(16)
    given = Vote(act.actor, said, reason.strip())
    act.connection.execute(
        insert(submission_vote).values(
            submission=held.id,
            revision=held.revision,
            checker=act.actor,
            place=len(held.standing_votes),
            verdict=said.value,
            reason=given.reason,
            nonce=nonce,
            draft=False,
        )
    )
    sealed = digest({"vote": given.facts(), "nonce": nonce})
    act.record(
        "submission.voted", held.id, {"revision": held.revision, "sealed": sealed}
    )
    return _decided(act, find_submission(act.connection, held.id), key)


def return_early(act: Act, submission_id: str, reason: str) -> Submission:
    """Return a submission for changes before the votes are in; they stay as drafts."""
    held = _checking(act, submission_id, Standing.SUBMITTED)
    if not reason.strip():
        raise Refused("reason_missing", "Say what has to change.")
    act.connection.execute(
        update(submission_vote)
        .where(submission_vote.c.submission == held.id)
        .where(submission_vote.c.revision == held.revision)
        .values(draft=True)
    )
    keep_in_revision(act.connection, held, returned=reason.strip())
    keep_state(act.connection, held.id, state=Standing.CHANGES.value)
    said: dict[str, Json] = {"revision": held.revision, "reason": reason.strip()}
    act.record("submission.returned", held.id, said)
    return find_submission(act.connection, held.id)


def _decided(act: Act, held: Submission, key: Ed25519PrivateKey) -> Submission:
    """Open the votes where enough are in, and keep the signed decision."""
    standing = verdict(held.standing_votes, held.direction)
    if standing is Standing.SUBMITTED:
        return held
    votes = [one.facts() for one in held.standing_votes]
    claim: dict[str, Json] = {
        **claim_of(held),
        "standing": standing.value,
        "votes": votes,
    }
    detail: dict[str, Json] = {
        "revision": held.revision,
        "standing": standing.value,
        "votes": votes,
        "nonces": _nonces(act, held),
        "claim": digest(claim),
    }
    position = act.record("submission.decided", held.id, detail)
    facts: Mapping[str, Json] = {"format": FORMAT, **claim}
    decision = attested(key, facts, act.proven(position))
    keep_state(act.connection, held.id, state=standing.value)
    keep_in_revision(act.connection, held, decision=canonical(decision))
    return find_submission(act.connection, held.id)


def _nonces(act: Act, held: Submission) -> Mapping[str, Json]:
    """What opens the seals of the votes that count."""
    rows = act.connection.execute(
        select(submission_vote.c.checker, submission_vote.c.nonce)
        .where(submission_vote.c.submission == held.id)
        .where(submission_vote.c.revision == held.revision)
    )
    return {row.checker: row.nonce for row in rows}


def _told(found: Submission) -> Mapping[str, Json]:
    """What the log says of a revision: which files, not what is in them."""
    return {
        "project": found.project,
        "direction": found.direction.value,
        "revision": found.revision,
        "title": found.context.title,
        "claim": digest(claim_of(found)),
        "files": {item.name: item.sha256 for item in found.items},
        "releases": sorted({one for item in found.items for one in item.releases}),
    }


def _own(act: Act, project: str) -> Project:
    """The project, whose researcher the actor is and which may carry."""
    permitted(act, Action.CARRY)
    held = find_project(act.connection, project)
    check_researcher(held, act.actor)
    check_carries(held)
    return held


def _mine(act: Act, submission_id: str, *standings: Standing) -> Submission:
    permitted(act, Action.CARRY)
    held = find_submission(act.connection, submission_id)
    if held.submitter != act.actor:
        raise Refused("not_permitted", "Only who submitted it may do this.")
    return _standing(held, *standings)


def _checking(act: Act, submission_id: str, *standings: Standing) -> Submission:
    """The submission, which the actor may check: it is none of their own."""
    held = find_submission(act.connection, submission_id)
    outward = held.direction is Direction.OUT
    actor = permitted(act, Action.CHECK_OUTPUT if outward else Action.CHECK_INPUT)
    project = find_project(act.connection, held.project)
    if act.actor in ever_in(act.connection, project) | {held.submitter}:
        raise Refused(
            "separation_of_duties",
            "Nobody checks what a project carries that is or was their own.",
        )
    if not outward and actor.controller not in project.controllers:
        raise Refused("not_permitted", "The project uses none of your data.")
    return _standing(held, *standings)


def _standing(held: Submission, *standings: Standing) -> Submission:
    if held.standing not in standings:
        raise Refused("wrong_state", f"The submission is {held.standing.value}.")
    return held
