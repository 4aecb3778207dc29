"""The public register is made of the log alone, and tells nothing of the data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from itertools import combinations
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from sqlalchemy import select

from privacy.errors import Refused
from tests.control import world as worlds
from tests.control.world import (
    ADMINISTRATOR,
    COMMITTEE,
    NOW,
    RESEARCHER,
    STEWARD,
    World,
    application,
    publication,
    table,
    zcdp,
)
from tre.audit.kinds import KINDS
from tre.audit.record import Record
from tre.control.canonical import canonical
from tre.control.tables import audit_record
from tre.governance.application import read_application
from tre.governance.conditions import Conditions, set_conditions
from tre.governance.datasets import switch_versions, withdraw_dataset
from tre.governance.incidents import About, record_incident, resolve_incident
from tre.governance.organisations import add_organisation, affiliate
from tre.governance.people import add_person
from tre.governance.populations import Grant, agree_next_period
from tre.governance.project import COMMITTEE as THE_COMMITTEE
from tre.governance.project import find_project
from tre.governance.projects import (
    amend_project,
    approve_project,
    close_project,
    suspend_project,
    withdraw_approval,
)
from tre.governance.roles import Role
from tre.ledger.account import Kind
from tre.ledger.settle import record_refusal, settle_failed
from tre.register.algorithm import BY_WHO_RUNS_IT, algorithm
from tre.register.feed import ATOM, MOST, feed
from tre.register.happening import TOLD, read_records
from tre.register.kept import KeptRegister
from tre.register.pages import algorithm_page, index_page, project_page, used_page
from tre.register.populations import rho
from tre.register.register import register, written
from tre.register.used import Dealt, choices, used
from tre.releases import Content, publish

CONTROLLER = "Department of Examples"


def told(world: World) -> tuple[Record, ...]:
    """The records that the register is made of."""
    with world.control.reading() as connection:
        return tuple(read_records(connection))


def made(world: World) -> Mapping[str, Any]:
    """The register."""
    return register(told(world))


def project(world: World, name: str = "pathways") -> Mapping[str, Any]:
    """One project of the register."""
    (found,) = [each for each in made(world)["projects"] if each["name"] == name]
    return found


def pages(document: Mapping[str, Any]) -> bytes:
    """Everything there is of a register, as bytes."""
    names = [each["name"] for each in document["projects"]]
    return b"".join(
        (
            written(document),
            written(algorithm(document)),
            index_page(document).encode(),
            algorithm_page(document).encode(),
            used_page(document, Dealt(frozenset({CONTROLLER}))).encode(),
            *(project_page(document, name).encode() for name in names),
        )
    )


def copied(world: World) -> list[Record]:
    """The whole log as somebody else has it: through JSON, record by record."""
    with world.control.reading() as connection:
        rows = connection.execute(select(audit_record).order_by("position")).all()
    return [Record(**json.loads(json.dumps(dict(row._mapping)))) for row in rows]


def lived(path: Path) -> World:
    """A world in which much has happened."""
    world = worlds.activated(path)
    with world.act(ADMINISTRATOR) as act:
        add_organisation(act, "University of Examples")
        affiliate(act, RESEARCHER, "University of Examples")
        add_person(act, "other", [Role.STEWARD], "Office of Others")
        tables = (table("earnings", "earnings", "pay"),)
        public = {"legal_basis": "An Act, section 64", "retention": "2031-12-31"}
        switch_versions(
            act,
            [
                publication(
                    "earnings",
                    controller="Office of Others",
                    tables=tables,
                    descriptor={"name": "earnings", **public},
                )
            ],
        )
    world.reserve(1_000)
    with world.act(RESEARCHER) as act:
        wanted = {"people": ["age"], "earnings": ["pay"]}
        amend_project(act, read_application(application(datasets=wanted)))
    for person in ("other", COMMITTEE):
        with world.act(person) as act:
            approve_project(act, "pathways")
    with world.act(STEWARD) as act:
        set_conditions(act, "people", Conditions(purposes=("research",)))
    record_refusal(world.control, world.question().asked, Refused("join", "No."), NOW)
    with world.act(ADMINISTRATOR) as act:
        record_incident(act, "A laptop was lost; nothing was on it.", About("pathways"))
    return world


@pytest.fixture(scope="module")
def much(tmp_path_factory: pytest.TempPathFactory):
    """A world in which much has happened, not to be changed."""
    world = lived(tmp_path_factory.mktemp("much") / "control.db")
    yield world
    world.control.close()


# ------------------------------------------------------------------ from the log alone


def test_a_copy_of_the_log_gives_the_same_bytes(much: World) -> None:
    """Register, pages and feed follow from the records and from nothing else."""
    copy = copied(much)
    assert pages(register(copy)) == pages(made(much))
    assert feed(copy) == feed(told(much))


def test_a_register_that_is_read_on_is_the_one_from_the_start(tmp_path: Path) -> None:
    """After every act the same document and feed, byte for byte, and less is read."""
    world, kept = worlds.activated(tmp_path / "control.db"), KeptRegister()

    def same() -> None:
        with world.control.reading() as connection:
            document, atom = kept.document(connection), kept.feed(connection)
        assert written(document) == written(register(told(world)))
        assert atom == feed(told(world))

    same()
    for number in range(3):
        with world.act(ADMINISTRATOR) as act:
            made = record_incident(act, f"Drill {number}.", About())
        same()
        world.reserve(1_000, f"SELECT {number}")
        same()
        with world.act(ADMINISTRATOR) as act:
            resolve_incident(act, made, "It went well.")
        same()
    with world.control.reading() as connection:
        assert kept.document(connection) is kept.document(connection)


def test_every_kind_that_is_told_is_a_kind() -> None:
    """The register looks at records that there are, with an airlock or without."""
    assert {kind for kind in TOLD if not kind.startswith("submission.")} <= set(KINDS)


def test_an_empty_log_has_an_empty_register() -> None:
    """Nothing has happened, and the pages say so."""
    document = register(())
    assert document["as_of"] is None
    assert document["projects"] == document["datasets"] == []
    assert b"There is no project yet." in pages(document)
    assert ET.fromstring(feed(())).findall(f"{{{ATOM}}}entry") == []


def test_a_project_is_as_it_stands(much: World) -> None:
    """Its terms, whose approvals are in force, its budget and what it asked."""
    found = project(much)
    with much.control.reading() as connection:
        held = find_project(connection, "pathways")
    assert found["state"] == "active"
    assert found["data"] == held.application["datasets"]
    assert found["route"] == held.route.value
    given = {each.approver or "the committee" for each in held.approvals}
    assert {each["of"] for each in found["approvals"]} == given
    assert len(found["approvals"]) == len(held.approvals) == 3
    assert found["organisations"] == ["University of Examples"]
    spent = much.account(Kind.PROJECT, "pathways").spent_nano
    assert found["budget"]["spent"] == rho(spent) == "0.000001"
    assert [each["datasets"] for each in found["questions"]] == [["people"]]
    assert found["refusals"] == {"join": 1}
    assert "a change in force" in [each["what"] for each in found["history"]]


def test_an_approval_taken_back_is_not_in_force(tmp_path: Path) -> None:
    """One that a change carried over can be taken back, too; the history has both."""
    world = lived(tmp_path / "control.db")
    with world.act(STEWARD) as act:
        withdraw_approval(act, "pathways")
    with world.act(COMMITTEE) as act:
        withdraw_approval(act, "pathways")
    found = project(world)
    assert {each["of"] for each in found["approvals"]} == {"Office of Others"}
    assert found["state"] == "suspended"
    said = [each["what"] for each in found["history"]]
    assert f"approval taken back by {CONTROLLER}" in said
    with world.act(RESEARCHER) as act:
        close_project(act, "pathways", "Courses help.")
    assert project(world)["outcome"] == "Courses help."
    assert project(world)["state"] == "closed"
    world.control.close()


def test_a_dataset_has_its_legal_basis_conditions_and_end(tmp_path: Path) -> None:
    """What is public of it, whose it is, and what became of it."""
    world = lived(tmp_path / "control.db")
    with world.act(ADMINISTRATOR) as act:
        withdraw_dataset(act, "earnings")
    earnings, people = made(world)["datasets"]
    assert earnings["legal_basis"] == "An Act, section 64"
    assert earnings["retention"] == "2031-12-31"
    assert (earnings["state"], earnings["controller"]) == (
        "withdrawn",
        "Office of Others",
    )
    assert people["conditions"] == {"purposes": ["research"]}
    assert people["history"][-1]["what"] == "conditions set"
    world.control.close()


def test_the_loss_is_told_by_period_and_since_the_beginning(tmp_path: Path) -> None:
    """A new period begins at nothing; what was lost before is not forgotten."""
    world = worlds.activated(tmp_path / "control.db", until=date(2027, 12, 31))
    world.reserve(5_000_000)
    later = datetime(2028, 2, 1, tzinfo=UTC)
    with world.act(STEWARD, later) as act:
        agree_next_period(act, "residents", Grant(zcdp(1), date(2029, 1, 1)))
    (found,) = made(world)["populations"]
    assert [each["spent"]["rho"] for each in found["periods"]] == ["0.005", "0"]
    assert found["since_the_beginning"]["rho"] == "0.005"
    assert float(found["since_the_beginning"]["epsilon"]) > 0
    world.control.close()


def test_incidents_are_for_the_public_and_end_once(tmp_path: Path) -> None:
    """What happened and what was done about it stand as they were written."""
    world = worlds.activated(tmp_path / "control.db")
    with world.act(ADMINISTRATOR) as act:
        incident = record_incident(act, " A key was late. ", About(None, "people"))
    (found,) = made(world)["incidents"]
    assert (found["summary"], found["state"]) == ("A key was late.", "open")
    with world.act(ADMINISTRATOR) as act:
        resolve_incident(act, incident, "It is there.")
    (found,) = made(world)["incidents"]
    assert (found["state"], found["outcome"]) == ("resolved", "It is there.")
    wrong = {
        "wrong_state": lambda act: resolve_incident(act, incident, "Again."),
        "unknown_incident": lambda act: resolve_incident(act, "\ud800", "Done."),
        "reason_missing": lambda act: record_incident(act, " "),
        "unknown_project": lambda act: record_incident(act, "So.", About("nothing")),
        "unknown_dataset": lambda act: record_incident(act, "So.", About(None, "x")),
    }
    for code, deed in wrong.items():
        with pytest.raises(Refused) as caught, world.act(ADMINISTRATOR) as act:
            deed(act)
        assert caught.value.code == code
    world.control.close()


def test_the_feed_is_atom_and_of_the_last_hundred(much: World) -> None:
    """Every entry has an id of its own, a title, a day and a link."""
    entries = ET.fromstring(feed(told(much))).findall(f"{{{ATOM}}}entry")
    names = [{child.tag.split("}")[1] for child in entry} for entry in entries]
    assert all({"id", "title", "updated", "link"} <= each for each in names)
    ids = [entry.findtext(f"{{{ATOM}}}id") for entry in entries]
    assert len(ids) == len(set(ids)) <= MOST
    titles = [entry.findtext(f"{{{ATOM}}}title") for entry in entries]
    assert str(titles[0]).startswith("An incident was recorded")
    assert "Project pathways has changed terms" in titles
    many = [*copied(much)] * 30
    assert len(ET.fromstring(feed(many)).findall(f"{{{ATOM}}}entry")) == MOST


def test_the_transparency_record_says_what_others_have_to(much: World) -> None:
    """No field is empty, and what the program cannot know names who can."""
    record = algorithm(made(much))
    assert set(record) == {"standard", "tier_1", "tier_2"}
    assert len(record["tier_2"]) == 6

    def leaves(value: Any) -> list[str]:
        if isinstance(value, Mapping):
            return [leaf for each in value.values() for leaf in leaves(each)]
        if isinstance(value, list):
            return [leaf for each in value for leaf in leaves(each)]
        return [value]

    sections = [section for name, section in record["tier_2"].items()]
    said = [leaf for section in sections for leaf in leaves(section)]
    assert said.count(BY_WHO_RUNS_IT) >= 5
    assert "1 questions charged, in 1 projects." in said


# -------------------------------------------------------------- what it does not tell


def test_nobody_is_named(much: World) -> None:
    """No person's id is anywhere in it; the log has them."""
    content = pages(made(much)) + feed(told(much))
    log = json.dumps([record.actor for record in copied(much)])
    for person in (RESEARCHER, STEWARD, COMMITTEE, ADMINISTRATOR):
        assert f'"{person}"' in log
    # Roles are words of the pages; as an id, a name stands alone in quotes or tags.
    for person in (RESEARCHER, STEWARD, ADMINISTRATOR):
        assert f'"{person}"'.encode() not in content
        assert f">{person}<".encode() not in content


