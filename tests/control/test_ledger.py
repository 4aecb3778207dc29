from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from privacy.accounting import NANO, Measure
from privacy.errors import Failed, Refused
from privacy.spending import WITH_NOTHING_LEFT
from tests.control import world as worlds
from tests.control.world import KEY, NOW, STEWARD, World, publication
from tre.audit.verify import verify
from tre.control.tables import LARGEST, account, audit_record, charge, question
from tre.governance.datasets import switch_versions, withdraw_dataset
from tre.ledger.account import Kind, all_accounts, current_account
from tre.ledger.budget import Budget
from tre.ledger.outcome import find_repeat, settled_outcome
from tre.ledger.question import Asked, Cost, Reserved, Settled
from tre.ledger.reconcile import reconcile
from tre.ledger.reserve import reserve
from tre.ledger.settle import (
    AlreadySettled,
    record_refusal,
    record_repeat,
    recover,
    settle_failed,
    settle_released,
)
from tre.releases import Content, publish

PURE: dict[str, Any] = {"budget": {"epsilon": "0.5", "measure": "pure"}}
THREE = (
    (Kind.PROJECT, "pathways"),
    (Kind.DATASET, "people"),
    (Kind.POPULATION, "residents"),
)


def spent(world: World) -> list[int]:
    """What the project, the dataset and the population have spent."""
    return [world.account(kind, name).spent_nano for kind, name in THREE]


def kinds(world: World) -> list[str]:
    """The kinds of what the log has, in order."""
    with world.control.reading() as connection:
        return list(
            connection.execute(
                select(audit_record.c.kind).order_by(audit_record.c.position)
            ).scalars()
        )


def refused(world: World, cost: Cost, now: datetime = NOW, **asked: Any) -> Refused:
    """The refusal of a question at this cost; it charges nothing."""
    before = spent(world)
    question = world.question(**asked)
    with pytest.raises(Refused) as caught:
        reserve(world.control, question, cost, owner="here", now=now)
    assert spent(world) == before
    return caught.value


def answer(world: World, reserved: Reserved) -> str:
    """Release a reserved question; the release's id."""
    release = publish(world.control, reserved, {}, Content("text/csv", b"n\n1\n"), NOW)
    return release.id


def zcdp(nano: int, threshold: int = 0) -> Cost:
    """So many nano-rho."""
    return Cost(Measure.ZCDP, nano, nano, threshold)


def test_every_account_pays(world: World) -> None:
    """Project, dataset and population are all charged, and the charges add up."""
    world.reserve(700)
    world.reserve(11)
    assert spent(world) == [711, 711, 711]
    with world.control.reading() as connection:
        assert reconcile(connection) == ()
        assert len(connection.execute(select(charge)).all()) == 6
        assert verify(connection, KEY.public_key()).sound


def test_a_pure_project_pays_epsilon_and_its_population_rho(tmp_path: Path) -> None:
    """Each account is charged in its own measure."""
    world = worlds.activated(tmp_path / "control.db", **PURE)
    reserve(
        world.control,
        world.question(),
        Cost(Measure.PURE, 5_000_000, 100_000_000),
        owner="here",
        now=NOW,
    )
    assert spent(world) == [100_000_000, 5_000_000, 5_000_000]
    left = world.account(Kind.PROJECT, "pathways").left
    assert (left.epsilon, left.delta) == (0.4, 0.0)
    with pytest.raises(ValueError, match="measure"):
        reserve(world.control, world.question(), zcdp(1), owner="here", now=NOW)


def test_thresholds_have_a_budget_of_their_own(world: World) -> None:
    """Delta for thresholds adds up and runs out like everything else."""
    held = world.account(Kind.PROJECT, "pathways")
    everything = zcdp(1, held.threshold_left_atto)
    reserve(world.control, world.question(), everything, owner="here", now=NOW)
    assert refused(world, zcdp(1, 1)).code == "budget_exhausted"
    world.reserve(1)


def test_what_costs_nothing_is_no_cost() -> None:
    """A price that rounds to nothing, or is in the wrong measure, cannot be made."""
    for wrong in (
        (Measure.ZCDP, 0, 5),
        (Measure.PURE, 1, 0),
        (Measure.ZCDP, -1, 0),
        (Measure.PURE, 1, 1, 1),
        (Measure.ZCDP, 1, 1, -1),
    ):
        with pytest.raises(ValueError, match="costs something"):
            Cost(*wrong)


