from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from privacy.errors import Refused
from tests.control.world import (
    ADMINISTRATOR,
    STEWARD,
    World,
    publication,
    table,
    zcdp,
)
from tre.governance.datasets import switch_versions, withdraw_dataset
from tre.governance.people import add_person
from tre.governance.populations import Grant, agree_next_period, create_population
from tre.governance.roles import Role
from tre.ledger.account import Kind, State, all_accounts
from tre.ledger.budget import Budget

NEXT = Grant(zcdp(7), date(2030, 1, 1))
LATER = datetime(2028, 1, 2, 9, tzinfo=UTC)


def code(world: World, name: str, grant: Grant) -> str:
    """The code with which creating a population is refused."""
    with pytest.raises(Refused) as caught, world.act(ADMINISTRATOR) as act:
        create_population(act, name, grant)
    return caught.value.code


def test_a_population_begins_with_its_budget(populated: World) -> None:
    """Its account has the declared budget, and ends on the declared day."""
    held = populated.account(Kind.POPULATION, "residents")
    assert (held.left_nano, held.until) == (100 * 10**9, date(2028, 1, 1))
    assert code(populated, "residents", NEXT) == "population_exists"


def test_a_population_is_declared_properly(new: World) -> None:
    """A name is plain, a budget has a delta, and a period lies ahead."""
    for name in ("", "Two Words", "1st", "../x", "a" * 64, "\ud800"):
        assert code(new, name, NEXT) == "invalid_name"
    pure = Grant(Budget.pure(Decimal(1)), date(2030, 1, 1))
    assert code(new, "residents", pure) == "invalid_budget"
    assert code(new, "residents", Grant(zcdp(1), date(2026, 6, 30))) == "invalid_budget"


def test_the_next_period_waits_for_the_end_of_this_one(populated: World) -> None:
    """A running budget cannot be refilled, by anybody."""
    with pytest.raises(Refused) as caught, populated.act(STEWARD) as act:
        agree_next_period(act, "residents", NEXT)
    assert caught.value.code == "period_running"
    with pytest.raises(Refused) as caught, populated.act(STEWARD) as act:
        agree_next_period(act, "nowhere", NEXT)
    assert caught.value.code == "unknown_population"


def test_every_controller_agrees_to_the_same_next_period(populated: World) -> None:
    """The next budget opens once all controllers agreed to it, and not before."""
    with populated.act(ADMINISTRATOR) as act:
        add_person(act, "other", [Role.STEWARD], "Office of Others")
        add_person(act, "outsider", [Role.STEWARD], "Outside")
        switch_versions(
            act,
            [
                publication(
                    "earnings",
                    controller="Office of Others",
                    tables=(table("earnings", "earnings", "pay"),),
                )
            ],
        )
    less = Grant(zcdp(5), NEXT.until)
    with pytest.raises(Refused), populated.act("outsider", LATER) as act:
        agree_next_period(act, "residents", NEXT)
    for person, grant, opened in (
        (STEWARD, NEXT, False),
        ("other", less, False),
        ("other", less, False),
        (STEWARD, less, True),
    ):
        with populated.act(person, LATER) as act:
            assert agree_next_period(act, "residents", grant) is opened
    held = populated.account(Kind.POPULATION, "residents")
    assert (held.owner.period, held.left_nano) == (2, 5 * 10**9)
    with populated.control.reading() as connection:
        first = all_accounts(connection, "residents")[0]
    assert first.state is State.CLOSED


def test_an_ended_period_stays_closed_when_the_clock_goes_back(
    populated: World,
) -> None:
    """The ledger goes by periods, not by days: an old budget never opens again."""
    with populated.act(STEWARD, LATER) as act:
        assert agree_next_period(act, "residents", NEXT)
    held = populated.account(Kind.POPULATION, "residents")
    assert held.owner.period == 2


def test_a_controller_whose_data_was_withdrawn_still_has_to_agree(
    populated: World,
) -> None:
    """Otherwise its data could come back under a budget that it never agreed to."""
    with populated.act(ADMINISTRATOR) as act:
        add_person(act, "other", [Role.STEWARD], "Office of Others")
        earnings = publication(
            "earnings",
            controller="Office of Others",
            tables=(table("earnings", "earnings", "pay"),),
        )
        switch_versions(act, [earnings])
        withdraw_dataset(act, "earnings")
    with populated.act(STEWARD, LATER) as act:
        assert not agree_next_period(act, "residents", NEXT)
    with populated.act("other", LATER) as act:
        assert agree_next_period(act, "residents", NEXT)
