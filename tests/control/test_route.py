"""How much review a project takes, by what is public of what it asks for."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import product
from typing import Any

import pytest

from privacy.catalogue import Table, Unit
from privacy.errors import Refused
from tests.control import world as worlds
from tests.control.world import ADMINISTRATOR, COMMITTEE, STEWARD, World, table
from tests.control.world import publication as published
from tre.governance.conditions import Conditions, set_conditions
from tre.governance.datasets import switch_versions
from tre.governance.due import Due, due
from tre.governance.people import add_person, disable_person
from tre.governance.project import Standing, find_project
from tre.governance.projects import approve_project, withdraw_approval
from tre.governance.qualifications import Kind, disqualify_person
from tre.governance.roles import Role
from tre.governance.route import REVIEWS, Route, Wanted, route

HEIGHTENED: dict[str, Any] = {
    "datasets": {"people": ["age"], "health": ["illness"]},
    "ethics_reference": "REC 26/1",
    "reasons": {"health": {"illness": "It is what the study is about."}},
}


def sensitive(made: Table) -> Table:
    """The same table, its columns sensitive."""
    columns = tuple(replace(column, sensitive=True) for column in made.columns)
    return replace(made, columns=columns)


@pytest.mark.parametrize(
    ("secret", "others", "linked"), list(product([False, True], repeat=3))
)
def test_the_route_follows_from_public_facts(
    secret: bool, others: bool, linked: bool
) -> None:
    """None of three facts is the light route, all three the heightened one."""
    first, second = table("people", "people", "age"), table("areas", "areas", "size")
    first = sensitive(first) if secret else first
    second = second if linked else replace(second, unit=Unit.NONE)
    wanted = [
        Wanted(first, frozenset({"age"}), "A"),
        Wanted(second, frozenset({"size"}), "B" if others else "A"),
    ]
    expected = {0: Route.LIGHT, 3: Route.HEIGHTENED}
    assert route(wanted) is expected.get(secret + others + linked, Route.STANDARD)
    assert route([replace(each, columns=frozenset()) for each in wanted]) is (
        expected.get(others + linked, Route.STANDARD)
    )


@pytest.fixture
def health(populated: World) -> World:
    """A second controller's sensitive data of the same people; a larger committee."""
    with populated.act(ADMINISTRATOR) as act:
        add_person(act, "health", [Role.STEWARD], "Health Service")
        add_person(act, "second", [Role.COMMITTEE])
        made = sensitive(table("health", "health", "illness"))
        switch_versions(
            act, [published("health", controller="Health Service", tables=(made,))]
        )
    return populated


def approve(world: World, *people: str) -> Standing:
    """Approvals in order; where the project then stands."""
    for person in people:
        with world.act(person) as act:
            held = approve_project(act, "pathways")
    return held.standing


def test_the_heightened_route_takes_two_of_the_committee(health: World) -> None:
    """One member is not enough, the same twice is refused, and without two it stops."""
    worlds.propose(health, **HEIGHTENED)
    assert approve(health, STEWARD, "health", COMMITTEE) is Standing.PROPOSED
    with pytest.raises(Refused) as caught:
        approve(health, COMMITTEE)
    assert caught.value.code == "separation_of_duties"
    assert approve(health, "second") is Standing.ACTIVE
    with health.act("second") as act:
        assert withdraw_approval(act, "pathways").standing is Standing.SUSPENDED


@pytest.mark.parametrize(
    ("changes", "blank"),
    [
        ({"ethics_reference": " "}, "ethics_reference"),
        ({"reasons": {}}, "reasons.health.illness"),
        ({"reasons": {"health": {"illness": ""}}}, "reasons.health.illness"),
    ],
)
def test_the_heightened_route_is_argued(
    health: World, changes: dict[str, Any], blank: str
) -> None:
    """Without an ethics review or a reason for each sensitive column nothing starts."""
    worlds.propose(health, **HEIGHTENED | changes)
    approve(health, STEWARD, "health", COMMITTEE)
    with pytest.raises(Refused) as caught:
        approve(health, "second")
    assert (caught.value.code, caught.value.clause) == ("criterion_blank", blank)


# ---------------------------------------------------------------------- reminders


def listed(world: World, today: date, days: int = 30) -> dict[tuple[str, str], Due]:
    """What is due, by its kind and its subject."""
    with world.control.reading() as connection:
        found = due(connection, today, timedelta(days=days))
    assert list(found) == sorted(found)
    return {(each.kind, each.subject): each for each in found}


def test_what_has_ended_is_overdue_until_it_is_seen_to(world: World) -> None:
    """Projects, reviews, periods and conditions come up when their day comes."""
    with world.act(STEWARD) as act:
        set_conditions(act, "people", Conditions(until=date(2026, 8, 1)))
    assert listed(world, date(2026, 7, 1)) == {}
    assert set(listed(world, date(2026, 7, 2))) == {("condition", "people")}
    later = listed(world, date(2028, 6, 1), 30)
    assert {
        ("project", "pathways"): date(2027, 12, 31),
        ("period", "residents"): date(2028, 1, 1),
        ("condition", "people"): date(2026, 8, 1),
    }.items() <= {key: each.on for key, each in later.items()}.items()


def test_a_running_project_is_looked_at_again_as_its_route_says(world: World) -> None:
    """Days after the committee last approved of it; at once where it has not."""
    with world.control.reading() as connection:
        every = REVIEWS[find_project(connection, "pathways").route].every_days
    on = date(2026, 7, 1) + timedelta(days=every)
    assert ("review", "pathways") not in listed(world, on - timedelta(days=1), 0)
    assert listed(world, on, 0)["review", "pathways"].on == on
    with world.act(COMMITTEE) as act:
        withdraw_approval(act, "pathways")
    assert listed(world, date(2026, 7, 1), 0)["review", "pathways"].on == date(
        2026, 7, 1
    )


def test_a_proposal_does_not_wait_unseen(populated: World) -> None:
    """After four weeks it is overdue."""
    worlds.propose(populated)
    assert listed(populated, date(2026, 7, 28), 0) == {}
    assert set(listed(populated, date(2026, 7, 29), 0)) == {("approval", "pathways")}


def test_qualifications_that_end_are_listed_while_they_matter(new: World) -> None:
    """An active researcher's, and what they lack; nobody's who has left."""
    with new.act(ADMINISTRATOR) as act:
        add_person(act, "short", [Role.RESEARCHER])
    (found,) = {each.on for each in listed(new, date(2027, 6, 15)).values()}
    assert found == date(2027, 7, 1)
    with new.act(ADMINISTRATOR) as act:
        disqualify_person(act, "short", Kind.TRAINING, "Not theirs.")
    lacking = listed(new, date(2026, 7, 1))["qualification", "short"]
    assert lacking.words == "lacks training"
    with new.act(ADMINISTRATOR) as act:
        disable_person(act, "short")
    assert listed(new, date(2027, 6, 15)) == {}


def test_data_kept_too_long_are_overdue(populated: World) -> None:
    """A current version past its retention comes up."""
    facts = {"name": "people", "retention": "2026-12-31"}
    with populated.act(STEWARD) as act:
        switch_versions(act, [published(number=2, descriptor=facts)])
    found = listed(populated, date(2027, 1, 1))["retention", "people"]
    assert found.on == date(2026, 12, 31)
