from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

from tests.control import world as worlds
from tests.control.children import attempt
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
