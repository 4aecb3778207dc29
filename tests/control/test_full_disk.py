"""A disk that takes nothing more: a question is refused, or charged and recorded."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex
from typing import Any, Final

import pytest
from sqlalchemy import event, text

from privacy.errors import Failed
from tests.control import world as worlds
from tests.control.test_concurrency import assert_exactly_spent
from tests.control.test_fault import answered
from tests.control.world import KEY, NOW, World
from tests.postgres import Postgres, running
from tre.control.database import open_control
from tre.ledger.settle import recover

filling = pytest.mark.skipif(
    shutil.which("prlimit") is None, reason="only prlimit can fill a server's disk"
)

SEGMENT: Final = 2**24
"""Bytes of a file of PostgreSQL's write-ahead log, which it makes whole beforehand."""

_FILL: Final = """
INSERT INTO {table}
SELECT (jsonb_populate_record(kept, jsonb_build_object('{key}', number + 1000000))).*
FROM {table} AS kept, generate_series(1, 120000) AS number
WHERE kept.{key} = (SELECT max({key}) FROM {table})
"""
"""Rows like the last one: undone, they leave a file that must grow for every other."""


def test_a_full_disk_refuses_or_completes(tmp_path: Path) -> None:
    """When SQLite has no page left, what was begun is undone, until there is room."""
    world = worlds.activated(tmp_path / "control.db", 100)
    full = True

    def bound(connection: Any, *_: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        most = pages + 3 if full else 2**30
        connection.execute(f"PRAGMA max_page_count = {most}")

    event.listen(world.control.engine.pool, "checkout", bound)
    outcomes: Counter[str] = Counter()
    long = "x" * 9000
    for number in range(40):
        outcomes[answered(world, f"SELECT {number} /* {long} */")] += 1
    assert outcomes["unavailable"]
    full = False
    waiting = outcomes["reserved"]
    assert recover(world.control, lambda _name: False, NOW) == waiting
    assert answered(world, "SELECT 'room'") == "released"
    assert_exactly_spent(world, waiting + outcomes["released"] + 1)
    world.control.close()


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """A server of these tests' own, which others would miss."""
    with running() as postgres:
        yield postgres


def fill(world: World, table: str, key: str) -> None:
    """Leave no room in the table, and more bytes in its file than a segment has."""
    with world.control.engine.connect() as connection:
        connection.exec_driver_sql(
            f"ALTER TABLE {table} SET (autovacuum_enabled = false)"
        )
        connection.exec_driver_sql("BEGIN")
        # What they refer to need not be there: they never will be.
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        connection.execute(text(_FILL.format(table=table, key=key)))
        connection.exec_driver_sql("ROLLBACK")
        size = connection.execute(text(f"SELECT pg_relation_size('{table}')"))
        assert size.scalar_one() > SEGMENT


@filling
@pytest.mark.slow
@pytest.mark.parametrize(
    ("table", "key", "found"),
    [
        ("question", "id", {"unavailable"}),
        ("audit_record", "position", {"unavailable"}),
        ("release", "id", {"reserved"}),
    ],
)
def test_a_full_disk_of_a_server_refuses_or_completes(
    server: Postgres, table: str, key: str, found: set[str]
) -> None:
    """When PostgreSQL has no room for a table, nothing is half done, until there is.

    Where a question finds no room it is refused; where its release does, it stays
    charged, and is settled as failed.
    """
    world = worlds.activated(server.new(), 100)
    assert answered(world, "SELECT 'before'") == "released"
    fill(world, table, key)
    server.limit_files(SEGMENT)
    outcomes = Counter(answered(world, f"SELECT {number}") for number in range(60))
    server.limit_files("unlimited")
    assert found <= set(outcomes) <= {"released"} | found
    assert recover(world.control, lambda _name: False, NOW) == outcomes["reserved"]
    assert answered(world, "SELECT 'room'") == "released"
    assert_exactly_spent(world, 2 + outcomes["released"] + outcomes["reserved"])
    world.control.close()


@filling
@pytest.mark.slow
@pytest.mark.parametrize("statement", ["INSERT INTO question", "INSERT INTO release"])
def test_a_servers_log_that_finds_no_room_loses_no_charge(statement: str) -> None:
    """The server ends, as PostgreSQL does then; what it had committed, it has later.

    Whether it had is not known meanwhile, so a question may be told that it failed
    and not be charged, and never the other way round.
    """
    with running() as postgres:
        place = postgres.new()
        worlds.activated(place, 100).control.close()
        world = World(open_control(place, KEY), ("people/1",))  # survives a power cut
        assert answered(world, "SELECT 'before'") == "released"

        room = True

        def fill_disk(*arguments: Any) -> None:
            nonlocal room
            if room and arguments[2].startswith(statement):
                room = False
                postgres.limit_files(0)

        event.listen(world.control.engine, "before_cursor_execute", fill_disk)
        key = token_hex(4)
        first = told(world, key)
        assert told(world, token_hex(4)) == "unavailable"
        postgres.kill()  # where it waits for room to recover
        postgres.start()
        recover(world.control, lambda _name: False, NOW)
        then = told(world, key)
        assert (first, then) in {
            ("unavailable", "released"),  # never charged, and asked anew
            ("failed", "released"),
            ("failed", "failed"),
            ("reserved", "failed"),
        }
        assert_exactly_spent(world, 2)
        world.control.close()


def told(world: World, key: str) -> str:
    """What somebody is told who asks, or asks again, under this key."""
    try:
        return answered(world, "SELECT 1", key)
    except Failed:
        return "failed"
