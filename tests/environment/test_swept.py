"""Opening removes nothing of which the log does not prove that it may be removed."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select

from connectors.errors import Invalid
from tests.control.test_log import truncate
from tests.control.world import KEY, World
from tests.enclave.clocks import reopened
from tests.environment.world import RESEARCHER, furnished, write_source
from tests.environment.world import rows as people_rows
from tre.control.database import open_control
from tre.control.tables import audit_head
from tre.environment import Environment
from tre.governance.datasets import withdraw_dataset
from tre.recorded import zones_of

COUNT = "SELECT COUNT(*) AS n FROM people"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with two datasets, and the head of its log outside."""
    folder = tmp_path_factory.mktemp("swept")
    outside = folder / "outside"
    outside.mkdir()
    with furnished(folder / "home", folder) as environment:
        environment.publish_heads_to(str(outside))
        environment.onboard(write_source(folder, people_rows(), "others"))
        environment.log.publish()
    return folder / "home"


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(made, tmp_path / "home"))


def content(home: Path) -> Mapping[str, bytes]:
    """What could be lost for good: keys, versions and spines."""
    kept = [home / "keys", home / "zones" / "research", home / "zones" / "linkage"]
    return {
        str(file.relative_to(home)): file.read_bytes()
        for folder in kept
        for file in sorted(folder.iterdir())
    }


def change(home: Path, *statements: str) -> None:
    """Change the control database behind everybody's back."""
    with closing(sqlite3.connect(home / "control.sqlite")) as connection, connection:
        for statement in statements:
            connection.execute(statement)


FORGED = """
INSERT INTO audit_record
SELECT max(position) + 1, max(at), 'administrator', 'dataset.withdrawn', 'people', '{}'
FROM audit_record
"""
FILES_SWAPPED = (
    "CREATE TABLE kept AS SELECT dataset, file, key_name FROM dataset_version",
    "UPDATE dataset_version SET file = dataset",
    *(
        f"""UPDATE dataset_version SET
        file = (SELECT file FROM kept WHERE dataset = '{its}'),
        key_name = (SELECT key_name FROM kept WHERE dataset = '{its}')
        WHERE dataset = '{own}'"""
        for own, its in (("people", "others"), ("others", "people"))
    ),
    "DROP TABLE kept",
)
KEYS_SWAPPED = (
    """UPDATE dataset_version SET
    key_name = (SELECT key_name FROM dataset_version WHERE dataset = 'others')""",
)
GONE = ("DELETE FROM published_table", "DELETE FROM dataset_version")
TAMPERED = {
    "no versions": (GONE, "no version on record has this file"),
    "one version less": (
        (
            "DELETE FROM published_table WHERE version LIKE 'people/%'",
            "DELETE FROM dataset_version WHERE dataset = 'people'",
        ),
        "no version on record has this file",
    ),
    "withdrawn by hand": (
        ("UPDATE dataset_version SET state = 'withdrawn'",),
        "the log has it as current, and the table of versions as withdrawn",
    ),
    "withdrawn by a forged record": (
        ("UPDATE dataset_version SET state = 'withdrawn'", FORGED),
        "the log: this record is not the one that was written",
    ),
    "another file's name": (
        ("UPDATE dataset_version SET file = 'zones/research/' || dataset",),
        "no version on record has this file",
    ),
    "no records": (
        [f"DELETE FROM audit_{part}" for part in ("record", "node", "tree", "head")],
        "nothing is in it",
    ),
}


@pytest.mark.parametrize(("statements", "said"), TAMPERED.values(), ids=TAMPERED)
def test_a_changed_control_database_has_nothing_removed(
    home: Path, statements: tuple[str, ...], said: str
) -> None:
    """It is not opened, says what to do, and every key, version and spine is there."""
    before = content(home)
    change(home, *statements)
    with pytest.raises(Invalid, match=said) as refused:
        Environment.open(home)
    assert content(home) == before
    assert "back" in str(refused.value)


def test_an_empty_control_database_has_nothing_removed(home: Path) -> None:
    """Nor is one that somebody made anew, whatever lies beside it."""
    before = content(home)
    for part in home.glob("control.sqlite*"):
        part.unlink()
    (home / "control.sqlite").touch()
    with pytest.raises(Invalid, match="nothing is in it"):
        Environment.open(home)
    assert content(home) == before


def test_an_older_control_database_has_nothing_removed(
    made: Path, home: Path, tmp_path: Path
) -> None:
    """A version of after it is not taken for what an intake left behind."""
    with Environment.open(home) as environment:
        environment.onboard(write_source(tmp_path, people_rows(), "later"))
    before = content(home)
    for part in home.glob("control.sqlite*"):
        part.unlink()
    shutil.copy(made / "control.sqlite", home / "control.sqlite")
    with pytest.raises(Invalid, match="Where the control database is not the newest"):
        Environment.open(home)
    assert content(home) == before


def test_a_draft_is_removed_only_where_the_log_is_whole(home: Path) -> None:
    """What an intake left goes; not where the log was cut, or where it was published.

    The newest head outside shows the cut.
    """
    with Environment.open(home) as environment:
        zones = zones_of(environment._parts)
        (version,) = zones.folder("research").glob("people-*.duckdb")
    draft = zones.begin_version("people")
    zones.keystore.create_key(zones.key_name(draft))
    draft.write_bytes(version.read_bytes())
    with pytest.raises(Invalid, match="it is the file of version people/1"):
        Environment.open(home)
    draft.write_bytes(b"half a version")
    control = open_control(home / "control.sqlite", KEY)
    with control.reading() as connection:
        heads = connection.execute(select(audit_head.c.size).order_by("size")).scalars()
        last = list(heads)[-2]
    truncate(World(control), last)
    control.close()
    before = content(home)
    with pytest.raises(Invalid, match="the records from here on are missing"):
        Environment.open(home)
    assert content(home) == before


def test_what_an_intake_left_is_removed_and_the_rest_answers(home: Path) -> None:
    """The usual case."""
    before = content(home)
    with Environment.open(home) as environment:
        zones = zones_of(environment._parts)
    draft = zones.begin_version("people")
    zones.keystore.create_key(zones.key_name(draft))
    draft.write_bytes(b"half a version")
    with reopened(home) as environment:
        assert content(home) == before
        asked = environment.ask(COUNT, project="pathways", person=RESEARCHER, rho=1e-4)
        assert asked.charged
        assert environment.verify_audit().sound


def test_a_withdrawn_version_is_destroyed_and_no_other_in_its_place(
    home: Path, tmp_path: Path
) -> None:
    """Where the tables name another's file, or say that it has another key: nothing."""
    with Environment.open(home) as environment, environment._acting(None) as act:
        withdraw_dataset(act, "people")  # and a crash before it is destroyed
    before = content(home)
    for number, swap in enumerate((FILES_SWAPPED, KEYS_SWAPPED)):
        copy = Path(shutil.copytree(home, tmp_path / f"swapped-{number}"))
        change(copy, *swap)
        with pytest.raises(Invalid, match="is not the one that was published"):
            Environment.open(copy)
        assert content(copy) == before
    with Environment.open(home) as environment:
        assert environment.verify_audit().sound
    gone = before.keys() - content(home).keys()
    assert {Path(name).suffix for name in gone} >= {".duckdb", ".key"}
    assert all("people" in Path(name).name for name in gone)
