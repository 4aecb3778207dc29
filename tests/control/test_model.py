"""Ledger, log and releases against a plain model, in whatever order."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    multiple,
    precondition,
    rule,
)
from sqlalchemy import func, select

from privacy.accounting import NANO, Measure
from privacy.errors import Failed, Refused
from tests.control import world as worlds
from tests.control.world import KEY, NOW, STEWARD, World
from tre.audit.verify import verify
from tre.control.tables import audit_record
from tre.governance.projects import resume_project, suspend_project
from tre.ledger.account import Kind
from tre.ledger.outcome import find_repeat, settled_outcome
from tre.ledger.question import Cost, Question, Reserved, Settled
from tre.ledger.reconcile import reconcile
from tre.ledger.reserve import reserve
from tre.ledger.settle import (
    AlreadySettled,
    record_refusal,
    record_repeat,
    recover,
    settle_failed,
)
from tre.releases import Content, load_release, publish, verify_receipt

BUDGET = 100
"""Nano-rho of the population; the project has more."""


@dataclass
class Model:
    """What should be so: questions by id, keys, and how much the log holds."""

    spent: int = 0
    records: int = 0
    active: bool = True
    state: dict[str, str] = field(default_factory=dict)
    owner: dict[str, str] = field(default_factory=dict)
    keys: dict[str, tuple[str, str]] = field(default_factory=dict)
    answers: dict[str, list[str]] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)


class Ledger(RuleBasedStateMachine):
    """Everything a gateway does to the ledger, and what must be so after each step."""

    questions = Bundle("questions")

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        path = Path(self.folder.name) / "control.db"
        self.world: World = worlds.activated(path, Decimal(BUDGET) / NANO)
        self.model = Model(records=self._records())

    def teardown(self) -> None:
        """Leave nothing."""
        self.world.control.close()
        self.folder.cleanup()

    @rule(
        target=questions,
        nano=st.integers(1, 40),
        text=st.sampled_from(["SELECT 1", "SELECT 2"]),
        key=st.none() | st.sampled_from(["a", "b", "c"]),
        owner=st.sampled_from(["here", "there"]),
    )
    def ask(self, nano: int, text: str, key: str | None, owner: str) -> object:
        """Reserve: charged, refused, or the outcome that this is a retry of."""
        question = self.world.question(text, idempotency_key=key)
        expected = self._expected(nano, text, key)
        found = self._reserve(question, nano, owner)
        said = "reserved" if isinstance(found, Reserved) else found
        assert said == expected
        if not isinstance(found, Reserved):
            return multiple()
        self._charged(found, question, nano, owner)
        return found

    @rule(question=questions, content=st.binary(max_size=9))
    def answer(self, question: Reserved, content: bytes) -> None:
        """Publish: once, of a question that has not ended."""
        try:
            stored = publish(
                self.world.control, question, {}, Content("text/csv", content), NOW
            )
        except AlreadySettled:
            assert self.model.state[question.id] != "reserved"
            return
        assert self.model.state[question.id] == "reserved"
        self.model.state[question.id] = "released"
        self.model.contents[stored.id] = content
        for answers in self.model.answers.values():
            if question.id in answers:
                answers.remove(question.id)
                answers.insert(0, question.id)
        self.model.records += 1

    @rule(question=questions)
    def fail(self, question: Reserved) -> None:
        """Fail: once; the charge stays."""
        settle_failed(self.world.control, question, NOW)
        if self.model.state[question.id] == "reserved":
            self.model.state[question.id] = "failed"
            self.model.records += 1

    @rule(alive=st.sampled_from(["here", "there"]))
    def restart(self, alive: str) -> None:
        """Recovery fails what processes that are gone left unsettled."""
        orphans = [
            name
            for name, state in self.model.state.items()
            if state == "reserved" and self.model.owner[name] != alive
        ]
        found = recover(self.world.control, lambda owner: owner == alive, NOW)
        assert found == len(orphans)
        self.model.state.update(dict.fromkeys(orphans, "failed"))
        self.model.records += len(orphans)

    @rule(text=st.sampled_from(["SELECT 1", "SELECT 2", "SELECT 3"]))
    def repeat(self, text: str) -> None:
        """The project's latest release of a question, at no cost."""
        question = self.world.question(text)
        with self.world.control.reading() as connection:
            found = find_repeat(connection, question)
        released = [
            name
            for name in self.model.answers.get(text, [])
            if self.model.state[name] == "released"
        ]
        assert found == (released[0] if released else None)
        if found is not None:
            record_repeat(self.world.control, question.asked, found, NOW)
            self.model.records += 1

    @rule()
    def refuse(self) -> None:
        """A refusal is on the log and on no account."""
        asked = self.world.question("SELECT 9").asked
        record_refusal(self.world.control, asked, Refused("syntax", "No."), NOW)
        self.model.records += 1

    @precondition(lambda self: self.model.active)
    @rule()
    def suspend(self) -> None:
        """A suspended project is charged for nothing."""
        with self.world.act(STEWARD) as act:
            suspend_project(act, "pathways", "A pause.")
        self.model.active = False
        self.model.records += 1

    @precondition(lambda self: not self.model.active)
    @rule()
    def resume(self) -> None:
        """And goes on where it was."""
        with self.world.act(worlds.COMMITTEE) as act:
            resume_project(act, "pathways")
        self.model.active = True
        self.model.records += 1

    @rule(key=st.sampled_from(["a", "b", "c"]))
    def retry(self, key: str) -> None:
        """A key gives the settled outcome, whatever else has happened."""
        if key not in self.model.keys:
            return
        name, text = self.model.keys[key]
        asked = self.world.question(text, idempotency_key=key).asked
        with self.world.control.reading() as connection:
            match self.model.state[name]:
                case "released":
                    assert settled_outcome(connection, asked) == name
                case "failed":
                    with pytest.raises(Failed):
                        settled_outcome(connection, asked)
                case _:
                    with pytest.raises(Refused):
                        settled_outcome(connection, asked)

    @invariant()
    def the_ledger_is_the_models(self) -> None:
        """Every account has spent what was charged, and its charges add up."""
        for kind, name in (
            (Kind.PROJECT, "pathways"),
            (Kind.DATASET, "people"),
            (Kind.POPULATION, "residents"),
        ):
            assert self.world.account(kind, name).spent_nano == self.model.spent
        assert self.model.spent <= BUDGET
        with self.world.control.reading() as connection:
            assert reconcile(connection) == ()

    @invariant()
    def the_log_is_whole(self) -> None:
        """It has a record for each step that changed something, and verifies."""
        assert self._records() == self.model.records
        with self.world.control.reading() as connection:
            assert verify(connection, KEY.public_key()).sound

    @invariant()
    def releases_are_as_made(self) -> None:
        """Each is found, with the bytes it was made of, and its receipt verifies."""
        with self.world.control.reading() as connection:
            for name, content in self.model.contents.items():
                stored = load_release(connection, name)
                assert stored.content.data == content
                verify_receipt(stored.receipt, KEY.public_key(), content)

    def _reserve(self, question: Question, nano: int, owner: str) -> Reserved | str:
        """The reservation, or in a word what there is instead of one."""
        cost = Cost(Measure.ZCDP, nano, nano)
        try:
            found = reserve(self.world.control, question, cost, owner=owner, now=NOW)
        except Refused as refusal:
            return refusal.code
        except Failed:
            return "failed"
        return f"settled {found.release}" if isinstance(found, Settled) else found

    def _records(self) -> int:
        with self.world.control.reading() as connection:
            counted = select(func.count()).select_from(audit_record)
            return int(connection.execute(counted).scalar_one())

    def _expected(self, nano: int, text: str, key: str | None) -> str:
        if key in self.model.keys:
            name, asked = self.model.keys[key]
            state = self.model.state[name]
            if asked != text:
                return "idempotency_conflict"
            return {
                "reserved": "question_in_progress",
                "failed": "failed",
                "released": f"settled {name}",
            }[state]
        if not self.model.active:
            return "project_not_active"
        fits = self.model.spent + nano <= BUDGET
        return "reserved" if fits else "budget_exhausted"

    def _charged(
        self, reserved: Reserved, question: Question, nano: int, owner: str
    ) -> None:
        text = question.asked.text
        self.model.spent += nano
        self.model.records += 1
        self.model.state[reserved.id] = "reserved"
        self.model.owner[reserved.id] = owner
        self.model.answers.setdefault(text, []).append(reserved.id)
        if question.asked.idempotency_key is not None:
            self.model.keys[question.asked.idempotency_key] = (reserved.id, text)


TestLedger = Ledger.TestCase
TestLedger.settings = settings(max_examples=12, stateful_step_count=25, deadline=None)
