"""A project asks the version it pinned, or follows the current one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connectors.errors import Invalid
from privacy.errors import Refused
from tests.environment.behind import sizes
from tests.environment.test_deliveries import delivery
from tests.environment.world import (
    CANARY,
    COMMITTEE,
    PEOPLE,
    RESEARCHER,
    STEWARD,
    furnished,
    project,
    rows,
    write_source,
)
from tre.environment import Environment
from tre.ledger.reserve import reserve
from tre.register.happening import happenings, read_records
from tre.register.projects import projects

COUNT = "SELECT COUNT(*) AS n FROM people"


@pytest.fixture
def environment(tmp_path: Path):
    """People as version 1, and as version 2 with ten rows more; a project on them."""
    folder = tmp_path / "sources"
    folder.mkdir()
    with furnished(tmp_path / "home", folder) as made:
        made.onboard(delivery(folder, rows().slice(0, 10), "2", "1"), person=STEWARD)
        yield made


def asked(environment: Environment, rho: float = 1e-4) -> list[str]:
    """The versions that a question of the project is answered from."""
    release = environment.ask(COUNT, project="pathways", person=RESEARCHER, rho=rho)
    versions: list[str] = release.receipt["question"]["versions"]
    return versions


def test_a_pinned_version_is_asked_until_the_project_follows_again(environment) -> None:
    """Publishing changes nothing for who pinned; following does, and refills none."""
    assert asked(environment) == ["people/2"]
    state = environment.pin("pathways", "people", "1", person=RESEARCHER)
    assert state["pins"] == {
        "people": {"version": "people/1", "label": "1", "asked": True}
    }
    assert asked(environment) == ["people/1"]
    assert sizes(environment) == {"people/1": PEOPLE, "people/2": PEOPLE + 10}
    left = environment.remaining(project="pathways").rho
    environment.follow("pathways", "people", person=RESEARCHER)
    assert environment.remaining(project="pathways").rho == left
    assert asked(environment, 2e-4) == ["people/2"]
    assert environment.verify_audit().sound
    with environment._parts.control.reading() as connection:
        (told,) = projects(happenings(read_records(connection)))
    assert [each["what"] for each in told["history"]][-2:] == [
        "asks people/1 from now on",
        "asks the current version of people from now on",
    ]
    assert told["pins"] == {}


def test_a_late_objection_moves_pins_and_says_so(environment, tmp_path) -> None:
    """Pinned and current versions lose the objector, and the pin goes along."""
    environment.pin("pathways", "people", "people/1", person=RESEARCHER)
    assert asked(environment) == ["people/1"]
    file = tmp_path / "objections.csv"
    file.write_text(f"local-id\n{CANARY}-3\n", encoding="utf-8")
    environment.import_objections(file)
    applied = environment.apply_objections()
    assert applied.versions == ("people/3", "people/4")
    (moved,) = applied.pins
    assert (moved.project, moved.version, moved.to) == (
        "pathways",
        "people/1",
        "people/3",
    )
    assert len(applied.releases) == 1
    assert sizes(environment) == {"people/3": PEOPLE - 1, "people/4": PEOPLE + 8}
    assert asked(environment) == ["people/3"]
    assert environment.dataset("people")["version"] == "2"
    states = {e["id"]: e["state"] for e in environment.dataset("people")["versions"]}
    assert states == {
        "people/1": "destroyed",
        "people/2": "destroyed",
        "people/3": "replaced",
        "people/4": "current",
    }
    assert environment.verify_audit().sound


def test_a_new_spine_version_moves_pins_and_says_so(environment, tmp_path) -> None:
    """What is pinned is numbered anew with the rest, measured, and added to as ever."""
    environment.pin("pathways", "people", "people/1", person=RESEARCHER)
    assert asked(environment) == ["people/1"]
    applied = environment.apply_linkage()
    assert applied.versions == ("people/3", "people/4")
    (moved,) = applied.pins
    assert (moved.version, moved.to) == ("people/1", "people/3")
    assert len(applied.releases) == 1
    assert sizes(environment) == {"people/3": PEOPLE, "people/4": PEOPLE + 10}
    assert asked(environment) == ["people/3"]
    folder = tmp_path / "sources"
    environment.onboard(delivery(folder, rows().slice(0, 5), "3", "2"), person=STEWARD)
    assert sizes(environment)["people/5"] == PEOPLE + 10  # two rows each, at most
    assert asked(environment) == ["people/3"]
    assert environment.verify_audit().sound


def test_a_withdrawn_version_is_asked_by_nobody(environment) -> None:
    """Who pinned it is told so, and goes on with another version."""
    environment.pin("pathways", "people", "1", person=RESEARCHER)
    environment.withdraw("people", person=STEWARD)
    with pytest.raises(Refused):
        asked(environment)
    folder = environment._parts.layout.root.parent / "sources"
    environment.onboard(write_source(folder, rows()), person=STEWARD)
    with pytest.raises(Refused) as caught:
        asked(environment)
    assert caught.value.code == "dataset_withdrawn"
    assert "tre project pin" in caught.value.message
    assert environment.project("pathways")["pins"]["people"]["asked"] is False
    environment.follow("pathways", "people", person=RESEARCHER)
    assert asked(environment) == ["people/3"]
    assert environment.verify_audit().sound


def test_old_versions_stay_citable_with_their_releases(environment) -> None:
    """What became of a version is known long after it was asked, by label or id."""
    environment.pin("pathways", "people", "1", person=RESEARCHER)
    release = environment.ask(COUNT, project="pathways", person=RESEARCHER, rho=1e-4)
    facts = environment.dataset("people", "1")
    assert facts["releases"] == [release.id]
    assert (facts["id"], facts["state"], facts["delivery"]["kind"]) == (
        "people/1",
        "replaced",
        "replace",
    )
    assert facts["changed"] == {}
    later = environment.dataset("people", "people/2")
    assert later["releases"] == []
    (figures,) = later["changed"]["people/1"]
    assert figures.startswith("people has about ")
    with pytest.raises(Refused, match="There is no version 9"):
        environment.dataset("people", "9")


def test_a_project_may_pin_in_its_file(environment) -> None:
    """What was approved says which version it asks from the start."""
    with pytest.raises(Invalid, match="expected a version that can be asked"):
        environment.propose(
            project(name="older", versions={"people": "0"}), person=RESEARCHER
        )
    with pytest.raises(Invalid, match="whose tables are asked for"):
        environment.propose(
            project(name="older", versions={"others": "1"}), person=RESEARCHER
        )
    environment.propose(
        project(name="older", versions={"people": "1"}), person=RESEARCHER
    )
    for person in (COMMITTEE, STEWARD):
        environment.approve("older", person=person)
    assert environment.project("older")["pins"]["people"]["version"] == "people/1"
    release = environment.ask(COUNT, project="older", person=RESEARCHER, rho=1e-4)
    assert release.receipt["question"]["versions"] == ["people/1"]
    environment.close_project("older", outcome="Nothing.", person=RESEARCHER)
    assert environment.project("older")["pins"] == {}
    assert environment.verify_audit().sound


def test_only_a_projects_own_people_pin(environment) -> None:
    """Stewards and the committee do not; nor is anything pinned that is not there."""
    for person in (STEWARD, COMMITTEE, None):
        with pytest.raises(Refused) as caught:
            environment.pin("pathways", "people", "1", person=person)
        assert caught.value.code == "not_permitted"
    for dataset, version in (("people", "0"), ("others", "1")):
        with pytest.raises(Refused) as caught:
            environment.pin("pathways", dataset, version, person=RESEARCHER)
        assert caught.value.code == "unknown_dataset"
    with pytest.raises(Refused, match="follows people's current version"):
        environment.follow("pathways", "people", person=RESEARCHER)


def test_a_question_in_flight_meets_a_new_version(environment, monkeypatch) -> None:
    """What is asked of the current version is refused when that changes meanwhile."""

    def late(*arguments: Any, **named: Any) -> Any:
        monkeypatch.undo()
        environment.pin("pathways", "people", "1", person=RESEARCHER)
        return reserve(*arguments, **named)

    monkeypatch.setattr("tre.enquiry.reserve", late)
    with pytest.raises(Refused) as caught:
        asked(environment)
    assert caught.value.code == "data_changed"
