"""A project's life, move by move, over every order that Hypothesis finds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any, Final

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from sqlalchemy import select

from connectors.errors import Invalid
from privacy.errors import Refused
from tests.control import world as worlds
from tests.control.world import (
    ADMINISTRATOR,
    COLLEAGUE,
    COMMITTEE,
    KEY,
    RESEARCHER,
    STEWARD,
    World,
    application,
)
from tre.audit.act import Act
from tre.audit.verify import verify
from tre.control.tables import audit_record
from tre.governance.amendments import find_amendment
from tre.governance.application import read_application
from tre.governance.project import Standing, find_project
from tre.governance.projects import (
    amend_project,
    approve_project,
    close_project,
    resume_project,
    suspend_project,
    withdraw_amendment,
    withdraw_approval,
)
from tre.governance.reconcile import reconcile

NAME: Final = "pathways"
PEOPLE: Final = (RESEARCHER, COLLEAGUE, STEWARD, COMMITTEE, ADMINISTRATOR)

Deed = Callable[[Act], object]


def amended(year: int) -> Deed:
    """A proposal, or an amendment, that ends in another year."""
    changed = application(until=date(year, 12, 31))
    return lambda act: amend_project(act, read_application(changed))


DEEDS: Final[Mapping[str, Deed]] = MappingProxyType(
    {
        "amend": amended(2028),
        "amend again": amended(2029),
        "withdraw the amendment": lambda act: withdraw_amendment(act, NAME),
        "approve": lambda act: approve_project(act, NAME),
        "withdraw the approval": lambda act: withdraw_approval(act, NAME),
        "suspend": lambda act: suspend_project(act, NAME, "Why."),
        "resume": lambda act: resume_project(act, NAME),
        "close": lambda act: close_project(act, NAME, "Done."),
    }
)
"""Everything that is done to a project once it is proposed."""

MOVES: Final[Mapping[tuple[Standing, Standing], tuple[str, frozenset[str]]]] = (
    MappingProxyType(
        {
            (Standing.PROPOSED, Standing.ACTIVE): (
                "project.activated",
                frozenset((STEWARD, COMMITTEE)),
            ),
            (Standing.ACTIVE, Standing.SUSPENDED): (
                "project.suspended",
                frozenset((STEWARD, COMMITTEE, ADMINISTRATOR)),
            ),
            (Standing.SUSPENDED, Standing.ACTIVE): (
                "project.resumed",
                frozenset((COMMITTEE,)),
            ),
            **{
                (held, Standing.CLOSED): (
                    "project.closed",
                    frozenset((RESEARCHER, COMMITTEE, ADMINISTRATOR)),
                )
                for held in (Standing.PROPOSED, Standing.ACTIVE, Standing.SUSPENDED)
            },
        }
    )
)
"""Every move there is: the record it leaves, and who may make it."""


def state(world: World) -> tuple[object, ...]:
    """All that is held of the project, and of a change asked for."""
    with world.control.reading() as connection:
        held = find_project(connection, NAME)
        return held, held.application, find_amendment(connection, held)


def standing(world: World) -> Standing:
    """Where the project is in its life."""
    with world.control.reading() as connection:
        return find_project(connection, NAME).standing


def records(world: World) -> Sequence[Any]:
    """Kind, subject and actor of every record of the log."""
    found = select(audit_record.c.kind, audit_record.c.subject, audit_record.c.actor)
    with world.control.reading() as connection:
        return connection.execute(found.order_by(audit_record.c.position)).all()


class Life(RuleBasedStateMachine):
    """Anybody tries anything, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.world = worlds.populated(Path(self.folder.name) / "control.sqlite")
        worlds.propose(self.world)

    def teardown(self) -> None:
        """The log verifies, and what is acted on agrees with it."""
        with self.world.control.reading() as connection:
            assert verify(connection, KEY.public_key()).problem == ""
            assert reconcile(connection) == ()
        self.world.control.close()
        self.folder.cleanup()

    @rule(deed=st.sampled_from([*DEEDS]), person=st.sampled_from(PEOPLE))
    def somebody_does(self, deed: str, person: str) -> None:
        """A deed is done and recorded as theirs, or refused without a trace."""
        before, was, told = state(self.world), standing(self.world), records(self.world)
        try:
            with self.world.act(person) as act:
                DEEDS[deed](act)
        except (Refused, Invalid):
            assert state(self.world) == before
            assert records(self.world) == told
            return
        new = records(self.world)[len(told) :]
        assert new
        assert {(each.subject, each.actor) for each in new} == {(NAME, person)}
        self.moved(was, standing(self.world), person, [each.kind for each in new])

    def moved(
        self, was: Standing, now: Standing, person: str, kinds: Sequence[str]
    ) -> None:
        """A state is left by its moves alone, by who may, with that move's record."""
        said = {record for record, _ in MOVES.values()} & {*kinds}
        if now is was:
            assert not said
            return
        record, who = MOVES[was, now]
        assert said == {record}
        assert person in who

    @invariant()
    def only_an_active_project_is_approved_by_all(self) -> None:
        """What is active has the committee's approval; a controller's may be gone."""
        with self.world.control.reading() as connection:
            held = find_project(connection, NAME)
        if held.standing is Standing.ACTIVE:
            assert "" not in held.missing


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=8, stateful_step_count=15, deadline=None)