def test_moments_are_days(much: World) -> None:
    """No time of day is in it, but the feed's midnights."""
    assert b":00:00" not in pages(made(much))
    assert b"12:00" not in feed(told(much))


def test_what_became_of_a_question_is_not_told(tmp_path: Path) -> None:
    """Answered, failed or under way, and with whatever content: the same register."""
    documents = []
    for outcome in ("released", "other", "failed", "running"):
        world = worlds.activated(tmp_path / f"{outcome}.db")
        reserved = world.reserve(1_000)
        if outcome in {"released", "other"}:
            content = Content("text/csv", outcome.encode())
            publish(world.control, reserved, {"disclosure": {outcome: 1}}, content, NOW)
        if outcome == "failed":
            settle_failed(world.control, reserved, NOW)
        documents.append(pages(made(world)))
        world.control.close()
    assert len(set(documents)) == 1
    assert b"1000" not in documents[0]


def test_the_reason_of_a_suspension_is_not_told(tmp_path: Path) -> None:
    """It is written for those concerned, and may name somebody."""
    world = worlds.activated(tmp_path / "control.db")
    with world.act(COMMITTEE) as act:
        suspend_project(act, "pathways", "Ann Other complained.")
    assert b"Ann Other" not in pages(made(world)) + feed(told(world))
    assert project(world)["state"] == "suspended"
    world.control.close()


