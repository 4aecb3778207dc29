"""Changing what a running project may do: old terms hold until the new are approved.

A changed application needs the committee, and every controller whose data it widens:
by columns, or for all of them by purposes, researchers, an earlier start, a later end
or a larger budget. What other controllers have approved goes on to hold.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from connectors.errors import Invalid
from privacy.errors import Refused
from tre.audit.act import Act
from tre.control.canonical import canonical, digest
from tre.control.tables import amendment, approval, project
from tre.governance.application import Application
from tre.governance.pins import pin_asked_for
from tre.governance.project import COMMITTEE, Approval, Project, Terms, approvals_of
from tre.governance.requested import (
    check_application,
    check_said,
    delete_parts,
    insert_parts,
    wanted_tables,
)
from tre.governance.route import REVIEWS, Route, Wanted, route
from tre.ledger.account import change_budget


@dataclass(frozen=True, slots=True)
class Amendment:
    """A changed application of a running project, and what it takes to be in force."""

    application: Mapping[str, Any] = field(repr=False)
    route: Route
    terms: Terms
    carried: frozenset[str]
    """People whose approvals of the terms in force go on to hold."""


def find_amendment(connection: Connection, held: Project) -> Amendment | None:
    """The change that is asked for of a project; None where there is none."""
    row = connection.execute(
        select(amendment).where(amendment.c.project == held.name)
    ).one_or_none()
    if row is None:
        return None
    new = Application.model_validate(json.loads(row.application))
    wanted = wanted_tables(connection, new)
    given = approvals_of(connection, held.name, row.digest)
    carried = _carried(held, _concerned(held, new, wanted), given)
    chosen = Route(row.route)
    terms = Terms(
        digest=row.digest,
        controllers=frozenset(each.controller for each in wanted),
        approvals=(*carried, *given),
        review=REVIEWS[chosen],
        own=held.own | set(new.researchers),
    )
    people = frozenset(each.person for each in carried)
    return Amendment(json.loads(row.application), chosen, terms, people)


def propose_amendment(act: Act, held: Project, application: Application) -> None:
    """Ask for a change, in place of one asked for earlier. The caller says who may.

    Invalid where it names what there is not, or another population or measure.
    """
    old = Application.model_validate(held.application)
    if application.budget.measure != old.budget.measure:
        raise Invalid("budget.measure", f"expected {old.budget.measure}, as approved")
    check_application(act, application)
    if digest(application.facts()) == held.digest:
        raise Invalid("", "expected something to change")
    drop_amendment(act, held)
    chosen = route(wanted_tables(act.connection, application))
    act.connection.execute(
        insert(amendment).values(
            project=held.name,
            application=canonical(application.facts()),
            digest=digest(application.facts()),
            route=chosen.value,
            proposed_at=act.now,
        )
    )
    detail = {"application": application.facts(), "route": chosen.value}
    act.record("project.amendment_proposed", held.name, detail)


def withdraw_amendment(act: Act, held: Project) -> None:
    """Ask for the change no longer. Refused with wrong_state where none is asked."""
    if not drop_amendment(act, held):
        raise Refused("wrong_state", "No change of the project is asked for.")
    act.record("project.amendment_withdrawn", held.name, {})


def drop_amendment(act: Act, held: Project) -> bool:
    """Forget what was asked for, and approvals of it. The caller records why."""
    asked = act.connection.execute(
        select(amendment.c.digest).where(amendment.c.project == held.name)
    ).scalar_one_or_none()
    if asked is None:
        return False
    if asked != held.digest:
        _drop_approvals(act, held.name, asked)
    act.connection.execute(delete(amendment).where(amendment.c.project == held.name))
    return True


def put_in_force(act: Act, held: Project, asked: Amendment) -> None:
    """Let an approved change be the project's terms from the next question on.

    Invalid where what it names is there no longer; Refused with criterion_blank.
    """
    application = Application.model_validate(asked.application)
    wanted = wanted_tables(act.connection, application)
    check_application(act, application)
    check_said(application, wanted, asked.route)
    connection, new = act.connection, asked.terms.digest
    connection.execute(delete(amendment).where(amendment.c.project == held.name))
    connection.execute(
        update(approval)
        .where(approval.c.project == held.name, approval.c.digest == held.digest)
        .where(approval.c.person.in_(sorted(asked.carried)))
        .values(digest=new)
    )
    _drop_approvals(act, held.name, held.digest)
    delete_parts(act, held.name)
    insert_parts(act, application)
    if application.versions != Application.model_validate(held.application).versions:
        pin_asked_for(act, held.name, application.versions)
    connection.execute(
        update(project)
        .where(project.c.name == held.name)
        .values(
            application=canonical(application.facts()),
            digest=new,
            until=application.until,
            route=asked.route.value,
        )
    )
    budget = application.budget.budget()
    change_budget(act, held.name, budget, application.until)
    act.record(
        "project.terms_changed",
        held.name,
        {
            "application_sha256": new,
            "budget": budget.facts(),
            "carried": sorted(asked.carried),
        },
    )


def _carried(
    held: Project, concerned: frozenset[str], given: tuple[Approval, ...]
) -> tuple[Approval, ...]:
    """Controllers' approvals that the change leaves as they are; one a person."""
    already = {each.person for each in given}
    return tuple(
        each
        for each in held.approvals
        if each.approver not in concerned | {COMMITTEE} and each.person not in already
    )


def _concerned(
    held: Project, new: Application, wanted: tuple[Wanted, ...]
) -> frozenset[str]:
    """The controllers whose data the new terms widen the use of."""
    old = Application.model_validate(held.application)
    if _wider(old, new):
        return frozenset(each.controller for each in wanted)
    return frozenset(
        each.controller
        for each in wanted
        if each.table.name not in held.tables
        or held.tables[each.table.name].dataset != each.table.dataset
        or not each.columns <= held.tables[each.table.name].columns
    )


def _wider(old: Application, new: Application) -> bool:
    """Whether new terms let more people do more, for longer, or for something else."""
    return (
        not {*new.purposes} <= {*old.purposes}
        or not {*new.researchers} <= {*old.researchers}
        or (new.starts or date.min) < (old.starts or date.min)
        or new.until > old.until
        or new.budget.epsilon > old.budget.epsilon
        or new.budget.delta > old.budget.delta
    )


def _drop_approvals(act: Act, name: str, of: str) -> None:
    act.connection.execute(
        delete(approval).where(approval.c.project == name, approval.c.digest == of)
    )
