from __future__ import annotations

import stat
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, inspect, text

from connectors import Invalid
from tests.control.children import children
from tests.control.world import KEY, World
from tre.control.database import REVISION, open_control
from tre.control.migrate import SCRIPTS, migrate


def schema(engine: Engine) -> Mapping[str, object]:
    """Everything the database says of its tables, in an order of its own."""
    seen = inspect(engine)
    return {
        name: {
            "columns": [{**c, "type": str(c["type"])} for c in seen.get_columns(name)],
            "key": seen.get_pk_constraint(name),
            "foreign": sorted(map(str, seen.get_foreign_keys(name))),
            "unique": sorted(map(str, seen.get_unique_constraints(name))),
            "checks": sorted(map(str, seen.get_check_constraints(name))),
            "indexes": sorted(map(str, seen.get_indexes(name))),
        }
        for name in seen.get_table_names()
    }


def test_migrations_make_the_schema_that_a_fresh_database_has(tmp_path: Path) -> None:
    """A database made from the tables and one made by migrations are the same."""
    fresh = open_control(tmp_path / "fresh.db", KEY)
    migrated = create_engine(f"sqlite:///{tmp_path / 'migrated.db'}")
    with migrated.begin() as connection:
        migrate(connection)
    assert schema(fresh.engine) == schema(migrated)
    fresh.close()
    migrated.dispose()


@pytest.mark.parametrize(
    "revision", [each.revision for each in SCRIPTS.walk_revisions()]
)
def test_a_database_of_any_earlier_revision_is_brought_up_to_date(
    tmp_path: Path, revision: str
) -> None:
    """What is in it stays, and its schema is that of a fresh one."""
    path = tmp_path / "earlier.db"
    earlier = create_engine(f"sqlite:///{path}")
    now = "2026-07-01T12:00:00.000000Z"
    with earlier.begin() as connection:
        migrate(connection, to=revision)
        connection.exec_driver_sql(
            f"INSERT INTO person VALUES ('ann', NULL, 1, '{now}')"
        )
        connection.exec_driver_sql(
            "INSERT INTO token (id, person, digest, issued_at, expires_at)"
            f" VALUES ('t', 'ann', 'd', '{now}', '{now}')"
        )
    control = open_control(path, KEY)
    fresh = open_control(tmp_path / "fresh.db", KEY)
    assert schema(control.engine) == schema(fresh.engine)
    with control.reading() as connection:
        token = connection.exec_driver_sql("SELECT person, scopes FROM token").one()
    assert tuple(token) == ("ann", "ask publish read")
    for engine in (earlier, control.engine, fresh.engine):
        engine.dispose()


def test_the_revision_is_that_of_the_newest_migration() -> None:
    """Stamping a fresh database says what the migrations would have said."""
    assert SCRIPTS.get_current_head() == REVISION


def test_a_later_database_is_not_touched(tmp_path: Path) -> None:
    """What a later program made is refused, and stays as it was."""
    path = tmp_path / "control.db"
    open_control(path, KEY).close()
    later = create_engine(f"sqlite:///{path}")
    with later.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Invalid, match="later version"):
        open_control(path, KEY)
    with later.connect() as connection:
        found = connection.execute(text("SELECT version_num FROM alembic_version"))
        assert found.scalar_one() == "9999"
    later.dispose()


def test_opening_a_fresh_database_needs_no_alembic(tmp_path: Path) -> None:
    """A new environment does not wait for a migration tool."""
    program = """
import sys
from pathlib import Path
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tre.control.database import open_control
key = Ed25519PrivateKey.generate()
open_control(Path(sys.argv[1]), key).close()
assert "alembic" not in sys.modules
"""
    subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "control.db")], check=True
    )


def test_only_the_owner_may_read_the_file(tmp_path: Path) -> None:
    """The database and what SQLite keeps beside it are closed to others."""
    control = open_control(tmp_path / "control.db", KEY)
    for path in tmp_path.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    control.close()


def test_a_committed_change_survives_a_power_cut_unless_said_otherwise(
    tmp_path: Path,
) -> None:
    """An environment writes through to the disk, and its foreign keys hold."""
    control = open_control(tmp_path / "control.db", KEY)
    with control.reading() as connection:
        settings = [
            connection.execute(text(f"PRAGMA {name}")).scalar_one()
            for name in ("synchronous", "foreign_keys", "journal_mode")
        ]
    assert settings == [2, 1, "wal"]
    control.close()


def test_processes_that_open_a_fresh_database_at_once_all_succeed(
    tmp_path: Path,
) -> None:
    """One makes the tables; the others find them."""
    assert children("open_at_once", tmp_path / "control.db", 8) == ["0"] * 8


def test_a_failed_open_lets_go_of_the_file(tmp_path: Path) -> None:
    """A file that is no database is refused with an error, not with a hang."""
    path = tmp_path / "control.db"
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(Exception, match="not a database"):
        open_control(path, KEY)


def test_a_writer_waits_for_the_one_before(new: World) -> None:
    """Two writers of one process follow one another; readers see whole changes."""
    entered, order = threading.Event(), []

    def first() -> None:
        with new.control.writing():
            entered.set()
            time.sleep(0.05)
            order.append("first")

    thread = threading.Thread(target=first)
    thread.start()
    entered.wait()
    with new.control.writing():
        order.append("second")
    thread.join()
    assert order == ["first", "second"]


def test_the_key_is_not_shown(new: World) -> None:
    """Printing the control plane prints no key."""
    assert "signing_key" not in repr(new.control)
    assert "PrivateKey" not in repr(new.control)