def test_what_people_write_is_no_markup(tmp_path: Path) -> None:
    """Text from an application is shown as text, on pages and in the feed."""
    world = worlds.activated(tmp_path / "control.db", title="<script>x</script> & so")
    with world.act(ADMINISTRATOR) as act:
        record_incident(act, "Less < more & \x07 a bell", About("pathways"))
    document = made(world)
    assert "<script" not in index_page(document) + project_page(document, "pathways")
    assert ET.fromstring(feed(told(world))) is not None
    world.control.close()


# ---------------------------------------------------------------------- data like mine


def test_the_look_up_finds_projects_by_what_is_public(much: World) -> None:
    """By agency, dataset and column, and years in which something was asked."""
    document = made(much)
    offered = choices(document)
    assert offered == {
        "agencies": [CONTROLLER, "Office of Others"],
        "columns": ["age", "pay"],
        "datasets": ["earnings", "people"],
    }

    def names(**said: Any) -> list[str]:
        return [each["name"] for each in used(document, Dealt(**said))]

    people = {"agencies": frozenset({CONTROLLER})}
    assert names(**people) == names(datasets=frozenset({"earnings"})) == ["pathways"]
    assert names(**people, columns=frozenset({"age"})) == ["pathways"]
    assert names(**people, columns=frozenset({"pay"})) == []
    assert names(**people, since=2026, until=2026) == ["pathways"]
    assert names(**people, since=2027) == names(**people, until=2025) == []
    assert names(agencies=frozenset({"AB 12 34 56 C"})) == []
    (found,) = used(document, Dealt(datasets=frozenset({"earnings"})))
    assert found["data"] == {"earnings": ["pay"]}
    assert found["questions"] == []


