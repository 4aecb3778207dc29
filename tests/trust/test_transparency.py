"""The test of transparency: a register for everybody, that is an output itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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

    That is but for what was noised and charged when their people were linked.
    A question of a group that is suppressed in one may be shown in the other; a
    planted name is in neither, nor in what was asked with it. What was measured when
    data was published is noised, and priced, so both begin with the same of it.
    """
    documents = []
    begun = neighbours.begun[0]
    for environment in neighbours:
        before = len(environment._told())
        ask(
            environment,
            f"SELECT COUNT(*) AS \"{SAID}\" FROM people WHERE employer = '{SAID}'",
        )
        with pytest.raises(Refused):
            ask(environment, f"SELECT surname FROM people -- {SAID}")
        since = environment._told()[before:]
        assert len(since) == 2
        documents.append(written(_unmeasured(register((*begun, *since)))))
    assert documents[0] == documents[1]
    assert SAID.encode() not in documents[0]
    assert b"suppressed" not in documents[0]


def _unmeasured(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The register but for the figures of linkage statements.

    They were noised and charged, so what they tell is bounded and not nothing.
    """
    datasets = [
        {
            **each,
            "linkage": {
                name: {**said, "figures": sorted(said["figures"])}
                for name, said in each["linkage"].items()
            },
        }
        for each in document["datasets"]
    ]
    return {**document, "datasets": datasets}


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


def test_how_well_people_were_linked_is_told_to_everybody(
    neighbours: Neighbours,
) -> None:
    """Method, match rate, missing identifiers and doubtful pairs, each with its margin.

    The method is the same whoever is in the data; figures were noised and charged.
    """
    methods = []
    for environment in neighbours:
        document = environment.register()
        (dataset,) = document["datasets"]
        said = dataset["linkage"]["people"]
        methods.append(said["method"])
        figures = said["figures"]
        assert {"people", "doubtful_pairs", "without"} <= figures.keys()
        for margin in (
            *("people_margin", "doubtful_margin"),
            *("without_margin", "percent_margin"),
        ):
            assert figures[margin] > 0
        rate, off = figures["in_another_dataset_percent"], figures["percent_margin"]
        assert f"{rate}% ± {off}" in index_page(document)
    assert methods[0] == methods[1]
