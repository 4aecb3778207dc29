"""What somebody may see of a submission: checkers are blinded to each other."""

from __future__ import annotations

from typing import Any, Final

from tre.airlock.submission import Direction, Standing, Submission, Vote
from tre.governance.project import Project
from tre.governance.roles import Person, Role

_OPENED: Final = frozenset(
    {Standing.DISAGREED, Standing.CHANGES, Standing.APPROVED, Standing.REJECTED}
)


def may_see(person: Person, held: Submission, project: Project) -> bool:
    """Whether the person is of the project, or checks or audits what it carries."""
    if not person.active:
        return False
    if person.id in project.own or person.roles & {Role.AUDITOR, Role.ADMINISTRATOR}:
        return True
    if held.direction is Direction.IN:
        return person.controller in project.controllers
    return Role.OUTPUT_CHECKER in person.roles


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
