"""Whatever breaks, a question was charged once and recorded, or never was.

The same on SQLite and on a real PostgreSQL server.
"""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest
from psycopg import OperationalError
from sqlalchemy import Engine, event

from privacy.errors import Failed, Refused
from tests.control import world as worlds
from tests.control.children import COST, attempt, children, text_of
from tests.control.test_concurrency import assert_exactly_spent
from tests.control.test_database import schema
from tests.control.world import ADMINISTRATOR, KEY, NOW, STEWARD, World
from tests.postgres import Postgres, running
from tre.control.database import open_control
from tre.control.engines import Durability, Place, connect, read_address
from tre.control.migrate import migrate
from tre.governance.people import add_person
from tre.governance.populations import Grant, agree_next_period
from tre.governance.roles import Role
from tre.ledger.account import Kind, State, all_accounts
from tre.ledger.reconcile import reconcile
from tre.ledger.reserve import reserve
from tre.ledger.settle import recover, settle_failed
from tre.releases import Content, publish

FOR_FIFTY = Decimal("0.000000356")  # fifty questions of 7, and six units to spare
CONTENT = Content("text/csv", b"n\n12\n")
AFTER = datetime(2028, 6, 1, tzinfo=UTC)
"""When the population's first period is over, and the project is not."""


EACH_STEP = 56
"""The moments of a question at which it can be killed, and one too many."""


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Where a control database can be made."""
    if request.param == "sqlite":
        return tmp_path / "control.db"
    postgres: Postgres = request.getfixturevalue("postgres")
    return postgres.new()


@pytest.fixture
def world(place: Place) -> Iterator[World]:
    """An active project with a budget for fifty questions."""
    world = worlds.activated(place, FOR_FIFTY)
    yield world
    world.control.close()


def test_migrations_make_the_schema_on_postgresql(postgres: Postgres) -> None:
    """A fresh database there is what its migrations would have made of an empty one."""
    fresh = open_control(postgres.new(), KEY)
    migrated = connect(postgres.new(), Durability.PROCESS_END, 1).engine
    with migrated.connect() as connection:
        connection.exec_driver_sql("BEGIN")
        migrate(connection)
        connection.commit()
    assert schema(fresh.engine) == schema(migrated)
    fresh.close()
    migrated.dispose()


def test_two_hundred_threads_do_not_overspend(world: World) -> None:
    """Of 200 that ask at once, a budget for 50 admits 50, to the last nano-rho."""
    with ThreadPoolExecutor(200) as pool:
        outcomes = list(pool.map(lambda n: attempt(world, f"SELECT {n}"), range(200)))
    assert Counter(outcomes) == {"reserved": 50, "budget_exhausted": 150}
    assert_exactly_spent(world, 50)


def test_two_hundred_in_many_processes_do_not_overspend(
    world: World, place: Place
) -> None:
    """Nor do 200 threads of eight processes."""
    found = children("ask_at_once", text_of(place), world.versions[0], 8, 25)
    assert Counter(found) == {"reserved": 50, "budget_exhausted": 150}
    assert_exactly_spent(world, 50)


def test_a_killed_question_is_charged_once_or_never_was(
    place: Place, tmp_path: Path
) -> None:
    """Killed before and after every statement and commit, and recovered each time."""
    found = kills(place, tmp_path / "instances", EACH_STEP)
    assert found == {"never", "failed", "released"}


@pytest.mark.slow
def test_two_hundred_kills_lose_and_double_no_charge(
    place: Place, tmp_path: Path
) -> None:
    """The same, at each step many times over, in one ledger that grows."""
    found = kills(place, tmp_path / "instances", 200)
    assert found == {"never", "failed", "released"}


def kills(place: Place, instances: Path, times: int) -> set[str]:
    """Kill so many questions, each at its step; what became of them."""
    world = worlds.activated(place, 100)
    steps = [number % EACH_STEP + 1 for number in range(times)]
    said = children("ask_and_die", text_of(place), world.versions[0], instances, *steps)
    killed = str(-signal.SIGKILL)
    outcomes: Counter[str] = Counter()
    for number, line in enumerate(said):
        code, recovered, found, again = line.split(",")
        assert code in {"0", killed}
        assert (found == "released") == (code == "0")
        assert again == found
        assert recovered == ("1" if found == "failed" else "0"), (number, line)
        outcomes[found] += 1
    assert outcomes.total() == times
    assert_exactly_spent(world, outcomes["failed"] + outcomes["released"])
    world.control.close()
    return set(outcomes)


@pytest.mark.parametrize("jump", [timedelta(days=-400), timedelta(days=200)])
def test_a_clock_that_jumps_changes_no_charge(world: World, jump: timedelta) -> None:
    """Between a charge and its settlement the time of day may be anything."""
    reserved = world.reserve(7)
    publish(world.control, reserved, {}, CONTENT, NOW + jump)
    world.reserve(7, "SELECT 2")
    assert recover(world.control, lambda _name: False, NOW - jump) == 1
    assert_exactly_spent(world, 2)


def test_a_clock_that_jumps_over_a_periods_end_pays_nothing_twice(
    place: Place,
) -> None:
    """Forward, a question that began is completed and the next is refused; back, asked.

    Once the next period was opened, the ended one is closed, whatever the clock says:
    what is asked then is the new one's.
    """
    world = worlds.activated(place, FOR_FIFTY, until=date(2030, 1, 1))
    reserved = world.reserve(7)
    publish(world.control, reserved, {}, CONTENT, AFTER)
    assert asked_at(world, AFTER) == "period_ended"
    assert asked_at(world, NOW) == "reserved"
    with world.act(STEWARD, AFTER) as act:
        grant = Grant(worlds.zcdp(FOR_FIFTY), date(2030, 1, 1))
        assert agree_next_period(act, "residents", grant)
    for moment in (AFTER, NOW, NOW - timedelta(days=4000)):
        assert asked_at(world, moment) == "reserved"
    with world.control.reading() as connection:
        spent = {
            (each.owner.kind, each.owner.period): (each.spent_nano, each.state)
            for each in all_accounts(connection, "residents")
        }
        assert reconcile(connection) == ()
    assert spent == {
        (Kind.POPULATION, 1): (2 * 7, State.CLOSED),
        (Kind.POPULATION, 2): (3 * 7, State.OPEN),
        (Kind.DATASET, 1): (5 * 7, State.OPEN),
        (Kind.PROJECT, 1): (5 * 7, State.OPEN),
    }
    world.control.close()


def asked_at(world: World, moment: datetime) -> str:
    """What becomes of a question when the clock says so."""
    question = world.question(f"SELECT {token_hex(4)}")
    try:
        reserve(world.control, question, COST, owner="here", now=moment)
    except Refused as refusal:
        return refusal.code
    return "reserved"


def test_a_database_that_is_locked_when_an_answer_comes_keeps_the_charge(
    place: Place,
) -> None:
    """The answer is not shown; the charge stays, and is settled as failed later."""
    worlds.activated(place, FOR_FIFTY).control.close()
    world = World(open_control(place, KEY, patience_seconds=0.05), ("people/1",))
    beside = open_control(place, KEY)
    reserved = world.reserve(7, idempotency_key="key")
    with beside.writing():
        for end in (
            partial(publish, world.control, reserved, {}, CONTENT, NOW),
            partial(settle_failed, world.control, reserved, NOW),
        ):
            with pytest.raises(Refused) as refusal:
                end()
            assert refusal.value.code == "unavailable"
    assert attempt(world, "SELECT 1", "key") == "question_in_progress"
    assert recover(world.control, lambda _name: False, NOW) == 1
    with pytest.raises(Failed):
        attempt(world, "SELECT 1", "key")
    assert_exactly_spent(world, 1)
    beside.close()
    world.control.close()


def test_a_locked_database_refuses_and_charges_nothing(place: Place) -> None:
    """Who cannot have the ledger in time is turned away, and may come again."""
    worlds.activated(place, FOR_FIFTY).control.close()
    world = World(open_control(place, KEY, patience_seconds=0.05), ("people/1",))
    beside = open_control(place, KEY)
    with beside.writing():
        assert attempt(world, "SELECT 1") == "unavailable"
    assert attempt(world, "SELECT 1") == "reserved"
    assert_exactly_spent(world, 1)
    beside.close()
    world.control.close()


def answered(world: World, text: str, key: str | None = None) -> str:
    """What becomes of a question that is answered where it is admitted."""
    try:
        reserved = world.reserve(7, text, idempotency_key=key)
    except Refused as refusal:
        return refusal.code
    try:
        publish(world.control, reserved, {}, CONTENT, NOW)
    except Refused:
        return "reserved"
    return "released"


STEPS = 24
"""Statements and commits of a reservation, and some to spare."""


@pytest.mark.parametrize("acknowledged", [True, False], ids=["before", "after"])
def test_a_lost_connection_refuses_or_completes(
    postgres: Postgres, acknowledged: bool
) -> None:
    """Cut off at any statement, or while committing, before it took place or after."""
    world = worlds.activated(postgres.new(), 100)
    outcomes = [
        _cut_off(world, step, committed=not acknowledged)
        for step in range(1, STEPS + 1)
    ]
    assert set(outcomes) == {"refused", "reserved"} | (
        set() if acknowledged else {"failed"}
    )
    charged = len(outcomes) - outcomes.count("refused")
    assert recover(world.control, lambda _name: False, NOW) == outcomes.count(
        "reserved"
    )
    assert_exactly_spent(world, charged)
    world.control.close()


@dataclass
class Cut:
    """Ends the server's side before its `step`th statement or commit."""

    engine: Engine
    step: int
    committed: bool
    seen: int = 0

    def statement(self, connection: Any, *_: object) -> None:
        """Count, and cut."""
        self.seen += 1
        if self.seen == self.step:
            raw = connection.connection.dbapi_connection
            _end_backend(self.engine, raw.info.backend_pid)

    def commit(self, connection: Any) -> None:
        """The same, or once the commit has taken place."""
        if self.committed and self.seen + 1 == self.step:
            self.seen += 1
            raw = connection.connection.dbapi_connection
            raw.commit = partial(_commit_unheard, raw)
        else:
            self.statement(connection)


