"""Giving an approval, in one's own capacity and of nobody's own project."""

from __future__ import annotations

from sqlalchemy import delete, insert

from privacy.errors import Refused
from tre.audit.act import Act
from tre.control.canonical import Json
from tre.control.tables import approval
from tre.governance.project import COMMITTEE, Approval, Terms
from tre.governance.roles import Person, Role


def judge(act: Act, terms: Terms) -> None:
    """Refused with separation_of_duties where the project is the actor's own."""
    if act.actor in terms.own:
        raise Refused("separation_of_duties", "Nobody judges their own project.")


def give_approval(
    act: Act, actor: Person, name: str, terms: Terms, role: Role | None
) -> None:
    """Approve of a project's terms, and record it.

    Refused with separation_of_duties, not_permitted, already_approved, or
    capacity_unclear.
    """
    judge(act, terms)
    approver = _approver(actor, terms, role)
    act.connection.execute(
        insert(approval).values(
            project=name,
            person=act.actor,
            digest=terms.digest,
            capacity=_capacity(approver).value,
            controller=approver or None,
            approved_at=act.now,
        )
    )
    act.record("project.approved", name, approval_facts(terms.digest, approver))


def take_back(act: Act, actor: Person, name: str, terms: Terms) -> str:
    """Take back an approval that the actor speaks for; whose it was comes back.

    An approval is its controller's or the committee's, not a person's: whoever speaks
    for them now may take it back. Refused with not_permitted.
    """
    given = [each for each in terms.approvals if _speaks_for(actor, each)]
    if not given:
        raise Refused("not_permitted", "There is no approval of yours to take back.")
    taken = min(given, key=lambda each: each.person != actor.id)
    act.connection.execute(
        delete(approval).where(
            approval.c.project == name,
            approval.c.person == taken.person,
            approval.c.digest == terms.digest,
        )
    )
    facts = approval_facts(terms.digest, taken.approver)
    act.record("project.approval_withdrawn", name, facts)
    return taken.approver


def wanted_of(actor: Person, terms: Terms) -> bool:
    """Whether one of the actor's capacities is among those that have to approve."""
    return bool(set(_capacities(actor, terms).values()) & terms.missing)


def approval_facts(digest: str, approver: str) -> dict[str, Json]:
    """An approval as the log shows it."""
    return {
        "capacity": _capacity(approver).value,
        "controller": approver or None,
        "application_sha256": digest,
    }


def _capacity(approver: str) -> Role:
    return Role.STEWARD if approver else Role.COMMITTEE


def _capacities(actor: Person, terms: Terms) -> dict[Role, str]:
    """Whom the actor can speak for about these terms, by role."""
    capacities = {}
    if Role.STEWARD in actor.roles and actor.controller in terms.controllers:
        capacities[Role.STEWARD] = actor.controller
    if Role.COMMITTEE in actor.roles:
        capacities[Role.COMMITTEE] = COMMITTEE
    return capacities


def capacities(actor: Person, terms: Terms, role: Role | None) -> frozenset[str]:
    """For whom the actor could approve: a controller by its name, or COMMITTEE.

    Only in the role named, where one is. Refused with not_permitted for nobody.
    """
    found = _capacities(actor, terms)
    if role is not None:
        found = {role: found[role]} if role in found else {}
    if not found:
        raise Refused("not_permitted", "The project needs no approval of yours.")
    return frozenset(found.values())


def _approver(actor: Person, terms: Terms, role: Role | None) -> str:
    """Whom this approval is from: a controller's name, or COMMITTEE."""
    if any(given.person == actor.id for given in terms.approvals):
        raise Refused("separation_of_duties", "Nobody approves a project twice.")
    wanted = sorted(capacities(actor, terms, role) & terms.missing)
    if not wanted:
        raise Refused("already_approved", "This approval has been given.")
    if len(wanted) > 1:
        raise Refused(
            "capacity_unclear",
            "You could approve as committee or as steward.",
            suggestion="Say which: role committee, or role steward.",
        )
    return wanted[0]


def _speaks_for(actor: Person, given: Approval) -> bool:
    """Whether an approval is the actor's own, or of those the actor speaks for now."""
    if given.person == actor.id:
        return True
    if given.controller is None:
        return Role.COMMITTEE in actor.roles
    return Role.STEWARD in actor.roles and actor.controller == given.controller
