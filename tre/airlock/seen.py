"""What somebody may see of a submission: checkers are blinded to each other."""

from __future__ import annotations

from typing import Any, Final

from tre.airlock.submission import Direction, Standing, Submission, Vote
from tre.governance.project import Project
from tre.governance.project import Standing as ProjectStanding
from tre.governance.roles import Action, Person, Role

_OPENED: Final = frozenset(
    {Standing.DISAGREED, Standing.CHANGES, Standing.APPROVED, Standing.REJECTED}
)

_CARRYING: Final = frozenset({ProjectStanding.ACTIVE, ProjectStanding.CLOSED})


def may_see(person: Person, held: Submission, project: Project) -> bool:
    """Whether the person is of the project, or checks or audits what it carries."""
    if not person.active:
        return False
    if person.id in project.own or person.roles & {Role.AUDITOR, Role.ADMINISTRATOR}:
        return True
    if held.direction is Direction.IN:
        return person.controller in project.controllers
    return Role.OUTPUT_CHECKER in person.roles


def may_do(
    person: Person, held: Submission, project: Project, own: frozenset[str]
) -> tuple[str, ...]:
    """What the person may do with it as it stands; whoever does is asked again.

    `own` are the people whose project it is, or ever was.
    """
    mine = held.submitter == person.id and person.may(Action.CARRY)
    checks = person.id not in own | {held.submitter} and _judges(person, held, project)
    carries = project.standing in _CARRYING
    voted = any(vote.checker == person.id for vote in held.standing_votes)
    standing, outward = held.standing, held.direction is Direction.OUT
    open_now = standing in (Standing.SUBMITTED, Standing.DISAGREED)
    allowed = {
        "vote": checks and open_now and not voted,
        "return": checks and standing is Standing.SUBMITTED,
        "resubmit": mine and carries and standing is Standing.CHANGES,
        "withdraw": mine and not standing.ended,
        "package": outward and carries and standing is Standing.APPROVED,
        "take-in": checks and carries and not outward and standing is Standing.APPROVED,
    }
    return tuple(move for move, may in allowed.items() if may)


def _judges(person: Person, held: Submission, project: Project) -> bool:
    """Whether it is for people of such a role to judge."""
    if held.direction is Direction.OUT:
        return person.may(Action.CHECK_OUTPUT)
    return person.may(Action.CHECK_INPUT) and person.controller in project.controllers


def seen(held: Submission, person: str) -> dict[str, Any]:
    """A submission as the person sees it.

    Votes are seen by all when they count; before that everybody sees their own
    alone, and nobody how many there are. Drafts are their checker's.
    """
    opened = held.standing in _OPENED
    votes = [
        _vote(vote)
        for vote in held.votes
        if vote.checker == person or (opened and not vote.draft)
    ]
    return {
        "id": held.id,
        "project": held.project,
        "direction": held.direction.value,
        "submitter": held.submitter,
        "state": held.standing.value,
        "revision": held.revision,
        "made_at": held.made_at,
        "context": held.context.facts(),
        "files": [item.facts() for item in held.items],
        "findings": [finding.facts() for finding in held.findings],
        "votes": votes,
        "returned": held.returned,
    }


def _vote(vote: Vote) -> dict[str, Any]:
    return {
        "checker": vote.checker,
        "verdict": vote.verdict.value,
        "reason": vote.reason,
        "draft": vote.draft,
    }
