"""A dataset grows and is corrected by later deliveries, and its questions with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pytest

from connectors.errors import Invalid
from tests.environment.world import (
    PEOPLE,
    RESEARCHER,
    STEWARD,
    furnished,
    package,
    rows,
)
from tests.intake.support import opened
from tre.environment import Environment
from tre.governance.datasets import withdraw_dataset
from tre.governance.replacing import standing_version
from tre.intake import Publication
from tre.profiling import profile
from tre.recorded import zones_of
from tre.register.datasets import datasets
from tre.register.happening import happenings, read_records

COUNT = "SELECT COUNT(*) AS n FROM people"
PERIOD = {"from": "2026-04-06", "until": "2027-04-05"}


@pytest.fixture
def environment(tmp_path: Path):
    """People published as version 1, and a project that asks about them."""
    folder = tmp_path / "sources"
    folder.mkdir()
    with furnished(tmp_path / "home", folder) as made:
        yield made


def delivery(
    folder: Path, table: pa.Table, version: str, to: str, kind: str = "append"
) -> Path:
    """The manifest of a delivery beside its file."""
    document: dict[str, Any] = package()
    document["version"] = version
    document["tre"]["delivery"] = {"kind": kind, "to": to, "period": PERIOD}
    pacsv.write_csv(table, folder / "people.csv")
    manifest = folder / "people.json"
    manifest.write_text(json.dumps(document), encoding="utf-8")
    return manifest


def stored(environment: Environment) -> int:
    """How many rows the version in force has."""
    parts = environment._parts
    with parts.control.reading() as connection:
        found = standing_version(connection, "people")
    assert found is not None
    with opened(zones_of(parts), Path(found.file), found.key_name) as connection:
        ((count,),) = connection.execute("SELECT count(*) FROM f.people").fetchall()
    return int(count)


def append(environment: Environment, folder: Path) -> Publication:
    """Deliver ten of the people again, as later rows."""
    return environment.onboard(
        delivery(folder, rows().slice(0, 10), "2", "1"), person=STEWARD
    )


def test_an_appended_version_is_asked_measured_and_told(environment, tmp_path) -> None:
    """It has the rows of both, a profile of its own, and says publicly how it came."""
    environment.ask(COUNT, project="pathways", person=RESEARCHER, rho=1e-4)
    left = environment.remaining(project="pathways").rho
    append(environment, tmp_path)
    assert stored(environment) == PEOPLE + 10
    assert environment.remaining(project="pathways").rho == left
    release = environment.ask(COUNT, project="pathways", person=RESEARCHER, rho=1e-4)
    assert release.charged
    assert release.receipt["question"]["versions"] == ["people/2"]
    facts = environment.dataset("people")
    assert facts["delivery"] == {"kind": "append", "to": "1", "period": PERIOD}
    (table,) = facts["tables"]
    assert table["profile"]["measured_of"] == "2"
    assert environment.verify_audit().sound
    with environment._parts.control.reading() as connection:
        (told,) = datasets(happenings(read_records(connection)))
    assert told["history"][-1]["what"] == "appended to (of 2026-04-06 to 2027-04-05)"


def test_a_delivery_is_never_taken_in_twice(environment, tmp_path) -> None:
    """Once it is in force, what it was to be added to is asked no more."""
    append(environment, tmp_path)
    with pytest.raises(Invalid, match="expected the version that is asked now: 2 is"):
        append(environment, tmp_path)
    assert stored(environment) == PEOPLE + 10


def test_a_delivery_meets_another_in_between(
    environment, tmp_path, monkeypatch
) -> None:
    """What was published while a delivery was taken in is not lost by it."""

    def beaten(*arguments: Any) -> Any:
        monkeypatch.undo()
        with environment._acting(None) as act:
            withdraw_dataset(act, "people")
        return profile(*arguments)

    monkeypatch.setattr("tre.publishing.profile", beaten)
    with pytest.raises(Invalid, match="another version was published meanwhile"):
        append(environment, tmp_path)


def test_objectors_are_left_out_of_what_stays(environment, tmp_path) -> None:
    """An objection between deliveries holds for the rows of every delivery."""
    file = tmp_path / "objections.csv"
    file.write_text(f"local-id\n{rows()['local'][3].as_py()}\n", encoding="utf-8")
    environment.import_objections(file)
    append(environment, tmp_path)
    assert stored(environment) == PEOPLE + 10 - 2


def test_a_rebuilt_version_can_be_added_to(environment, tmp_path) -> None:
    """After a late objection the next delivery joins what was written anew."""
    environment.apply_objections()
    append(environment, tmp_path)
    assert stored(environment) == PEOPLE + 10
    assert environment.dataset("people")["version"] == "2"
