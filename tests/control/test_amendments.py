"""A running project goes on as it was until a change of it is approved."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from connectors.errors import Invalid
from privacy.accounting import NANO
from privacy.errors import Refused
from tests.control import world as worlds
from tests.control.world import (
    ADMINISTRATOR,
    COLLEAGUE,
    COMMITTEE,
    NOW,
    RESEARCHER,
    STEWARD,
    World,
    application,
    publication,
    table,
)
from tre.audit.act import Act
from tre.governance.admit import admit
from tre.governance.amendments import find_amendment
from tre.governance.application import read_application
from tre.governance.datasets import switch_versions, withdraw_dataset
from tre.governance.people import add_person
from tre.governance.project import COMMITTEE as THE_COMMITTEE
from tre.governance.project import Project, Standing, Terms, find_project
from tre.governance.projects import (
    amend_project,
    approve_project,
    close_project,
    suspend_project,
    withdraw_amendment,
    withdraw_approval,
)
from tre.governance.roles import Role
from tre.ledger.account import Kind
from tre.ledger.reconcile import reconcile

CONTROLLER = "Department of Examples"
BOTH = {"people": ["age"], "earnings": ["pay"]}


def amend(world: World, actor: str = RESEARCHER, **changes: Any) -> Project:
    """The application with changes, asked for."""
    with world.act(actor) as act:
        return amend_project(act, read_application(application(**changes)))


def approve(world: World, *people: str) -> Project:
    """Approvals, in order; the project afterwards."""
    for person in people:
        with world.act(person) as act:
            held = approve_project(act, "pathways")
    return held


def asked(world: World) -> Terms | None:
    """What the change that is asked for takes; None where none is."""
    with world.control.reading() as connection:
        found = find_amendment(connection, find_project(connection, "pathways"))
    return None if found is None else found.terms


def granted(world: World, person: str = RESEARCHER) -> dict[str, set[str]]:
    """What may be used now, by table."""
    with world.control.reading() as connection:
        admission = admit(connection, "pathways", person, NOW)
    tables = admission.catalogue.tables
    return {name: set(tables[name].granted) for name in admission.versions}


@pytest.fixture
def shared(world: World) -> World:
    """A second controller's dataset, of which the project has nothing yet."""
    with world.act(ADMINISTRATOR) as act:
        add_person(act, "other", [Role.STEWARD], "Office of Others")
        tables = (table("earnings", "earnings", "pay", "hours"),)
        switch_versions(
            act,
            [publication("earnings", controller="Office of Others", tables=tables)],
        )
    return world


def test_old_terms_hold_until_the_change_is_approved(world: World) -> None:
    """A column asked for is there with the last approval of it, and not before."""
    held = amend(world, datasets={"people": ["age", "pay"]})
    assert held.application["datasets"] == {"people": ["age"]}
    assert granted(world) == {"people": {"age"}}
    terms = asked(world)
    assert terms is not None
    assert terms.missing == {THE_COMMITTEE, CONTROLLER}
    approve(world, COMMITTEE)
    assert granted(world) == {"people": {"age"}}
    held = approve(world, STEWARD)
    assert granted(world) == {"people": {"age", "pay"}}
    assert held.standing is Standing.ACTIVE
    assert not held.missing
    assert asked(world) is None


@pytest.mark.parametrize(
    ("changes", "concerned"),
    [
        ({"title": "Another title"}, set()),
        ({"lay_summary": "In other words."}, set()),
        ({"until": date(2027, 1, 1)}, set()),
        ({"starts": date(2027, 1, 1)}, set()),
        ({"until": date(2028, 1, 1)}, {CONTROLLER}),
        ({"purposes": ["research", "training"]}, {CONTROLLER}),
        ({"researchers": [RESEARCHER, COLLEAGUE]}, {CONTROLLER}),
        ({"researchers": [COLLEAGUE]}, {CONTROLLER}),
        ({"budget": {"epsilon": 3, "delta": "1e-6"}}, {CONTROLLER}),
        ({"budget": {"epsilon": 1, "delta": "1e-6"}}, set()),
        ({"datasets": {"people": ["age", "pay"]}}, {CONTROLLER}),
        ({"datasets": BOTH}, {"Office of Others"}),
    ],
)
def test_who_approved_of_what_stays_is_not_asked_again(
    shared: World, changes: dict[str, Any], concerned: set[str]
) -> None:
    """The committee judges all changes; a controller those that widen a use of its."""
    amend(shared, **changes)
    terms = asked(shared)
    assert terms is not None
    assert terms.missing == {THE_COMMITTEE} | concerned


def test_an_earlier_start_is_a_wider_use(world: World) -> None:
    """Its controllers approved of a day; a later one concerns nobody."""
    amend(world, starts=date(2027, 3, 1))
    approve(world, COMMITTEE)
    for starts, concerned in (
        (date(2027, 2, 1), {CONTROLLER}),
        (None, {CONTROLLER}),
        (date(2027, 4, 1), set()),
    ):
        amend(world, starts=starts)
        terms = asked(world)
        assert terms is not None
        assert terms.missing == {THE_COMMITTEE} | concerned


