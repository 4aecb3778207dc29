"""The test of transparency: a register for everybody, that is an output itself."""

from __future__ import annotations

import pytest

from privacy.errors import CODES, Refused
from tests.environment.world import (
    COMMITTEE,
    CONTROLLER,
    RESEARCHER,
    STEWARD,
    project,
)
from tests.trust.conftest import Neighbours, ask
from tre.environment import Environment
from tre.register.pages import index_page, project_page
from tre.register.register import register, written

SAID = "Ann-Other-1952"
"""A name that a researcher writes into questions."""


def test_every_active_project_is_in_the_register(environment: Environment) -> None:
    """Why, of whose data, on which legal basis, and approved by whom."""
    environment.propose(project(name="another"), person=RESEARCHER)
    for person in (COMMITTEE, STEWARD):
        environment.approve("another", person=person)
    document = environment.register()
    shown = {each["name"]: each for each in document["projects"]}
    for name in ("pathways", "another"):
        assert shown[name]["state"] == environment.project(name)["state"] == "active"
        assert {each["of"] for each in shown[name]["approvals"]} == {
            CONTROLLER,
            "the committee",
        }
        assert shown[name]["title"] in index_page(document)
        assert shown[name]["lay_summary"] in project_page(document, name)
    (dataset,) = document["datasets"]
    assert dataset["legal_basis"] == "Digital Economy Act 2017, section 64"
    environment.close_project("another", outcome="Shown.", person=RESEARCHER)


def test_the_register_passes_disclosure_control(neighbours: Neighbours) -> None:
    """The same acts on neighbouring databases have the same register, byte for byte.

    A question of a group that is suppressed in one may be shown in the other; a
    planted name is in neither, nor in what was asked with it.
    """
    documents = []
    for environment, begun in zip(neighbours, neighbours.begun, strict=True):
        before = len(environment._told())
        ask(
            environment,
            f"SELECT COUNT(*) AS \"{SAID}\" FROM people WHERE employer = '{SAID}'",
        )
        with pytest.raises(Refused):
            ask(environment, f"SELECT surname FROM people -- {SAID}")
        since = environment._told()[before:]
        assert len(since) == 2
        documents.append(written(register((*begun, *since))))
    assert documents[0] == documents[1]
    assert SAID.encode() not in documents[0]
    assert b"suppressed" not in documents[0]


def test_every_refusal_is_explained(environment: Environment) -> None:
    """It has a documented code and a sentence, says what would pass, and is counted."""
    with pytest.raises(Refused) as caught:
        ask(environment, "SELECT region, pay FROM people")
    refused = caught.value
    assert refused.code in CODES
    assert refused.message.endswith(".")
    (found,) = [
        each
        for each in environment.register()["projects"]
        if each["name"] == "pathways"
    ]
    assert found["refusals"][refused.code] >= 1
