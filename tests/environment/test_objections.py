"""Who objects changes no answer, and what is withdrawn cannot be read again."""

from __future__ import annotations

import hashlib
import pkgutil
from importlib import import_module
from pathlib import Path

import pytest

from connectors.errors import Invalid
from privacy.errors import Refused
from tests.environment.behind import recorded, rows_of, standing
from tests.environment.world import (
    CANARY,
    PEOPLE,
    RESEARCHER,
    STEWARD,
    furnished,
    project,
    rows,
    write_source,
)
from tests.intake.support import opened
from tre.environment import Environment
from tre.governance.replacing import Standing, doomed_versions
from tre.inspection.kept import recall_summary
from tre.intake import Zones
from tre.keystore import KeyUnavailable

COUNT = "SELECT COUNT(*) AS n FROM people"


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """Where the steward's files are."""
    folder = tmp_path / "sources"
    folder.mkdir()
    return folder


@pytest.fixture
def environment(tmp_path: Path, sources: Path):
    """People published, and a project that asks about them."""
    with furnished(tmp_path / "home", sources) as made:
        yield made


def _objections(folder: Path, *people: int, header: str = "local-id") -> Path:
    file = folder / "objections.csv"
    lines = [header, *(f"{CANARY}-{number}" for number in people)]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def _standing(environment: Environment) -> Standing:
    (found,) = standing(environment)
    return found


def _published(environment: Environment) -> list[tuple]:
    """Every published row, without numbers drawn by lot, sorted."""
    query = "SELECT * EXCLUDE (person_id, _order) FROM f.people ORDER BY ALL"
    return rows_of(environment, _standing(environment), query)


def _ages(environment: Environment) -> list[int]:
    return sorted(row[2] for row in _published(environment))


def test_an_objector_is_left_out_of_the_next_publication(environment, sources) -> None:
    """What is published after an objection has nothing of the objector."""
    environment.import_objections(_objections(sources, 7))
    assert len(_published(environment)) == PEOPLE
    environment.onboard(write_source(sources, rows()), person=STEWARD)
    assert _ages(environment) == sorted(n % 80 for n in range(PEOPLE) if n != 7)


def test_an_objectors_values_change_nothing(tmp_path: Path) -> None:
    """Whatever an objector's row says, what is published is the same."""
    found = []
    for said in (11, 99):
        folder = tmp_path / str(said)
        (folder / "sources").mkdir(parents=True)
        with furnished(folder / "home", folder / "sources") as environment:
            environment.import_objections(_objections(folder / "sources", 7))
            table = rows()
            ages = table["age"].to_pylist()
            ages[7] = said
            changed = table.set_column(3, "age", [ages])
            environment.onboard(
                write_source(folder / "sources", changed), person=STEWARD
            )
            found.append(_published(environment))
    assert found[0] == found[1]


def test_a_late_objection_rebuilds_what_is_asked(environment, sources) -> None:
    """Everything that can be asked is written anew; earlier releases are named."""
    release = environment.ask(COUNT, project="pathways", person=RESEARCHER, rho=0.01)
    before = _standing(environment)
    environment.import_objections(_objections(sources, 7, 8))
    applied = environment.apply_objections()
    assert applied.releases == (release.id,)
    assert applied.versions == ("people/2",)
    after = sorted(n % 80 for n in range(PEOPLE) if n not in {7, 8})
    assert _ages(environment) == after
    with pytest.raises(KeyUnavailable):
        environment._parts.keystore.key(before.key_name)
    assert not (environment._parts.layout.root / before.file).exists()
    again = environment.ask(COUNT, project="pathways", person=RESEARCHER, rho=0.01)
    assert again.charged
    (said,) = recorded(environment, "dataset.rebuilt")
    assert said["of"] == "people/2"
    assert (said["replaces"], said["reason"]) == ("people/1", "objection")
    assert environment.verify_audit().sound


def test_applying_again_is_the_same_whether_anybody_objected(environment) -> None:
    """A rebuild without objections changes no row: only its number tells."""
    before = _published(environment)
    assert environment.apply_objections().versions == ("people/2",)
    assert _published(environment) == before


def test_objections_that_recognise_nobody_are_named(environment, sources) -> None:
    """A line without enough identifiers is told by its number, and not kept."""
    file = sources / "objections.csv"
    file.write_text("local_id,surname,purposes\n,Lund,\nx-1,,research\n")
    taken = environment.import_objections(file)
    assert (taken.taken, taken.unknown) == (1, (2,))