def test_a_carried_approval_is_an_approval_of_the_new_terms(shared: World) -> None:
    """It can be taken back as if it had been given to them."""
    amend(shared, datasets=BOTH)
    held = approve(shared, "other", COMMITTEE)
    assert held.approved_by == {THE_COMMITTEE, CONTROLLER, "Office of Others"}
    assert granted(shared) == {"people": {"age"}, "earnings": {"pay"}}
    with shared.act(STEWARD) as act:
        withdraw_approval(act, "pathways")
    assert granted(shared) == {"earnings": {"pay"}}


def test_a_changed_budget_is_the_one_that_was_approved(world: World) -> None:
    """It rises by approval alone, and never falls below what is spent."""
    before = world.account(Kind.PROJECT, "pathways")
    world.reserve(before.total_nano // 2)
    amend(world, budget={"epsilon": 4, "delta": "1e-6"}, until=date(2028, 6, 30))
    assert world.account(Kind.PROJECT, "pathways").total_nano == before.total_nano
    approve(world, STEWARD, COMMITTEE)
    after = world.account(Kind.PROJECT, "pathways")
    assert after.total_nano > 2 * before.total_nano
    assert (after.epsilon, after.until) == ("4", date(2028, 6, 30))
    amend(world, budget={"epsilon": "0.1", "delta": "1e-6"})
    approve(world, COMMITTEE)
    lowered = world.account(Kind.PROJECT, "pathways")
    assert lowered.left_nano == 0
    assert lowered.spent_nano == before.total_nano // 2 > 0.1**2 * NANO / 100
    with world.control.reading() as connection:
        assert reconcile(connection) == ()


def test_a_new_researcher_asks_once_the_change_is_approved(world: World) -> None:
    """And whoever is a researcher under the change judges nothing of it."""
    with world.act(ADMINISTRATOR) as act:
        add_person(act, "dual", [Role.COMMITTEE, Role.RESEARCHER])
    amend(world, researchers=[RESEARCHER, "dual"])
    with pytest.raises(Refused) as caught:
        approve(world, "dual")
    assert caught.value.code == "separation_of_duties"
    with pytest.raises(Refused):
        granted(world, "dual")
    approve(world, STEWARD, COMMITTEE)
    assert granted(world, "dual") == {"people": {"age"}}


def test_only_its_proposer_asks_for_a_change_or_no_longer(world: World) -> None:
    """And a change withdrawn leaves no approval behind."""
    for actor in (COLLEAGUE, COMMITTEE):
        with pytest.raises(Refused):
            amend(world, actor, title="Changed")
    amend(world, title="Changed")
    withdrawing: Callable[[Act], object] = lambda act: withdraw_amendment(
        act, "pathways"
    )
    with pytest.raises(Refused), world.act(COLLEAGUE) as act:
        withdrawing(act)
    with world.act(RESEARCHER) as act:
        withdrawing(act)
    assert asked(world) is None
    with pytest.raises(Refused) as caught, world.act(RESEARCHER) as act:
        withdrawing(act)
    assert caught.value.code == "wrong_state"


def test_a_change_asked_anew_needs_its_approvals_anew(world: World) -> None:
    """What was approved is one text, and no other."""
    amend(world, purposes=["research", "planning"])
    approve(world, COMMITTEE)
    amend(world, purposes=["research", "marketing"])
    terms = asked(world)
    assert terms is not None
    assert terms.approvals == ()
    amend(world, purposes=["research", "planning"])
    again = asked(world)
    assert again is not None
    assert again.approvals == ()


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({}, ""),
        ({"population": "others"}, "population"),
        ({"budget": {"epsilon": 1, "measure": "pure"}}, "budget.measure"),
        ({"datasets": {"secrets": ["age"]}}, "datasets.secrets"),
    ],
)
def test_a_change_names_what_there_is(
    world: World, changes: dict[str, Any], path: str
) -> None:
    """Another population or measure, or nothing at all, is no change of a project."""
    with pytest.raises(Invalid) as caught:
        amend(world, **changes)
    assert caught.value.path == path


def test_a_change_is_blank_in_no_criterion(world: World) -> None:
    """A change that takes a criterion back is never in force."""
    amend(world, lay_summary=" ")
    with pytest.raises(Refused) as caught:
        approve(world, COMMITTEE)
    assert (caught.value.code, caught.value.clause) == (
        "criterion_blank",
        "lay_summary",
    )


def test_what_is_gone_when_a_change_is_approved_is_invalid(shared: World) -> None:
    """A table that was withdrawn meanwhile comes into no project."""
    amend(shared, datasets=BOTH)
    approve(shared, "other")
    with shared.act(ADMINISTRATOR) as act:
        withdraw_dataset(act, "earnings")
    with pytest.raises(Invalid) as caught:
        approve(shared, COMMITTEE)
    assert caught.value.path == "datasets.earnings"


def test_a_suspended_project_stays_so_whatever_is_changed(world: World) -> None:
    """An approved change does not let a project go on."""
    amend(world, title="Changed")
    with world.act(COMMITTEE) as act:
        suspend_project(act, "pathways", "A question came up.")
    held = approve(world, COMMITTEE)
    assert held.standing is Standing.SUSPENDED
    assert held.application["title"] == "Changed"


def test_a_change_ends_with_its_project(world: World) -> None:
    """Nobody approves a change of a closed project."""
    amend(world, title="Changed")
    with world.act(RESEARCHER) as act:
        close_project(act, "pathways", "Done.")
    assert asked(world) is None
    with pytest.raises(Refused) as caught:
        approve(world, COMMITTEE)
    assert caught.value.code == "wrong_state"
    worlds.propose(world, name="another")
