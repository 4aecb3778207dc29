"""The test of control: objections, conditions, and data like mine."""

from __future__ import annotations

from datetime import date
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from privacy.errors import Refused
from tests.environment.world import CANARY, CONTROLLER, RESEARCHER, STEWARD
from tests.intake.support import opened
from tests.trust.conftest import PRESENT, Neighbours, ask
from tre.environment import Environment
from tre.governance.replacing import standing_versions
from tre.intake import Zones
from tre.keystore import KeyUnavailable
from tre.register.used import Dealt, choices

COUNT = "SELECT COUNT(*) AS n FROM people"


def refused(environment: Environment, sql: str = COUNT) -> str:
    """The code with which the next question is refused; empty where it is not."""
    try:
        ask(environment, sql)
    except Refused as refusal:
        return refusal.code
    return ""


def test_revocation_mid_session_refuses_the_next_question(
    environment: Environment,
) -> None:
    """A controller's condition, its approval, a researcher's training: gone at once."""
    assert refused(environment) == ""
    environment.set_conditions("people", {"purposes": ["statistics"]}, person=STEWARD)
    assert refused(environment) == "condition_unmet"
    environment.set_conditions(
        "people", {"columns": {"people": ["region"]}}, person=STEWARD
    )
    assert refused(environment, "SELECT AVG(age) AS a FROM people") == "not_granted"
    environment.lift_conditions("people", person=STEWARD)
    assert refused(environment) == ""
    environment.withdraw_approval("pathways", person=STEWARD)
    assert refused(environment) == "not_granted"
    environment.approve("pathways", person=STEWARD)
    environment.disqualify(RESEARCHER, "training", reason="It was another's.")
    assert refused(environment) == "not_trained"
    with pytest.raises(Refused):
        environment.remaining("pathways", person=RESEARCHER)
    until = date(2099, 12, 31)
    environment.qualify(RESEARCHER, "training", until=until, reference="Certificate 2")
    assert refused(environment) == ""


def test_the_look_up_cannot_tell_present_from_absent(neighbours: Neighbours) -> None:
    """On neighbouring databases, whatever is picked or typed, the answers are equal."""
    offered = choices(neighbours.present.register())
    assert offered == choices(neighbours.absent.register())
    who = f"{CANARY}-{PRESENT}"
    agencies, datasets = ((CONTROLLER,), (who,), ()), (("people",), (who,), ())
    columns = (("pay",), (who,), ())
    for agency, dataset, column in product(agencies, datasets, columns):
        for since, until in product((None, 2000), (None, 2098)):
            named = (frozenset(agency), frozenset(dataset), frozenset(column))
            said = Dealt(*named, since, until)
            first, second = (_questionless(each.used(said)) for each in neighbours)
            assert first == second
            if who in (*agency, *dataset):
                assert first == []


def _questionless(found: list[Any]) -> list[Any]:
    """The projects that both have; tests of one of the two leave others in it."""
    return [
        {**each, "questions": len(each["questions"]) > 0}
        for each in found
        if each["name"] == "pathways"
    ]


def test_an_objectors_record_changes_no_answer(neighbours: Neighbours) -> None:
    """After an objection, published rows are those of where the person never was.

    Every version that could be asked is rebuilt, what it replaced is citable and
    never askable, and earlier releases that used it are named.
    """
    before = [_standing(each) for each in neighbours]
    release = ask(neighbours.present, COUNT, rho=0.0017)
    applied = []
    for environment in neighbours:
        environment.import_objections(neighbours.objections())
        applied.append(environment.apply_objections())
    present, absent = (_published(each) for each in neighbours)
    assert present == absent
    assert release.id in applied[0].releases
    for environment, old in zip(neighbours, before, strict=True):
        assert _standing(environment).version != old.version
        with pytest.raises(KeyUnavailable):
            environment._parts.keystore.key(old.key_name)
    (dataset,) = neighbours.present.register()["datasets"]
    said = [each["what"] for each in dataset["history"]]
    assert said[-1] == "written anew without people who object"
    assert ask(neighbours.present, COUNT, rho=0.0017).charged


def _standing(environment: Environment):
    with environment._parts.control.reading() as connection:
        (found,) = standing_versions(connection, "residents")
    return found


def _published(environment: Environment) -> list[tuple[Any, ...]]:
    """Every published row, without what is drawn at random, sorted."""
    parts, found = environment._parts, _standing(environment)
    zones = Zones(parts.layout.root, parts.keystore)
    with opened(zones, Path(found.file), found.key_name) as connection:
        query = "SELECT * EXCLUDE (person_id, _order) FROM f.people ORDER BY ALL"
        return connection.execute(query).fetchall()


def test_a_late_objection_moves_what_was_pinned_and_is_reported(
    neighbours: Neighbours,
) -> None:
    """The pin goes along, and a version so replaced stays citable and never askable."""
    file = neighbours.sources / "late.csv"
    file.write_text(f"local-id\n{CANARY}-{PRESENT + 4}\n", encoding="utf-8")
    for environment in neighbours:
        old = _standing(environment).version
        environment.pin("pathways", "people", old, person=RESEARCHER)
        release = ask(environment, COUNT, rho=0.0013)
        assert release.receipt["question"]["versions"] == [old]
        environment.import_objections(file)
        applied = environment.apply_objections()
        (moved,) = applied.pins
        new = _standing(environment).version
        assert (moved.project, moved.version, moved.to) == ("pathways", old, new)
        assert release.id in applied.releases
        assert environment.release(release.id, person=RESEARCHER).id == release.id
        states = {
            v["id"]: v["state"] for v in environment.dataset("people")["versions"]
        }
        assert (states[old], states[new]) == ("destroyed", "current")
        with pytest.raises(Refused):
            environment.pin("pathways", "people", old, person=RESEARCHER)
        again = ask(environment, COUNT, rho=0.0013)
        assert again.receipt["question"]["versions"] == [new]
        environment.follow("pathways", "people", person=RESEARCHER)