WAYS: Final[Mapping[Standing, Sequence[tuple[str, str]]]] = MappingProxyType(
    {
        Standing.PROPOSED: (),
        Standing.ACTIVE: (("approve", STEWARD), ("approve", COMMITTEE)),
        Standing.SUSPENDED: (
            ("approve", STEWARD),
            ("approve", COMMITTEE),
            ("suspend", STEWARD),
        ),
        Standing.CLOSED: (("close", RESEARCHER),),
    }
)
"""How a proposed project comes to each state."""

LAST: Final[Mapping[tuple[Standing, Standing], Sequence[tuple[str, str]]]] = (
    MappingProxyType(
        {
            (Standing.PROPOSED, Standing.ACTIVE): WAYS[Standing.ACTIVE],
            (Standing.ACTIVE, Standing.SUSPENDED): (("suspend", COMMITTEE),),
            (Standing.SUSPENDED, Standing.ACTIVE): (("resume", COMMITTEE),),
            **{
                (held, Standing.CLOSED): (("close", RESEARCHER),)
                for held in (Standing.PROPOSED, Standing.ACTIVE, Standing.SUSPENDED)
            },
        }
    )
)
"""What makes each move."""


def done(world: World, deeds: Sequence[tuple[str, str]]) -> None:
    """Deeds one after another, each by somebody."""
    for deed, person in deeds:
        with world.act(person) as act:
            DEEDS[deed](act)


@pytest.mark.parametrize(("was", "then"), MOVES)
def test_every_move_can_be_made(tmp_path: Path, was: Standing, then: Standing) -> None:
    """No state without an exit but the end: each is entered, and left by each way."""
    world = worlds.populated(tmp_path / "control.sqlite")
    worlds.propose(world)
    done(world, WAYS[was])
    assert standing(world) is was
    done(world, LAST[was, then])
    assert standing(world) is then
    record, _ = MOVES[was, then]
    assert records(world)[-1].kind == record
    world.control.close()


def test_every_state_has_an_exit_or_is_the_end() -> None:
    """From each, closing is one move; closed is the one that is never left."""
    assert {was for was, _ in MOVES} == {*Standing} - {Standing.CLOSED}
    assert {was for was, then in MOVES if then is Standing.CLOSED} == {*Standing} - {
        Standing.CLOSED
    }


@pytest.mark.parametrize("deed", DEEDS)
def test_nothing_is_done_to_a_closed_project(populated: World, deed: str) -> None:
    """Whoever tries, but that an approval is taken back where one was given."""
    worlds.propose(populated)
    done(populated, WAYS[Standing.CLOSED])
    before = records(populated)
    for person in PEOPLE:
        with pytest.raises((Refused, Invalid)), populated.act(person) as act:
            DEEDS[deed](act)
    assert records(populated) == before
