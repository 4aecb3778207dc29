"""A project's life: proposed, active, suspended, closed.

    proposed --every approval--> active <--suspend, resume--> suspended

and from each of them to closed. Every step has an actor and a log record. Nobody
judges what they proposed or research in, and nobody approves in two capacities.
"""

from __future__ import annotations

from datetime import UTC

from sqlalchemy import Connection, delete, insert, select, update

from connectors.errors import Invalid
from privacy.errors import Refused
from tre.audit.act import Act
from tre.control.canonical import Json, canonical, digest
from tre.control.tables import (
    approval,
    project,
    project_researcher,
    project_table,
    storable,
)
from tre.governance.application import Application
from tre.governance.catalogue import current_catalogue
from tre.governance.populations import population_exists
from tre.governance.project import (
    COMMITTEE,
    Approval,
    Project,
    Standing,
    find_project,
)
from tre.governance.roles import Action, Person, Role, find_person, permitted
from tre.ledger.account import Kind, Owner, State, open_account, set_state


def propose_project(act: Act, application: Application) -> Project:
    """Put a project forward.

    Refused with not_permitted or project_exists. Invalid where the application
    names a population, table, column or researcher that there is not.
    """
    permitted(act, Action.PROPOSE_PROJECT)
    name, connection = application.name, act.connection
    if connection.execute(
        select(project.c.name).where(project.c.name == name)
    ).one_or_none():
        raise Refused("project_exists", f"There is a project {name} already.")
    _check(act, application)
    connection.execute(
        insert(project).values(
            name=name,
            population=application.population,
            application=canonical(application.facts()),
            digest=digest(application.facts()),
            proposer=act.actor,
            state=Standing.PROPOSED.value,
            until=application.until,
            proposed_at=act.now,
        )
    )
    _insert_parts(act, application)
    act.record("project.proposed", name, {"application": application.facts()})
    return find_project(connection, name)


def amend_project(act: Act, application: Application) -> Project:
    """Change a proposal that is one's own. Approvals given so far no longer hold.

    Refused with not_permitted, unknown_project or wrong_state; Invalid as for
    `propose_project`, and where the population would change.
    """
    permitted(act, Action.AMEND_PROJECT)
    held = _in_state(act, application.name, Standing.PROPOSED)
    if held.proposer != act.actor:
        raise Refused("not_permitted", "Only its proposer amends a proposal.")
    if held.population != application.population:
        raise Invalid("population", f"expected {held.population}, as proposed")
    _check(act, application)
    for part in (approval, project_table, project_researcher):
        act.connection.execute(delete(part).where(part.c.project == held.name))
    act.connection.execute(
        update(project)
        .where(project.c.name == held.name)
        .values(
            application=canonical(application.facts()),
            digest=digest(application.facts()),
            until=application.until,
        )
    )
    _insert_parts(act, application)
    act.record("project.amended", held.name, {"application": application.facts()})
    return find_project(act.connection, held.name)


def approve_project(act: Act, name: str, role: Role | None = None) -> Project:
    """Approve, as the committee or for one's controller; the last approval activates.

    `role` says in which capacity where the person has both. Refused with
    not_permitted, unknown_project, wrong_state, separation_of_duties,
    already_approved, or criterion_blank where activation finds one unsaid.
    """
    actor = permitted(act, Action.APPROVE_PROJECT)
    held = find_project(act.connection, name)
    _judge(act, held)
    if held.standing not in {Standing.PROPOSED, Standing.ACTIVE, Standing.SUSPENDED}:
        raise Refused("wrong_state", "The project is closed.")
    approver = _approver(actor, held, role)
    capacity = Role.STEWARD if approver else Role.COMMITTEE
    act.connection.execute(
        insert(approval).values(
            project=name,
            person=act.actor,
            capacity=capacity.value,
            controller=approver or None,
            digest=held.digest,
            approved_at=act.now,
        )
    )
    act.record("project.approved", name, _approval_facts(held, approver))
    held = find_project(act.connection, name)
    if held.standing is Standing.PROPOSED and not held.missing:
        _activate(act, held)
    return find_project(act.connection, name)