def test_numbers_that_are_never_issued_are_named(environment, sources) -> None:
    """By themselves they recognise nobody; and missing ones are no fault."""
    file = sources / "objections.csv"
    header = "nhs-number,national-insurance-number,local-id"
    lines = [
        "943 476 5919,,",
        "9434765918,,",
        ",AB123456C,",
        "9434765919,QQ123456C,x-1",
    ]
    file.write_text("\n".join([header, *lines, ",,x-2"]) + "\n")
    taken = environment.import_objections(file)
    assert (taken.taken, taken.unknown, taken.misread) == (4, (3,), (5,))


@pytest.mark.parametrize("header", ["name of the cat", "purposes"])
def test_objections_need_kinds_of_identifiers(environment, sources, header) -> None:
    """A column that is no kind of identifier is refused by its name."""
    with pytest.raises(Invalid, match=r"expected (one of local-id|a column)"):
        environment.import_objections(_objections(sources, 7, header=header))


def test_only_stewards_and_administrators_take_objections(environment, sources) -> None:
    """A researcher neither takes objections in nor applies them."""
    with pytest.raises(Refused, match="may not take in objections"):
        environment.import_objections(_objections(sources, 7), person=RESEARCHER)
    with pytest.raises(Refused, match="may not take in objections"):
        environment.apply_objections(person=RESEARCHER)


def test_a_withdrawn_dataset_is_destroyed_with_proof(environment) -> None:
    """Key and file are gone, the log says what the file was, and nobody can ask."""
    found = _standing(environment)
    file = environment._parts.layout.root / found.file
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    zones = Zones(environment._parts.layout.root, environment._parts.keystore)
    assert recall_summary(zones, "people") is not None
    environment.withdraw("people", person=STEWARD)
    assert recall_summary(zones, "people") is None
    assert not list(zones.folder("landing").glob("people*"))
    assert not file.exists()
    with pytest.raises(KeyUnavailable):
        environment._parts.keystore.key(found.key_name)
    proof = {"key": found.key_name, "file_sha256": sha256}
    assert recorded(environment, "dataset.destroyed") == [
        {"of": "people/1", "by": STEWARD, **proof}
    ]
    with pytest.raises(Refused):
        environment.ask(COUNT, project="pathways", person=RESEARCHER, rho=0.01)
    with pytest.raises(Refused, match="withdrawn"):
        environment.dummy("people", rows=1, seed=1)
    assert environment.verify_audit().sound
    assert environment.dataset("people")["state"] == "withdrawn"


def test_withdrawal_forgets_identifiers_nobody_else_has(environment) -> None:
    """The linkage zone keeps nothing that came from the dataset alone."""
    environment.withdraw("people")
    parts = environment._parts
    zones = Zones(parts.layout.root, parts.keystore)
    file = zones.spine("residents")
    with opened(zones, file, zones.key_name(file)) as connection:
        for table in ("record", "token", "seen", "doubt"):
            assert connection.execute(f"SELECT * FROM f.{table}").fetchall() == []


def test_destruction_that_was_interrupted_is_finished(
    tmp_path, sources, monkeypatch
) -> None:
    """A withdrawal that is on record and not yet done is done when next opened."""
    import tre.objecting

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    home = tmp_path / "home"
    with furnished(home, sources) as environment, monkeypatch.context() as patched:
        patched.setattr(tre.objecting, "destroy", stopped)
        with pytest.raises(KeyboardInterrupt):
            environment.withdraw("people")
    found = sorted((home / "zones" / "research").glob("*.duckdb"))
    assert found
    with Environment.open(home) as again:
        assert not any(file.exists() for file in found)
        with again._parts.control.reading() as connection:
            assert doomed_versions(connection) == ()
        assert len(recorded(again, "dataset.destroyed")) == 1