def test_the_suggestion_of_a_refusal_is_what_is_left(world: World) -> None:
    """Spending what the refusal suggests empties the budget to the last unit."""
    left = world.account(Kind.PROJECT, "pathways").left_nano
    refusal = refused(world, zcdp(left + 1))
    assert refusal.code == "budget_exhausted"
    said, amount = refusal.suggestion.split("=")
    assert said == "rho"
    world.reserve(int(Decimal(amount) * NANO))
    assert world.account(Kind.PROJECT, "pathways").left_nano == 0
    nothing = refused(world, zcdp(1))
    assert not nothing.suggestion
    assert nothing.message.endswith(WITH_NOTHING_LEFT)


def test_a_pure_question_is_told_the_epsilon_its_population_can_pay(
    tmp_path: Path,
) -> None:
    """Where the population's rho binds, the suggestion is in the project's measure."""
    rho = Decimal("0.02")
    world = worlds.activated(tmp_path / "control.db", rho, **PURE)
    refusal = refused(world, Cost(Measure.PURE, 31_250_000, 250_000_000))
    assert "population" in refusal.message
    assert refusal.suggestion == "epsilon=0.2"
    assert Cost(Measure.PURE, 20_000_000, 200_000_000).rho_nano <= rho * NANO


def test_many_draws_are_told_what_one_of_them_may_cost(world: World) -> None:
    """The suggestion is per draw, as spending is said per draw."""
    left = world.account(Kind.PROJECT, "pathways").left_nano
    refusal = refused(world, zcdp(left + 1), draws=10)
    assert int(Decimal(refusal.suggestion[4:]) * NANO) == left // 10


def test_the_first_account_that_cannot_pay_is_named(tmp_path: Path) -> None:
    """A population or a dataset with less left than the project refuses by name."""
    world = worlds.activated(tmp_path / "control.db", Decimal("0.000000010"))
    assert "population residents" in refused(world, zcdp(11)).message
    capped = worlds.populated(
        tmp_path / "capped.db", cap=worlds.zcdp(Decimal("0.000000005"))
    )
    worlds.propose(capped)
    worlds.approve(capped)
    assert "dataset people" in refused(capped, zcdp(6)).message


@pytest.mark.parametrize(
    ("years", "code"), [(1, "project_expired"), (3, "project_expired")]
)
def test_a_project_ends_on_its_day(world: World, years: int, code: str) -> None:
    """The ledger itself refuses after the last day, and not on it."""
    last = datetime(2027, 12, 31, 23, 59, tzinfo=UTC)
    reserve(world.control, world.question(), zcdp(1), owner="here", now=last)
    later = last + timedelta(minutes=1, days=365 * (years - 1))
    assert refused(world, zcdp(1), now=later).code == code


def test_a_population_ends_on_its_day(tmp_path: Path) -> None:
    """After its period a population pays for nothing, whatever is left."""
    world = worlds.activated(
        tmp_path / "control.db", until=datetime(2040, 1, 1, tzinfo=UTC).date()
    )
    later = datetime(2028, 1, 2, tzinfo=UTC)
    assert refused(world, zcdp(1), now=later).code == "period_ended"


def test_withdrawn_data_cannot_be_charged_for(world: World) -> None:
    """A version is paid for while it is current or can be pinned, and never after."""
    with world.act(STEWARD) as act:
        (version,) = switch_versions(act, [publication(number=2)])
    renewed = World(world.control, (version,))
    for each in (world, renewed):
        each.reserve(1)
    with world.act(STEWARD) as act:
        withdraw_dataset(act, "people")
    for each in (world, renewed):
        assert refused(each, zcdp(1)).code == "data_changed"


def test_a_question_of_another_population_is_refused(world: World) -> None:
    """The accounts that pay are all of the project's own population."""
    question = world.question()
    elsewhere = type(question)(
        question.asked, "elsewhere", question.canonical, question.versions, "policy"
    )
    with pytest.raises(Refused) as caught:
        reserve(world.control, elsewhere, zcdp(1), owner="here", now=NOW)
    assert caught.value.code == "project_not_active"
    with pytest.raises(ValueError, match="at least one dataset"):
        reserve(
            world.control,
            World(world.control).question(),
            zcdp(1),
            owner="here",
            now=NOW,
        )


