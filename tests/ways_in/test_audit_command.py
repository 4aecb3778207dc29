"""A log that was changed does not verify, and the command says where."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.ways_in.conftest import Said
from tests.ways_in.world import RESEARCHER

CHANGES = {
    "flipped": "UPDATE audit_record SET actor = 'nobody' WHERE position = 3",
    "dropped": "DELETE FROM audit_record WHERE position = 3",
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_changed_record_is_named(
    home: Path, tre: Callable[..., Said], change: str
) -> None:
    """Status 1, and the first record that is not the one that was written."""
    database = home / "control.sqlite"
    kept = database.read_bytes()
    try:
        with sqlite3.connect(database) as connection:
            connection.execute(change)
        connection.close()
        said = tre("audit", "verify")
        as_json = json.loads(tre("audit", "verify", "--json").out)
    finally:
        database.write_bytes(kept)
    assert said.status == 1
    assert "The log does not stand at record 3: " in said.out
    assert (as_json["sound"], as_json["position"]) == (False, 3)
    assert tre("audit", "verify").status == 0


def test_a_log_cut_short_shows_against_a_checkpoint(
    home: Path, tre: Callable[..., Said], tmp_path: Path
) -> None:
    """Records lost together with their heads are missed against a kept head."""
    database = home / "control.sqlite"
    kept = database.read_bytes()
    tre(
        "query",
        "SELECT COUNT(*) AS n FROM people",
        *("--project", "pay", "--person", RESEARCHER),
    )
    head = tmp_path / "head.json"
    head.write_text(tre("audit", "checkpoint").out)
    for beside in home.glob("control.sqlite-*"):
        beside.unlink()
    database.write_bytes(kept)
    assert tre("audit", "verify").status == 0
    said = tre("audit", "verify", "--checkpoint", head)
    assert said.status == 1
    assert "missing" in said.out