def test_a_project_that_never_ran_used_nothing(tmp_path: Path) -> None:
    """A proposal is not a use."""
    world = worlds.populated(tmp_path / "control.db")
    worlds.propose(world)
    assert used(made(world), Dealt(frozenset({CONTROLLER}))) == []
    world.control.close()


def test_the_look_up_asks_for_nothing_that_identifies(much: World) -> None:
    """Its form has boxes of public names and two years, and no field for text."""
    page = used_page(made(much), Dealt())
    kinds = {part.split('"')[0] for part in page.split('type="')[1:]}
    assert kinds == {"checkbox", "number", "application/json", "application/atom+xml"}
    for size in range(3):
        for agencies in combinations(choices(made(much))["agencies"], size):
            assert "<h1>" in used_page(made(much), Dealt(frozenset(agencies)))


def test_the_committees_sign_is_not_shown(much: World) -> None:
    """An approval of the committee says so in words."""
    assert THE_COMMITTEE == ""
    assert all(each["of"] for each in project(much)["approvals"])


def _record(kind: str, subject: str, **detail: Any) -> Record:
    at = "2026-07-02T12:00:00.000000Z"
    return Record(10_000, at, RESEARCHER, kind, subject, canonical(detail))


def test_what_was_approved_to_go_out_is_told(much: World) -> None:
    """Its title and what it rests on; not what was refused, came in, or who checked."""
    records = list(told(much))
    votes = [{"checker": "zebedee", "verdict": "approve", "reason": "Fine."}]
    for name, direction, standing in (
        ("a", "out", "approved"),
        ("b", "out", "rejected"),
        ("c", "in", "approved"),
    ):
        made_ = _record(
            "submission.made",
            name,
            project="pathways",
            direction=direction,
            title=f"Table {name}",
            files={"table.csv": "0" * 64},
            releases=["r1", "r2"],
        )
        decided = _record("submission.decided", name, standing=standing, votes=votes)
        records += [made_, decided]
    document = register(records)
    (found,) = document["projects"]
    assert found["outputs"] == [
        {"on": "2026-07-02", "title": "Table a", "files": 1, "releases": 2}
    ]
    content = pages(document)
    assert b"Table a" in content
    assert b"Table b" not in content
    assert b"zebedee" not in content