def test_a_retry_gives_the_settled_outcome(world: World) -> None:
    """One key, one question: in progress, then its release, charged once."""
    question = world.question(idempotency_key="k1")
    reserved = world.reserve(5, idempotency_key="k1")
    with pytest.raises(Refused) as caught:
        reserve(world.control, question, zcdp(5), owner="here", now=NOW)
    assert caught.value.code == "question_in_progress"
    release = answer(world, reserved)
    again = reserve(world.control, question, zcdp(999), owner="here", now=NOW)
    assert again == Settled(release)
    with world.control.reading() as connection:
        assert settled_outcome(connection, question.asked) == release
    assert spent(world) == [5, 5, 5]


def test_a_key_that_came_with_a_repeat_asks_nothing_else(world: World) -> None:
    """An earlier release answered it: so it does again, and other bodies conflict."""
    release = answer(world, world.reserve(5))
    asked = world.question(idempotency_key="k1").asked
    for _ in range(2):
        record_repeat(world.control, asked, release, NOW)
    retry = world.question("SELECT 2", idempotency_key="k1")
    with pytest.raises(Refused) as caught:
        reserve(world.control, retry, zcdp(5), owner="here", now=NOW)
    assert caught.value.code == "idempotency_conflict"
    with pytest.raises(Refused):
        record_repeat(world.control, retry.asked, release, NOW)
    question = world.question(idempotency_key="k1")
    again = reserve(world.control, question, zcdp(5), owner="here", now=NOW)
    assert again == Settled(release)
    assert spent(world) == [5, 5, 5]


def test_a_retry_of_a_failure_fails(world: World) -> None:
    """The outcome of a failed question is its failure; a retry is not charged."""
    reserved = world.reserve(5, idempotency_key="k1")
    settle_failed(world.control, reserved, NOW)
    with pytest.raises(Failed):
        reserve(
            world.control,
            world.question(idempotency_key="k1"),
            zcdp(5),
            owner="here",
            now=NOW,
        )
    assert spent(world) == [5, 5, 5]


@pytest.mark.parametrize(
    "changes",
    [{"text": "SELECT 2"}, {"spending": "rho=0.2"}, {"fresh": True}, {"draws": 2}],
)
def test_a_key_is_for_one_question(world: World, changes: dict[str, Any]) -> None:
    """The same key with anything else in the body is refused."""
    world.reserve(5, idempotency_key="k1")
    refusal = refused(world, zcdp(5), **({"idempotency_key": "k1"} | changes))
    assert refusal.code == "idempotency_conflict"


@pytest.mark.parametrize("key", ["", "k" * 201, "two words", "\ud800", "ключ"])
def test_a_key_is_plain_text(world: World, key: str) -> None:
    """What cannot be a key is refused before anything is looked up."""
    with world.control.reading() as connection, pytest.raises(Refused) as caught:
        settled_outcome(connection, world.question(idempotency_key=key).asked)
    assert caught.value.code == "invalid_key"


def test_keys_of_different_people_do_not_meet(tmp_path: Path) -> None:
    """Two researchers who choose the same key each get their own question."""
    world = worlds.activated(
        tmp_path / "control.db", researchers=[worlds.RESEARCHER, worlds.COLLEAGUE]
    )
    world.reserve(5, idempotency_key="k1")
    world.reserve(5, "SELECT 2", idempotency_key="k1", person=worlds.COLLEAGUE)
    assert spent(world) == [10, 10, 10]


def test_a_repeat_is_the_latest_release_of_the_same_question(world: World) -> None:
    """Same plan, data, policy and spending: the newest release; anything else: none."""
    question = world.question()
    with world.control.reading() as connection:
        assert find_repeat(connection, question) is None
    world.reserve(1)
    first = answer(world, world.reserve(1))
    second = answer(world, world.reserve(1, fresh=True))
    settle_failed(world.control, world.reserve(1), NOW)
    with world.control.reading() as connection:
        assert first != second
        assert find_repeat(connection, question) == second
        assert find_repeat(connection, world.question("select 1")) == second
        for other in (
            world.question("SELECT 2"),
            world.question(spending="rho=0.2"),
            world.question(draws=2),
            World(world.control, ("people/2",)).question(),
        ):
            assert find_repeat(connection, other) is None