def withdraw_approval(act: Act, name: str) -> Project:
    """Take an approval back; what rested on it refuses from the next question on.

    An approval is its controller's or the committee's, not a person's: whoever speaks
    for them now may take it back. A controller's covers its tables; without the
    committee's a project is suspended. Refused with not_permitted or unknown_project.
    """
    actor = permitted(act, Action.WITHDRAW_APPROVAL)
    held = find_project(act.connection, name)
    given = [each for each in held.approvals if _speaks_for(actor, each)]
    if not given:
        raise Refused("not_permitted", "There is no approval of yours to take back.")
    taken = min(given, key=lambda each: each.person != actor.id)
    act.connection.execute(
        delete(approval).where(
            approval.c.project == name, approval.c.person == taken.person
        )
    )
    approver = taken.controller or COMMITTEE
    act.record("project.approval_withdrawn", name, _approval_facts(held, approver))
    if approver == COMMITTEE and held.standing is Standing.ACTIVE:
        _suspend(act, held, "The committee's approval was withdrawn.")
    return find_project(act.connection, name)


def suspend_project(act: Act, name: str, reason: str) -> Project:
    """Stop an active project before its next question.

    By the committee, an administrator, or a steward whose data it uses. Refused with
    not_permitted, unknown_project, wrong_state or reason_missing.
    """
    actor = permitted(act, Action.SUSPEND_PROJECT)
    held = _in_state(act, name, Standing.ACTIVE)
    judges = actor.roles & {Role.COMMITTEE, Role.ADMINISTRATOR}
    if not judges and actor.controller not in held.controllers:
        raise Refused("not_permitted", "The project uses none of your data.")
    _suspend(act, held, _said(reason, "reason_missing", "Say why it is suspended."))
    return find_project(act.connection, name)


def resume_project(act: Act, name: str) -> Project:
    """Let a suspended project go on, as the committee. Not one's own.

    Refused with not_permitted, unknown_project, wrong_state, separation_of_duties,
    or approval_missing where the committee's approval was withdrawn.
    """
    permitted(act, Action.RESUME_PROJECT)
    held = _in_state(act, name, Standing.SUSPENDED)
    _judge(act, held)
    if COMMITTEE in held.missing:
        raise Refused("approval_missing", "The committee has to approve it again.")
    set_state(act, Kind.PROJECT, name, State.OPEN)
    _move(act, held, Standing.ACTIVE)
    act.record("project.resumed", name, {})
    return find_project(act.connection, name)


def close_project(act: Act, name: str, outcome: str) -> Project:
    """End a project for good, with what came of it. What it did not spend is gone.

    By its proposer, its researchers, the committee or an administrator. Refused with
    not_permitted, unknown_project, wrong_state or outcome_missing.
    """
    actor = permitted(act, Action.CLOSE_PROJECT)
    held = find_project(act.connection, name)
    judges = actor.roles & {Role.COMMITTEE, Role.ADMINISTRATOR}
    if not judges and actor.id not in held.own:
        raise Refused("not_permitted", "The project is not yours.")
    if held.standing is Standing.CLOSED:
        raise Refused("wrong_state", "The project is closed.")
    said = _said(outcome, "outcome_missing", "A project closes with its outcome.")
    set_state(act, Kind.PROJECT, name, State.CLOSED)
    act.connection.execute(
        update(project)
        .where(project.c.name == name)
        .values(state=Standing.CLOSED.value, outcome=said)
    )
    act.record("project.closed", name, {"outcome": said})
    return find_project(act.connection, name)


def _activate(act: Act, held: Project) -> None:
    application = Application.model_validate(held.application)
    blank = application.blank()
    if blank is not None:
        raise Refused(
            "criterion_blank",
            f"The project cannot start while {blank} is blank.",
            clause=blank,
            suggestion=f"Its proposer amends the proposal, saying {blank}.",
        )
    budget = application.budget.budget()
    owner = Owner(Kind.PROJECT, held.name, held.population)
    open_account(act, owner, budget, held.until)
    _move(act, held, Standing.ACTIVE)
    act.record("project.activated", held.name, {"budget": budget.facts()})


def _suspend(act: Act, held: Project, reason: str) -> None:
    set_state(act, Kind.PROJECT, held.name, State.FROZEN)
    _move(act, held, Standing.SUSPENDED)
    act.record("project.suspended", held.name, {"reason": reason})