@pytest.mark.parametrize(
    "broken", ["tre.objecting.rebuild", "tre.rewritten.replace_versions"]
)
def test_a_rebuild_that_is_interrupted_changes_nothing(
    environment, sources, monkeypatch, broken
) -> None:
    """Until the switch the old version is asked; afterwards only the new one."""
    environment.import_objections(_objections(sources, 7))
    before, old = _published(environment), _standing(environment)
    done = pkgutil.resolve_name(broken)

    def stopped(*arguments: object) -> None:
        done(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(broken, stopped)
    with pytest.raises(KeyboardInterrupt):
        environment.apply_objections()
    monkeypatch.undo()
    assert _standing(environment) == old
    assert _published(environment) == before
    assert environment.apply_objections().versions == ("people/2",)
    assert len(_published(environment)) == PEOPLE - 1


# ---------------------------------------------------------------------- by purpose


def _by_purpose(folder: Path, **said: str) -> Path:
    file = folder / "purposes.csv"
    lines = [f'{CANARY}-{number[1:]},"{said[number]}"' for number in said]
    file.write_text("\n".join(["local-id,purposes", *lines]) + "\n", encoding="utf-8")
    return file


ABOUT = {"p3": "marketing", "p4": "", "p5": "Research, marketing", "p6": "all of it"}
"""Who objects: to another purpose, to all, to ours too, to what nobody knows."""


def _present(environment: Environment) -> list[int]:
    """Which of the first people are in what is published, by their ages."""
    ages = _ages(environment)
    return [n for n in range(10) if ages.count(n) == _times(n)]


def _times(age: int) -> int:
    return sum(number % 80 == age for number in range(PEOPLE))


def test_an_objection_to_another_purpose_leaves_people_in(environment, sources) -> None:
    """Who objects to what a version can never be asked for stays; all others go."""
    environment.set_conditions("people", {"purposes": ["research"]}, person=STEWARD)
    environment.propose(
        project(name="adverts", purposes=["marketing"]), person=RESEARCHER
    )
    for person in ("committee@example.org", STEWARD):
        environment.approve("adverts", person=person)
    environment.import_objections(_by_purpose(sources, **ABOUT))
    environment.onboard(write_source(sources, rows()), person=STEWARD)
    assert _present(environment) == [0, 1, 2, 3, 7, 8, 9]
    assert environment.ask(COUNT, project="pathways", person=RESEARCHER, rho=0.01)
    environment.apply_objections()
    assert _present(environment) == [0, 1, 2, 3, 7, 8, 9]


def test_without_a_condition_every_objection_counts(environment, sources) -> None:
    """A version that may be used for anything has nobody who objects to something."""
    environment.import_objections(_by_purpose(sources, **ABOUT))
    environment.onboard(write_source(sources, rows()), person=STEWARD)
    assert _present(environment) == [0, 1, 2, 7, 8, 9]


def test_a_version_is_asked_only_for_what_it_was_published_for(
    environment, sources
) -> None:
    """Conditions lifted afterwards do not bring its people under other purposes."""
    environment.set_conditions("people", {"purposes": ["statistics"]}, person=STEWARD)
    environment.onboard(write_source(sources, rows()), person=STEWARD)
    environment.lift_conditions("people", person=STEWARD)
    with pytest.raises(Refused) as caught:
        environment.ask(COUNT, project="pathways", person=RESEARCHER, rho=0.01)
    assert caught.value.code == "condition_unmet"
    assert "published for statistics alone" in caught.value.message
    environment.onboard(write_source(sources, rows()), person=STEWARD)
    assert environment.ask(COUNT, project="pathways", person=RESEARCHER, rho=0.01)


def test_a_late_objection_is_reported_with_the_releases_before(
    environment, sources
) -> None:
    """The report stays, names every release, and none of those who object."""
    assert environment.late_objections() == ()
    release = environment.ask(COUNT, project="pathways", person=RESEARCHER, rho=0.01)
    environment.import_objections(_objections(sources, 7))
    environment.apply_objections()
    later = environment.ask(COUNT, project="pathways", person=RESEARCHER, rho=0.01)
    (report,) = environment.late_objections()
    assert (report.replaced, report.releases) == (("people/1",), (release.id,))
    assert later.id not in report.releases
    assert CANARY not in repr(report)


def test_what_an_earlier_release_published_is_written_anew_and_not_measured(
    tmp_path: Path, sources: Path, monkeypatch
) -> None:
    """Without what its people brought, it is asked on, and nothing is paid for that."""
    intake = import_module("tre.intake.onboard")  # the package has its function
    with monkeypatch.context() as earlier:
        earlier.setattr(intake, "summarise", lambda *_: None)
        earlier.setattr("tre.profiling.reserve_measurement", lambda *_, **__: None)
        environment = furnished(tmp_path / "home", sources)
    with environment:
        environment.import_objections(_objections(sources, 7))
        left = environment.remaining_of_population("residents").rho
        assert environment.apply_objections().versions == ("people/2",)
        assert environment.remaining_of_population("residents").rho == left
        assert len(_published(environment)) == PEOPLE - 1
        (table,) = environment.dataset("people")["tables"]
        assert table["linkage"]["figures"] is None
        assert environment.ask(COUNT, project="pathways", person=RESEARCHER, rho=0.01)
