"""What the environment acts on is what its log says, or `verify_audit` names it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.environment.world import RESEARCHER, furnished
from tre.environment import Environment


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment where a question was asked, and it is closed."""
    folder = tmp_path_factory.mktemp("audit")
    with furnished(folder / "home", folder) as environment:
        sql = "SELECT COUNT(*) AS n FROM people"
        environment.ask(sql, project="pathways", person=RESEARCHER, epsilon=0.1)
    return folder / "home"


CHANGES = {
    "a balance": (
        "UPDATE account SET spent_nano = 0 WHERE kind = 'project'",
        "the account of the project",
    ),
    "a budget": (
        "UPDATE account SET total_nano = total_nano * 2 WHERE kind = 'population'",
        "may spend more than the log has",
    ),
    "charges": ("DELETE FROM charge", "the charges of"),
    "profile charges": ("DELETE FROM measurement_charge", "the charges of"),
    "an outcome": (
        "UPDATE question SET state = 'failed' WHERE state = 'released'",
        "the outcomes of",
    ),
    "a role": (
        f"INSERT INTO person_role VALUES ('{RESEARCHER}', 'administrator')",
        f"the person {RESEARCHER}",
    ),
    "a controller": (
        "UPDATE person SET controller = 'Elsewhere' WHERE controller IS NOT NULL",
        "the person",
    ),
    "a cap of rows": (
        """UPDATE published_table SET body =
        replace(body, '"rows_per_person":', '"rows_per_person":1')""",
        "what is public of version",
    ),
    "a version": ("UPDATE dataset_version SET state = 'replaced'", "the state of"),
}


@pytest.mark.parametrize(("change", "named"), CHANGES.values(), ids=CHANGES)
def test_a_changed_table_is_named(home: Path, change: str, named: str) -> None:
    """No balance, charge, role or public fact can be changed behind the log's back."""
    database = home / "control.sqlite"
    kept = database.read_bytes()
    try:
        with sqlite3.connect(database) as connection:
            assert connection.execute(change).rowcount > 0
        connection.close()
        with Environment.open(home) as environment:
            found = environment.verify_audit()
    finally:
        for beside in home.glob("control.sqlite-*"):
            beside.unlink()
        database.write_bytes(kept)
    assert not found.sound
    assert found.problem == ""
    assert any(named in f"{each.what} {each.problem}" for each in found.differences)


def test_a_published_file_that_is_another_is_named(home: Path) -> None:
    """A version's file is the one that was published, byte for byte."""
    (file,) = (home / "zones" / "research").glob("*.duckdb")
    kept = file.read_bytes()
    file.chmod(0o600)
    with Environment.open(home) as environment:
        assert environment.verify_audit().sound
        try:
            file.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
            (found,) = environment.verify_audit().differences
        finally:
            file.write_bytes(kept)
        assert found.problem == "is not the one published"
        assert environment.verify_audit().sound
