from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

from tests.control import world as worlds
from tests.control.children import attempt, children
from tests.control.world import KEY, World
from tre.audit.verify import verify
from tre.ledger.account import Kind
from tre.ledger.reconcile import reconcile

QUESTIONS = 20
FOR_TWENTY = Decimal("0.000000146")  # twenty questions of 7, and six units to spare


def assert_exactly_spent(world: World, questions: int) -> None:
    """The ledger shows so many questions, everywhere, and the log is sound."""
    for kind, name in (
        (Kind.PROJECT, "pathways"),
        (Kind.DATASET, "people"),
        (Kind.POPULATION, "residents"),
    ):
        assert world.account(kind, name).spent_nano == 7 * questions
    with world.control.reading() as connection:
        assert reconcile(connection) == ()
        assert verify(connection, KEY.public_key()).sound


def test_threads_do_not_overspend(tmp_path: Path) -> None:
    """Of 64 threads that ask at once, a budget for 20 admits exactly 20."""
    world = worlds.activated(tmp_path / "control.db", FOR_TWENTY)
    with ThreadPoolExecutor(64) as pool:
        outcomes = list(pool.map(lambda n: attempt(world, f"SELECT {n}"), range(64)))
    assert outcomes.count("reserved") == QUESTIONS
    assert outcomes.count("budget_exhausted") == 64 - QUESTIONS
    assert_exactly_spent(world, QUESTIONS)


def test_processes_do_not_overspend(tmp_path: Path) -> None:
    """Of 64 questions from eight processes, a budget for 20 admits exactly 20."""
    path = tmp_path / "control.db"
    world = worlds.activated(path, FOR_TWENTY)
    outcomes = children("ask_at_once", path, world.versions[0], 8, 8)
    assert outcomes.count("reserved") == QUESTIONS
    assert outcomes.count("budget_exhausted") == 64 - QUESTIONS
    assert_exactly_spent(world, QUESTIONS)


def test_one_key_is_charged_once(tmp_path: Path) -> None:
    """Of 16 simultaneous tries with one key, one is charged; the others wait for it."""
    world = worlds.activated(tmp_path / "control.db", FOR_TWENTY)
    with ThreadPoolExecutor(16) as pool:
        outcomes = list(
            pool.map(lambda _: attempt(world, "SELECT 1", "key"), range(16))
        )
    assert outcomes.count("reserved") == 1
    assert outcomes.count("question_in_progress") == 15
    assert_exactly_spent(world, 1)
