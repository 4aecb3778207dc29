"""What an earlier version of the program kept is there after an upgrade, and counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, insert, inspect, select

from tests.control.test_database import schema
from tests.control.test_reconciled import world as _world
from tests.control.world import KEY, NOW, World
from tests.postgres import Postgres
from tre.audit.verify import verify
from tre.control.copying import copy_rows
from tre.control.database import open_control
from tre.control.engines import Durability, Place, connect
from tre.control.migrate import SCRIPTS, migrate
from tre.control.tables import metadata
from tre.ledger.reconcile import reconcile
from tre.releases import Content, publish

EARLIER = [each.revision for each in SCRIPTS.walk_revisions()]
NOT_KEPT = Durability.PROCESS_END
rich = _world
"""A control database in which every table has something."""

Rows = Mapping[str, frozenset[str]]


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Where a control database can be made."""
    if request.param == "sqlite":
        yield tmp_path / "control.db"
    else:
        postgres: Postgres = request.getfixturevalue("postgres")
        yield postgres.new()


@pytest.mark.slow
@pytest.mark.parametrize("revision", EARLIER)
def test_what_an_earlier_revision_kept_is_migrated_on_either_engine(
    rich: World, place: Place, tmp_path: Path, revision: str
) -> None:
    """With rows in every table: none is lost or changed, and the ledger adds up.

    The schema is that of a fresh database, and the next question is charged.
    """
    engine = connect(place, NOT_KEPT, 5).engine
    with engine.connect() as connection:
        connection.exec_driver_sql("BEGIN")
        migrate(connection, to=revision)
        kept = _fill(connection, rich)
        connection.commit()
    control = open_control(place, KEY, durability=NOT_KEPT)
    world = World(control, rich.versions)
    assert _rows(control.engine, kept) == kept
    fresh = open_control(tmp_path / "fresh.db", KEY)
    if isinstance(place, Path):
        assert schema(control.engine) == schema(fresh.engine)
    with control.reading() as connection:
        assert verify(connection, KEY.public_key()).sound
        assert reconcile(connection) == ()
    reserved = World(control, ("people/2",)).reserve(7, "SELECT 'later'")
    publish(world.control, reserved, {}, Content("text/csv", b"n"), NOW)
    for each in (engine, control.engine, fresh.engine):
        each.dispose()


@pytest.mark.slow
def test_every_row_is_copied_from_one_engine_to_the_other_and_back(
    rich: World, postgres: Postgres, tmp_path: Path
) -> None:
    """SQLite to PostgreSQL to SQLite: the same rows."""
    places: tuple[Place, ...] = (postgres.new(), tmp_path / "back.db")
    source = rich.control
    made = [open_control(each, KEY, durability=NOT_KEPT) for each in places]
    for target in made:
        with source.reading() as held, target.writing() as empty:
            copy_rows(held, empty)
        source = target
    names = {table.name: frozenset[str]() for table in metadata.sorted_tables}
    assert _rows(source.engine, names) == _rows(rich.control.engine, names)
    for target in made:
        target.close()


def _fill(connection: Connection, rich: World) -> Rows:
    """Copy what there is into the tables and columns that there are; what it was."""
    there = inspect(connection)
    kept: dict[str, frozenset[str]] = {}
    for table in metadata.sorted_tables:
        if not there.has_table(table.name):
            continue
        columns = {each["name"] for each in there.get_columns(table.name)}
        own = [column for column in table.columns if column.name in columns]
        key = there.get_pk_constraint(table.name)["constrained_columns"]
        with rich.control.reading() as reading:
            found = reading.execute(select(*own)).mappings().all()
        # Some tables had a shorter key, and fewer rows.
        rows = list({tuple(row[name] for name in key): row for row in found}.values())
        if rows:
            connection.execute(insert(table), [dict(row) for row in rows])
        kept[table.name] = frozenset(str(sorted(dict(row).items())) for row in rows)
    return kept


def _rows(engine: Engine, kept: Rows) -> Rows:
    """The same rows, of the columns that were kept."""
    found = {}
    with engine.connect() as connection:
        for name, before in kept.items():
            own = _columns(name, before)
            rows = connection.execute(select(*own)).mappings()
            found[name] = frozenset(str(sorted(dict(row).items())) for row in rows)
    return found


def _columns(name: str, before: frozenset[str]) -> list:
    table = metadata.tables[name]
    named = next(iter(before), "")
    return [each for each in table.columns if not before or f"'{each.name}'" in named]