def _move(act: Act, held: Project, standing: Standing) -> None:
    act.connection.execute(
        update(project).where(project.c.name == held.name).values(state=standing.value)
    )


def _in_state(act: Act, name: str, standing: Standing) -> Project:
    held = find_project(act.connection, name)
    if held.standing is not standing:
        raise Refused(
            "wrong_state",
            f"The project is {held.standing.value}; this needs one that is"
            f" {standing.value}.",
        )
    return held


def _speaks_for(actor: Person, given: Approval) -> bool:
    """Whether an approval is the actor's own, or of those the actor speaks for now."""
    if given.person == actor.id:
        return True
    if given.controller is None:
        return Role.COMMITTEE in actor.roles
    return Role.STEWARD in actor.roles and actor.controller == given.controller


def _judge(act: Act, held: Project) -> None:
    if act.actor in held.own:
        raise Refused("separation_of_duties", "Nobody judges their own project.")


def _approver(actor: Person, held: Project, role: Role | None) -> str:
    """Whom this approval is from: a controller's name, or COMMITTEE."""
    if any(given.person == actor.id for given in held.approvals):
        raise Refused("separation_of_duties", "Nobody approves a project twice.")
    capacities = {}
    if Role.STEWARD in actor.roles and actor.controller in held.controllers:
        capacities[Role.STEWARD] = actor.controller
    if Role.COMMITTEE in actor.roles:
        capacities[Role.COMMITTEE] = COMMITTEE
    if role is not None:
        capacities = {role: capacities[role]} if role in capacities else {}
    if not capacities:
        raise Refused("not_permitted", "The project needs no approval of yours.")
    wanted = [each for each in capacities.values() if each in held.missing]
    if not wanted:
        raise Refused("already_approved", "This approval has been given.")
    if len(wanted) > 1:
        raise Refused(
            "capacity_unclear",
            "You could approve as committee or as steward.",
            suggestion="Say which: role committee, or role steward.",
        )
    return wanted[0]


def _approval_facts(held: Project, approver: str) -> dict[str, Json]:
    return {
        "capacity": (Role.STEWARD if approver else Role.COMMITTEE).value,
        "controller": approver or None,
        "application_sha256": held.digest,
    }


def _said(text: str, code: str, otherwise: str) -> str:
    if not text.strip() or not storable(text):
        raise Refused(code, otherwise)
    return text.strip()


def _check(act: Act, application: Application) -> None:
    """Invalid where the application names what there is not."""
    connection = act.connection
    if not population_exists(connection, application.population):
        raise Invalid("population", "expected a population there is")
    if application.until < act.now.astimezone(UTC).date():
        raise Invalid("until", "expected a day that has not passed")
    tables = current_catalogue(connection, application.population).catalogue.tables
    for name, columns in application.datasets.items():
        if name not in tables:
            raise Invalid(f"datasets.{name}", "expected a table of the population")
        known = {column.name for column in tables[name].columns} | {"person_id"}
        for place, column in enumerate(columns):
            if column not in known:
                raise Invalid(f"datasets.{name}[{place}]", "expected a column it has")
    _check_researchers(connection, application.researchers)


def _check_researchers(connection: Connection, researchers: tuple[str, ...]) -> None:
    for place, person in enumerate(researchers):
        found = find_person(connection, person)
        if found is None or not found.active or Role.RESEARCHER not in found.roles:
            raise Invalid(f"researchers[{place}]", "expected an active researcher")
        if person in researchers[:place]:
            raise Invalid(f"researchers[{place}]", "expected each researcher once")


def _insert_parts(act: Act, application: Application) -> None:
    tables = current_catalogue(act.connection, application.population).catalogue.tables
    act.connection.execute(
        insert(project_researcher),
        [
            {"project": application.name, "person": person}
            for person in application.researchers
        ],
    )
    act.connection.execute(
        insert(project_table),
        [
            {
                "project": application.name,
                "table_name": name,
                "dataset": tables[name].dataset,
                "columns": canonical(sorted(set(columns))),
            }
            for name, columns in application.datasets.items()
        ],
    )
