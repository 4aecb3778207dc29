"""A project's life: proposed, active, suspended, closed.

    proposed --every approval--> active <--suspend, resume--> suspended

and from each of them to closed. Every step has an actor and a log record. Nobody
judges what they proposed or research in, and nobody approves in two capacities. What
a running project may do is changed by an amendment, which takes approvals of its own.
"""

from __future__ import annotations

from sqlalchemy import delete, insert, select, update

from connectors.errors import Invalid
from privacy.errors import Refused
from tre.audit.act import Act
from tre.control.canonical import canonical, digest
from tre.control.tables import approval, project, storable
from tre.governance.amendments import (
    drop_amendment,
    find_amendment,
    propose_amendment,
    put_in_force,
)
from tre.governance.amendments import withdraw_amendment as withdraw_asked
from tre.governance.application import Application
from tre.governance.approvals import (
    capacities,
    give_approval,
    judge,
    take_back,
    wanted_of,
)
from tre.governance.pins import drop_pins, pin_asked_for
from tre.governance.project import COMMITTEE, Project, Standing, find_project
from tre.governance.requested import (
    check_application,
    check_said,
    delete_parts,
    insert_parts,
    wanted_tables,
)
from tre.governance.roles import Action, Role, permitted
from tre.governance.route import route
from tre.ledger.account import Kind, Owner, State, open_account, set_state


def propose_project(act: Act, application: Application) -> Project:
    """Put a project forward, on the route that what it asks for takes.

    Refused with not_permitted or project_exists. Invalid where the application
    names a population, table, column or researcher that there is not.
    """
    permitted(act, Action.PROPOSE_PROJECT)
    name, connection = application.name, act.connection
    if connection.execute(
        select(project.c.name).where(project.c.name == name)
    ).one_or_none():
        raise Refused("project_exists", f"There is a project {name} already.")
    check_application(act, application)
    chosen = route(wanted_tables(connection, application))
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
            route=chosen.value,
        )
    )
    insert_parts(act, application)
    detail = {"application": application.facts(), "route": chosen.value}
    act.record("project.proposed", name, detail)
    return find_project(connection, name)


def amend_project(act: Act, application: Application) -> Project:
    """Change a project that is one's own.

    Of a proposal, approvals given so far no longer hold. Of a running project, the
    terms in force hold until the change has its own approvals. Refused with
    not_permitted, unknown_project or wrong_state; Invalid as for `propose_project`,
    and where the population would change.
    """
    permitted(act, Action.AMEND_PROJECT)
    held = find_project(act.connection, application.name)
    _own(act, held)
    if held.standing is Standing.CLOSED:
        raise Refused("wrong_state", "The project is closed.")
    if held.population != application.population:
        raise Invalid("population", f"expected {held.population}, as proposed")
    if held.standing is Standing.PROPOSED:
        _replace_proposal(act, held, application)
    else:
        propose_amendment(act, held, application)
    return find_project(act.connection, held.name)


def withdraw_amendment(act: Act, name: str) -> Project:
    """Ask for a change of a running project no longer; its terms stay.

    Refused with not_permitted, unknown_project, or wrong_state where none is asked.
    """
    permitted(act, Action.AMEND_PROJECT)
    held = find_project(act.connection, name)
    _own(act, held)
    withdraw_asked(act, held)
    return held


