"""A submission's life, move by move, over every order that Hypothesis finds."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy import select

from privacy.errors import Refused
from tests.control.world import (
    ADMINISTRATOR,
    COMMITTEE,
    KEY,
    LASTING,
    RESEARCHER,
    STEWARD,
    activated,
    application,
)
from tre.airlock.form import Filled
from tre.airlock.kept import find_submission
from tre.airlock.moves import resubmit, return_early, submit, vote, withdraw
from tre.airlock.reconcile import reconcile
from tre.airlock.submission import Context, Direction, Standing, Submission, Verdict
from tre.audit.verify import verify
from tre.control.canonical import digest
from tre.control.tables import audit_record
from tre.governance.application import read_application
from tre.governance.people import add_person
from tre.governance.projects import amend_project, approve_project
from tre.governance.roles import Role

CHECKERS = [f"checker{number}@example.org" for number in range(4)]
FILLED = Filled(Direction.OUT, Context("A title", "What", "Why", "Whom"), (), {})

MOVES = {
    Standing.SUBMITTED: {
        *(Standing.DISAGREED, Standing.CHANGES, Standing.APPROVED),
        *(Standing.REJECTED, Standing.WITHDRAWN, Standing.SUBMITTED),
    },
    Standing.DISAGREED: {
        *(Standing.CHANGES, Standing.APPROVED, Standing.REJECTED),
        Standing.WITHDRAWN,
    },
    Standing.CHANGES: {Standing.SUBMITTED, Standing.WITHDRAWN},
}
"""Every move there is. What is not a key has ended."""


class Life(RuleBasedStateMachine):
    """Anybody tries anything, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.world = activated(Path(self.folder.name) / "control.sqlite")
        with self.world.act(ADMINISTRATOR) as act:
            for checker in CHECKERS:
                add_person(act, checker, [Role.OUTPUT_CHECKER])
        with self.world.act(RESEARCHER) as act:
            self.id = submit(act, "pathways", FILLED, ()).id
        self.before = self.now()
        self.records = self.size()

    def teardown(self) -> None:
        """Every seal opens to the vote it was of, and the log verifies."""
        with self.world.control.reading() as connection:
            assert verify(connection, KEY.public_key()).problem == ""
        with self.world.control.reading() as connection:
            assert reconcile(connection) == ()
        self.check_seals()
        self.world.control.close()
        self.folder.cleanup()

    def now(self) -> Submission:
        """The submission as it stands."""
        with self.world.control.reading() as connection:
            return find_submission(connection, self.id)

    def size(self) -> int:
        """How many records the log has."""
        with self.world.control.reading() as connection:
            return len(connection.execute(select(audit_record.c.position)).all())

    @rule(
        checker=st.sampled_from([*CHECKERS, RESEARCHER]), said=st.sampled_from(Verdict)
    )
    def somebody_votes(self, checker: str, said: Verdict) -> None:
        """A checker once a revision, while it waits; a researcher never."""
        held = self.now()
        may = (
            checker in CHECKERS
            and held.standing in {Standing.SUBMITTED, Standing.DISAGREED}
            and checker not in {one.checker for one in held.standing_votes}
        )
        self.attempt(may, checker, lambda act: vote(act, self.id, said, "So.", KEY))

    @rule(person=st.sampled_from([CHECKERS[0], RESEARCHER]))
    def somebody_returns_it(self, person: str) -> None:
        """A checker, before the votes are in."""
        may = person in CHECKERS and self.now().standing is Standing.SUBMITTED
        self.attempt(may, person, lambda act: return_early(act, self.id, "Mend it."))

    @rule(person=st.sampled_from([CHECKERS[0], RESEARCHER]))
    def somebody_submits_again(self, person: str) -> None:
        """Its submitter, when changes were asked for."""
        may = person == RESEARCHER and self.now().standing is Standing.CHANGES
        self.attempt(may, person, lambda act: resubmit(act, self.id, FILLED, ()))

    @precondition(lambda self: self.now().revision > 1)
    @rule(person=st.sampled_from([CHECKERS[0], RESEARCHER]))
    def somebody_withdraws_it(self, person: str) -> None:
        """Its submitter, until it has ended."""
        may = person == RESEARCHER and not self.now().standing.ended
        self.attempt(may, person, lambda act: withdraw(act, self.id))

    @invariant()
    def every_change_is_a_move_with_one_record(self) -> None:
        """No state is left for one it does not lead to, and nothing is unrecorded."""
        held, size = self.now(), self.size()
        if held.standing is not self.before.standing:
            assert held.standing in MOVES[self.before.standing]
        if held != self.before:
            assert size > self.records
        self.before, self.records = held, size

    def attempt(self, may: bool, person: str, move) -> None:
        """A move that is made where it may be, and else refused without a trace."""
        before = self.now()
        try:
            with self.world.act(person) as act:
                move(act)
        except Refused:
            assert not may
            assert self.now() == before
        else:
            assert may

    def check_seals(self) -> None:
        """What was sealed when it was given is what was opened."""
        with self.world.control.reading() as connection:
            rows = connection.execute(
                select(audit_record.c.kind, audit_record.c.detail).where(
                    audit_record.c.subject == self.id
                )
            ).all()
        details = [(row.kind, json.loads(row.detail)) for row in rows]
        sealed = {d["sealed"] for kind, d in details if kind == "submission.voted"}
        for kind, detail in details:
            if kind != "submission.decided":
                continue
            for given in detail["votes"]:
                nonce = detail["nonces"][given["checker"]]
                assert digest({"vote": given, "nonce": nonce}) in sealed


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=12, stateful_step_count=12, deadline=None)