def _cut_off(world: World, step: int, *, committed: bool) -> str:
    """Ask, and lose the server before that statement or commit; what became of it."""
    engine = world.control.engine
    cut = Cut(engine, step, committed)
    event.listen(engine, "before_cursor_execute", cut.statement)
    event.listen(engine, "commit", cut.commit)
    try:
        world.reserve(7, f"SELECT {step}")
    except Refused:
        return "refused"
    except Failed:
        return "failed"
    finally:
        event.remove(engine, "before_cursor_execute", cut.statement)
        event.remove(engine, "commit", cut.commit)
    return "reserved"


def _commit_unheard(raw: Any) -> None:
    """Commit, and lose the connection before the server's word arrives."""
    del raw.commit
    raw.execute("COMMIT")
    raw.close()
    raise OperationalError("the connection is lost")


def _end_backend(engine: Engine, process: int) -> None:
    beside = connect(engine.url, Durability.PROCESS_END, 5).engine
    with beside.connect() as connection:
        connection.exec_driver_sql(f"SELECT pg_terminate_backend({process}, 5000)")
    beside.dispose()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("INSERT INTO question", "never"),
        ("INSERT INTO audit_head", "never"),
        ("INSERT INTO release", "failed"),
    ],
)
def test_a_killed_and_restarted_server_refuses_or_keeps_the_charge(
    statement: str, found: str
) -> None:
    """The server is killed when a statement arrives, and started; nothing is between.

    What was not charged may be asked again, what was is settled as failed.
    """
    with running() as postgres:
        place = postgres.new()
        worlds.activated(place, FOR_FIFTY).control.close()
        # What is committed from here on, and all before it, survives a power cut.
        world = World(open_control(place, KEY), ("people/1",))
        with world.act(ADMINISTRATOR) as act:
            add_person(act, "later", [Role.AUDITOR])

        def kill(*arguments: Any) -> None:
            if arguments[2].startswith(statement):
                event.remove(world.control.engine, "before_cursor_execute", kill)
                postgres.kill()

        event.listen(world.control.engine, "before_cursor_execute", kill)
        assert answered(world, "SELECT 1", "key") in {"unavailable", "reserved"}
        postgres.start()
        charged = int(found == "failed")
        assert recover(world.control, lambda _name: False, NOW) == charged
        assert_exactly_spent(world, charged)
        if charged:
            with pytest.raises(Failed):
                attempt(world, "SELECT 1", "key")
        else:
            assert attempt(world, "SELECT 1", "key") == "reserved"
        world.control.close()


@pytest.mark.parametrize(
    "address",
    [
        "",
        "control.sqlite",
        "sqlite:///control.sqlite",
        "mysql://host/tre",
        "postgresql://host",
        "postgresql://tre:secret@host/tre",
        "postgresql://tre@host/tre?password=secret",
    ],
)
def test_an_address_names_a_database_and_no_password(address: str) -> None:
    """What is no PostgreSQL address, or would put a secret on disk, is not taken."""
    with pytest.raises(ValueError, match="expected"):
        read_address(address)