def approve_project(act: Act, name: str, role: Role | None = None) -> Project:
    """Approve, as the committee or for one's controller; the last approval activates.

    Where the terms in force lack nothing of the actor's, it is the change asked for
    that is approved; the last approval of it puts it in force. `role` says in which
    capacity where the person has both. Refused with not_permitted, unknown_project,
    wrong_state, separation_of_duties, already_approved, or criterion_blank where
    activation finds one unsaid.
    """
    actor = permitted(act, Action.APPROVE_PROJECT)
    held = find_project(act.connection, name)
    judge(act, held.terms)
    asked = find_amendment(act.connection, held)
    changed = asked is not None and not wanted_of(actor, held.terms)
    capacities(actor, asked.terms if asked and changed else held.terms, role)
    if held.standing is Standing.CLOSED:
        raise Refused("wrong_state", "The project is closed.")
    if asked is not None and changed:
        give_approval(act, actor, name, asked.terms, role)
        given = find_amendment(act.connection, held)
        if given is not None and not given.terms.missing:
            put_in_force(act, held, given)
        return find_project(act.connection, name)
    give_approval(act, actor, name, held.terms, role)
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
    approver = take_back(act, actor, name, held.terms)
    if approver == COMMITTEE and held.standing is Standing.ACTIVE:
        _suspend(act, held, "The committee's approval was withdrawn.")
    return find_project(act.connection, name)


def suspend_project(act: Act, name: str, reason: str) -> Project:
    """Stop an active project before its next question.

    By the committee, an administrator, or a steward whose data it uses. Refused with
    not_permitted, unknown_project, wrong_state or reason_missing.
    """
    actor = permitted(act, Action.SUSPEND_PROJECT)
    held = find_project(act.connection, name)
    judges = actor.roles & {Role.COMMITTEE, Role.ADMINISTRATOR}
    if not judges and actor.controller not in held.controllers:
        raise Refused("not_permitted", "The project uses none of your data.")
    _in_state(held, Standing.ACTIVE)
    _suspend(act, held, _said(reason, "reason_missing", "Say why it is suspended."))
    return find_project(act.connection, name)


def resume_project(act: Act, name: str) -> Project:
    """Let a suspended project go on, as the committee. Not one's own.

    Refused with not_permitted, unknown_project, wrong_state, separation_of_duties,
    or approval_missing where the committee's approval was withdrawn.
    """
    permitted(act, Action.RESUME_PROJECT)
    held = find_project(act.connection, name)
    judge(act, held.terms)
    _in_state(held, Standing.SUSPENDED)
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
    drop_amendment(act, held)
    drop_pins(act, name)
    set_state(act, Kind.PROJECT, name, State.CLOSED)
    act.connection.execute(
        update(project)
        .where(project.c.name == name)
        .values(state=Standing.CLOSED.value, outcome=said)
    )
    act.record("project.closed", name, {"outcome": said})
    return find_project(act.connection, name)


def _replace_proposal(act: Act, held: Project, application: Application) -> None:
    check_application(act, application)
    chosen = route(wanted_tables(act.connection, application))
    act.connection.execute(delete(approval).where(approval.c.project == held.name))
    delete_parts(act, held.name)
    act.connection.execute(
        update(project)
        .where(project.c.name == held.name)
        .values(
            application=canonical(application.facts()),
            digest=digest(application.facts()),
            until=application.until,
            route=chosen.value,
        )
    )
    insert_parts(act, application)
    detail = {"application": application.facts(), "route": chosen.value}
    act.record("project.amended", held.name, detail)


def _activate(act: Act, held: Project) -> None:
    application = Application.model_validate(held.application)
    check_said(application, wanted_tables(act.connection, application), held.route)
    budget = application.budget.budget()
    owner = Owner(Kind.PROJECT, held.name, held.population)
    open_account(act, owner, budget, held.until)
    pin_asked_for(act, held.name, application.versions)
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


def _own(act: Act, held: Project) -> None:
    if held.proposer != act.actor:
        raise Refused("not_permitted", "Only its proposer amends a project.")


def _in_state(held: Project, standing: Standing) -> None:
    """Asked after who may act: a state is told to nobody else."""
    if held.standing is not standing:
        raise Refused(
            "wrong_state",
            f"The project is {held.standing.value}; this needs one that is"
            f" {standing.value}.",
        )


def _said(text: str, code: str, otherwise: str) -> str:
    if not text.strip() or not storable(text):
        raise Refused(code, otherwise)
    return text.strip()