def test_another_projects_release_is_no_repeat(world: World) -> None:
    """What one project asked, another cannot learn by asking it too."""
    answer(world, world.reserve(1))
    worlds.propose(world, name="another")
    worlds.approve(world, "another")
    with world.control.reading() as connection:
        assert find_repeat(connection, world.question(project="another")) is None


def test_a_question_ends_once(world: World) -> None:
    """A settled question settles no second time, and its charge stays."""
    reserved = world.reserve(5)
    answer(world, reserved)
    settle_failed(world.control, reserved, NOW)
    with pytest.raises(AlreadySettled), world.act("environment") as act:
        settle_released(act, reserved, lambda _facts: {})
    failed = world.reserve(5)
    settle_failed(world.control, failed, NOW)
    settle_failed(world.control, failed, NOW)
    with pytest.raises(AlreadySettled):
        answer(world, failed)
    assert spent(world) == [10, 10, 10]
    assert kinds(world).count("question.failed") == 1


def test_questions_of_gone_processes_fail_charged(world: World) -> None:
    """Recovery ends the orphans, and leaves what others are still answering."""
    orphan = world.question(idempotency_key="orphan")
    reserve(world.control, orphan, zcdp(5), owner="gone", now=NOW)
    world.reserve(7, idempotency_key="running")
    assert recover(world.control, lambda owner: owner == "here", NOW) == 1
    assert recover(world.control, lambda owner: owner == "here", NOW) == 0
    with world.control.reading() as connection:
        with pytest.raises(Failed):
            settled_outcome(connection, orphan.asked)
        with pytest.raises(Refused):
            settled_outcome(connection, world.question(idempotency_key="running").asked)
        assert reconcile(connection) == ()
    assert spent(world) == [12, 12, 12]


def test_refusals_are_recorded_without_their_text(world: World) -> None:
    """The log says who was refused what code where, and nothing that was typed."""
    canary = "Ermintrude \ud800"
    asked = Asked("pathways", worlds.RESEARCHER, canary, "rho=1")
    record_refusal(world.control, asked, Refused("syntax", "No."), NOW)
    stranger = Asked(canary, canary, canary, "rho=1")
    record_refusal(world.control, stranger, Refused("not_permitted", "No."), NOW)
    with world.control.reading() as connection:
        rows = connection.execute(select(audit_record).order_by("position")).all()[-2:]
    assert [row.actor for row in rows] == [worlds.RESEARCHER, "unknown"]
    assert all("Ermintrude" not in str(row) for row in rows)
    assert '"code":"syntax"' in rows[0].detail


def test_a_ledger_that_cannot_be_written_refuses(world: World) -> None:
    """A database that is locked or full refuses the question and charges nothing."""
    with world.control.reading() as connection:
        connection.exec_driver_sql("PRAGMA query_only = ON")
    refusal = refused(world, zcdp(1))
    assert refusal.code == "unavailable"
    assert "query" not in refusal.message
    with pytest.raises(Refused, match="just now"), world.act(STEWARD) as act:
        withdraw_dataset(act, "people")
    with world.control.reading() as connection:
        connection.exec_driver_sql("PRAGMA query_only = OFF")


def test_a_changed_balance_is_found(world: World) -> None:
    """An account whose spending is not the sum of its charges is named."""
    world.reserve(5)
    with world.control.writing() as connection:
        connection.execute(
            update(account).where(account.c.kind == "project").values(spent_nano=4)
        )
    with world.control.reading() as connection:
        (found,) = reconcile(connection)
    assert found.what == "the account of the project pathways, period 1"
    assert found.problem == "has spent 4 nano, and the log has 5"


def test_the_largest_budget_does_not_wrap(tmp_path: Path) -> None:
    """At the edge of 64 bits a charge is taken or refused, never turned around."""
    budget = {"epsilon": "1e30", "delta": "1e-6"}
    world = worlds.activated(tmp_path / "control.db", budget=budget)
    with world.control.writing() as connection:
        connection.execute(update(account).values(total_nano=LARGEST))
    assert world.account(Kind.PROJECT, "pathways").total_nano == LARGEST
    world.reserve(LARGEST - 1)
    assert refused(world, zcdp(LARGEST)).code == "budget_exhausted"
    assert refused(world, zcdp(2)).code == "budget_exhausted"
    world.reserve(1)
    assert spent(world) == [LARGEST] * 3
    assert refused(world, zcdp(2**70)).code == "budget_exhausted"