def test_who_was_ever_in_a_project_checks_nothing_of_it() -> None:
    """Whoever left it by an amendment made part of what it carries."""
    life = Life()
    world, left = life.world, "left"
    with world.act(ADMINISTRATOR) as act:
        roles = [Role.RESEARCHER, Role.OUTPUT_CHECKER]
        add_person(act, left, roles, background=LASTING)
    for researchers, approving in (
        ([RESEARCHER, left], (STEWARD, COMMITTEE)),
        ([RESEARCHER], (COMMITTEE,)),
    ):
        with world.act(RESEARCHER) as act:
            changed = application(researchers=researchers)
            amend_project(act, read_application(changed))
        for person in approving:
            with world.act(person) as act:
                approve_project(act, "pathways")
    with pytest.raises(Refused) as refusal, world.act(left) as act:
        vote(act, life.id, Verdict.APPROVE, "Mine.", KEY)
    assert refusal.value.code == "separation_of_duties"
    life.teardown()


def test_every_state_has_an_exit_or_is_an_end() -> None:
    """Nothing gets stuck."""
    assert {state for state in Standing if not state.ended} == set(MOVES)
    for state, exits in MOVES.items():
        assert exits - {state}


def test_a_verdict_needs_a_reason() -> None:
    """Whoever reads it must know why."""
    life = Life()
    with (
        pytest.raises(Refused, match="Say why"),
        life.world.act(CHECKERS[0]) as act,
    ):
        vote(act, life.id, Verdict.REJECT, "  ", KEY)
    life.teardown()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("UPDATE submission SET state = 'approved'", "the submission"),
        (
            "UPDATE submission_revision SET items = '[]', context = replace(context,"
            " 'Why', 'Who')",
            "the submission",
        ),
        ("UPDATE submission_vote SET verdict = 'approve'", "the vote of"),
        ("UPDATE submission_vote SET reason = 'Other.'", "the vote of"),
        ("DELETE FROM submission_vote", "the vote of"),
    ],
)
def test_an_edited_row_is_named(change: str, named: str) -> None:
    """What the airlock acts on is held to the log."""
    life = Life()
    with life.world.act(CHECKERS[0]) as act:
        vote(act, life.id, Verdict.REJECT, "No.", KEY)
    with life.world.control.writing() as connection:
        connection.exec_driver_sql(change)
    with life.world.control.reading() as connection:
        (found, *_) = reconcile(connection)
    assert found.what.startswith(named)
    life.world.control.close()
    life.folder.cleanup()
