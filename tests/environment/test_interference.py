"""What happens to a question when something else happens while it is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, select

from connectors.errors import Invalid
from privacy.errors import Failed, Refused
from privacy.plan import Plan
from tests.environment.world import (
    COMMITTEE,
    RESEARCHER,
    STEWARD,
    furnished,
    project,
    rows,
    write_source,
)
from tre import enquiry
from tre.audit.act import Act, acting
from tre.control.tables import question
from tre.enclave.job import Attachment
from tre.environment import Environment
from tre.governance.catalogue import Version
from tre.governance.datasets import withdraw_dataset
from tre.governance.people import disable_person
from tre.governance.projects import approve_project, withdraw_approval
from tre.home import Parts
from tre.intake import Zones
from tre.ledger.question import Asked
from tre.ledger.settle import recover
from tre.pace import Pace
from tre.publishing import sweep_zones
from tre.release import Release
from tre.spend import Spend

COUNT = "SELECT COUNT(*) AS n FROM people"


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[Environment]:
    """A furnished environment."""
    with furnished(tmp_path / "home", tmp_path) as environment:
        yield environment


@dataclass(frozen=True, slots=True)
class Interrupted(Pace):
    """Lets something happen once a question is charged, before it is answered."""

    deed: Callable[[], None] = field(kw_only=True)

    def slot(self, plans: Iterable[Plan], *, draws: int = 1) -> float | None:
        """Do it."""
        self.deed()
        return Pace.slot(self, plans, draws=draws)


def before_charging(parts: Parts, deed: Callable[[], None]) -> enquiry.Gate:
    """The gate, where something happens after a question was planned."""

    def attachment(version: Version) -> Attachment:
        deed()
        return parts.gate.attachment(version)

    return replace(parts.gate, attachment=attachment)


def ask(
    gate: enquiry.Gate,
    text: str = COUNT,
    key: str | None = None,
    project: str = "pathways",
) -> Release:
    """Ask as the project's researcher, each text for another price."""
    spend = Spend(rho=0.001)
    asked = Asked(project, RESEARCHER, text, spend.said(), idempotency_key=key)
    return enquiry.ask(gate, asked, spend)


def act(parts: Parts, person: str, deed: Callable[[Act], object]) -> None:
    """Something that somebody does."""
    with acting(parts.control, person, parts.clock()) as acted:
        deed(acted)


def writable(parts: Parts, *, on: bool) -> None:
    """Let the control database be written, or not."""
    with parts.control.reading() as connection:
        connection.exec_driver_sql(f"PRAGMA query_only = {'OFF' if on else 'ON'}")


def test_leave_taken_back_in_between_is_gone(environment: Environment) -> None:
    """What a question was planned on is looked at again when it is charged."""
    parts = environment._parts
    before = environment.remaining("pathways")
    for person, deed, code in (
        (STEWARD, lambda a: withdraw_approval(a, "pathways"), "data_changed"),
        ("administrator", lambda a: disable_person(a, RESEARCHER), "not_permitted"),
    ):
        gate = before_charging(parts, lambda p=person, d=deed: act(parts, p, d))  # type: ignore[misc]  # bound early
        with pytest.raises(Refused) as refusal:
            ask(gate)
        assert refusal.value.code == code
        assert environment.remaining("pathways") == before
        if person == STEWARD:
            act(parts, STEWARD, lambda a: approve_project(a, "pathways"))
    assert environment.verify_audit().sound


def test_leave_that_ends_with_the_day_is_looked_at_again(
    environment: Environment,
) -> None:
    """A question admitted on the last day is not charged on the next."""
    parts = environment._parts
    moments = [parts.clock() + timedelta(days=1)]
    last = moments[0].astimezone(UTC).date().isoformat()
    environment.propose(project(name="short", until=last), person=RESEARCHER)
    for person in (COMMITTEE, STEWARD):
        environment.approve("short", person=person)
    before, next_day = environment.remaining("short"), moments[0] + timedelta(days=1)
    gate = before_charging(parts, lambda: moments.append(next_day))
    with pytest.raises(Refused) as refusal:
        ask(replace(gate, clock=lambda: moments[-1]), project="short")
    assert refusal.value.code == "project_expired"
    assert environment.remaining("short") == before
    assert len(moments) > 1


def test_a_retry_outlives_its_data(environment: Environment) -> None:
    """A settled question has its outcome still when its dataset is withdrawn."""
    gate = environment._parts.gate
    first = ask(gate, key="k1")
    act(environment._parts, STEWARD, lambda a: withdraw_dataset(a, "people"))
    again = ask(gate, key="k1")
    assert (again.id, again.charged) == (first.id, False)
    with pytest.raises(Refused) as refusal:
        ask(gate)
    assert refusal.value.code == "unknown_table"


def test_a_table_that_was_not_granted_is_not_counted(
    environment: Environment, tmp_path: Path
) -> None:
    """Not even by a question that names none of its columns."""
    environment.onboard(write_source(tmp_path, rows(), "visits"), person=STEWARD)
    before = environment.remaining("pathways")
    for text in ("COUNT(*)", "COUNT(DISTINCT person_id)", "SUM(1)"):
        with pytest.raises(Refused) as refusal:
            ask(environment._parts.gate, f"SELECT {text} AS n FROM visits")
        assert refusal.value.code == "not_granted"
    assert environment.remaining("pathways") == before


def test_a_ledger_that_fails_after_the_charge_fails_the_question(
    environment: Environment,
) -> None:
    """The same failure as any other, charged, and settled when that can be."""
    parts = environment._parts
    ask(parts.gate)
    before = environment.remaining("pathways").rho
    pace = parts.gate.pace
    broken = Interrupted(
        pace.waiting, pace.headroom, deed=lambda: writable(parts, on=False)
    )
    with pytest.raises(Failed) as failure:
        ask(replace(parts.gate, pace=broken), f"{COUNT} WHERE age > 1", "k1")
    assert str(failure.value) == Failed.message
    assert environment.remaining("pathways").rho < before
    with pytest.raises(Refused) as refusal:
        ask(parts.gate)
    assert refusal.value.code == "unavailable"
    with pytest.raises(Refused) as refusal:
        ask(parts.gate, "SELECT * FROM people")
    assert refusal.value.code == "not_a_question"
    writable(parts, on=True)
    assert recover(parts.control, lambda _owner: False, parts.clock()) == 1
    with pytest.raises(Failed):
        ask(parts.gate, f"{COUNT} WHERE age > 1", "k1")
    with parts.control.reading() as connection:
        states = connection.execute(select(question.c.state)).scalars().all()
    assert sorted(states) == ["failed", "released"]


def test_a_sweep_knows_what_was_published_until_it_began(
    environment: Environment,
) -> None:
    """It reads the record while no intake can add to it."""
    parts = environment._parts
    zones = Zones(parts.layout.root, parts.keystore)
    alone: list[bool] = []

    def seen(*arguments: object) -> None:
        if "dataset_version" in str(arguments[2]):
            try:
                with zones.locked():
                    alone.append(False)
            except Invalid:
                alone.append(True)

    event.listen(parts.control.engine, "after_cursor_execute", seen)
    sweep_zones(parts)
    event.remove(parts.control.engine, "after_cursor_execute", seen)
    assert alone == [True]
    assert ask(parts.gate).charged