def test_budgets_are_declared_in_words_and_kept_in_units() -> None:
    """Half of delta is for thresholds, half converts; epsilon never rounds up."""
    kept = Budget.zcdp(Decimal("2.0"), Decimal("1e-6"))
    assert (kept.epsilon, kept.delta) == ("2", "0.000001")
    assert kept.threshold_atto == kept.conversion_atto == 5 * 10**11
    assert Budget.pure(Decimal("0.1234567899")).total_nano == 123_456_789
    for epsilon, delta in (
        ("0", "0.1"),
        ("-1", "0.1"),
        ("NaN", "0.1"),
        ("1", "0"),
        ("1", "1"),
        ("Infinity", "0.1"),
        ("1e-12", "1e-6"),
    ):
        with pytest.raises(ValueError, match=r"epsilon|delta"):
            Budget.zcdp(Decimal(epsilon), Decimal(delta))
    for epsilon in ("0", "-1", "NaN", "Infinity", "1e-10"):
        with pytest.raises(ValueError, match="epsilon"):
            Budget.pure(Decimal(epsilon))


def test_a_populations_accounts_can_be_read_together(world: World) -> None:
    """The population's own account comes first, and uncapped ones say so."""
    with world.control.reading() as connection:
        held = all_accounts(connection, "residents")
    assert [one.owner.kind for one in held] == [
        Kind.POPULATION,
        Kind.DATASET,
        Kind.PROJECT,
    ]
    assert [one.capped for one in held] == [True, False, True]
    assert held[0].left.rho == 100


@given(st.lists(st.integers(1, 40), max_size=12))
def test_no_order_of_questions_spends_more_than_there_is(costs: list[int]) -> None:
    """Questions are charged while they fit; the sum is exact and never above."""
    with TemporaryDirectory() as folder:
        world = worlds.activated(Path(folder) / "control.db", Decimal("0.000000100"))
        expected = 0
        for nano in costs:
            if expected + nano <= 100:
                world.reserve(nano)
                expected += nano
            else:
                assert refused(world, zcdp(nano)).code == "budget_exhausted"
        assert spent(world) == [expected] * 3
        with world.control.reading() as connection:
            assert reconcile(connection) == ()
        world.control.close()


def test_questions_keep_what_their_receipts_need(world: World) -> None:
    """A stored question says what was asked, of which versions, under which policy."""
    world.reserve(5)
    with world.control.reading() as connection:
        row = connection.execute(select(question)).one()
    assert (row.state, row.owner) == ("reserved", "here")
    assert '"versions":["people/1"]' in row.body


def test_an_orphan_is_not_forgotten_by_deleting_it(world: World) -> None:
    """A question with charges cannot be deleted: the charges hold on to it."""
    world.reserve(5)
    with pytest.raises(Exception, match="FOREIGN KEY"), world.control.writing() as sql:
        sql.execute(delete(question))


def test_a_repeat_is_recorded_and_costs_nothing(world: World) -> None:
    """Giving an earlier release again is on the log, and on no account."""
    release = answer(world, world.reserve(5))
    record_repeat(world.control, world.question().asked, release, NOW)
    assert kinds(world)[-1] == "question.repeated"
    assert spent(world) == [5, 5, 5]


def test_what_is_not_there_is_said_to_be_missing(world: World) -> None:
    """No key retries nothing; an account nobody opened is not found."""
    with world.control.reading() as connection:
        assert settled_outcome(connection, world.question().asked) is None
        with pytest.raises(LookupError):
            current_account(connection, Kind.PROJECT, "nothing")


def test_a_question_of_no_project_is_a_mistake(world: World) -> None:
    """Nothing is charged for a project that was never admitted to."""
    with pytest.raises(IntegrityError):
        world.reserve(5, project="nothing")
    assert spent(world) == [0, 0, 0]


def test_a_moment_has_a_time_zone(world: World) -> None:
    """A time that could be any of twenty-four is not written down."""
    local = datetime(2026, 7, 1)  # noqa: DTZ001 - the point
    with pytest.raises(ValueError, match="time zone"):
        record_repeat(world.control, world.question().asked, "x", local)
