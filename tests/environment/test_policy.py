"""The disclosure policy is changed by an attributed act, and holds at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors.errors import Invalid
from privacy.errors import Refused
from privacy.policy import GATEWAY
from tests.environment.world import COMMITTEE, RESEARCHER, STEWARD, furnished
from tre.environment import Environment
from tre.governance.policies import policy_facts, policy_text, read_policy

COUNT = "SELECT region, COUNT(*) AS n FROM people GROUP BY region"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    """One environment for all of this module."""
    home, sources = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("data")
    with furnished(home / "tre", sources) as opened:
        yield opened


def test_a_policy_is_the_yaml_it_is_shown_as(tmp_path: Path) -> None:
    """Written, read and written again: the same policy, of the same hash."""
    file = tmp_path / "policy.yaml"
    file.write_text(policy_text(GATEWAY))
    assert read_policy(file) == GATEWAY
    assert read_policy(file).hash == GATEWAY.hash


def test_the_next_question_is_answered_under_the_policy_just_set(
    environment: Environment, tmp_path: Path
) -> None:
    """Its hash is on the receipt, and the same question is no repeat."""
    asking: dict[str, Any] = {"project": "pathways", "person": RESEARCHER}
    before = environment.ask(COUNT, **asking, epsilon=1.0)
    assert before.receipt["body"]["policy"]["hash"] == GATEWAY.hash
    strict = replace(GATEWAY, version=3, threshold_people=400)
    file = tmp_path / "policy.yaml"
    file.write_text(policy_text(strict))
    environment.set_policy(file, reason="Small areas.", person=COMMITTEE)
    after = environment.ask(COUNT, **asking, epsilon=1.0)
    assert after.charged
    assert after.receipt["body"]["policy"]["hash"] == strict.hash
    shown = dict(
        zip(after.table["region"].to_pylist(), after.table["n_status"], strict=True)
    )
    assert str(shown["north"]) == "suppressed:frequency"
    assert environment.policy() == strict
    assert environment.verify_audit().problem == ""


@pytest.mark.parametrize("person", [RESEARCHER, STEWARD, None])
def test_only_the_committee_puts_a_policy_in_force(
    environment: Environment, person: str | None
) -> None:
    """Not who asks, not who publishes, not who holds the home."""
    facts = policy_facts(replace(GATEWAY, version=99))
    with pytest.raises(Refused) as refusal:
        environment.set_policy(facts, reason="Mine.", person=person)
    assert refusal.value.code == "not_permitted"


def test_a_version_means_one_text(environment: Environment) -> None:
    """The version that is in force, or an earlier one, is not set again."""
    facts = policy_facts(replace(GATEWAY, threshold_people=20))
    with pytest.raises(Refused) as refusal:
        environment.set_policy(facts, reason="Again.", person=COMMITTEE)
    assert refusal.value.code == "wrong_state"
    with pytest.raises(Refused) as unsaid:
        environment.set_policy(facts, reason=" ", person=COMMITTEE)
    assert unsaid.value.code == "reason_missing"


@pytest.mark.parametrize(
    "change",
    [
        {"certificates": False},
        {"class_disclosure": False},
        {"dominance": None},
        {"threshold_people": 4},
        {"confidence": "94/100"},
        {"confidence": "1"},
        {"dominance": {"largest": 2, "share": "0.96", "left": "0.1"}},
        {"dominance": {"largest": 2, "share": "0.9", "left": "0.01"}},
        {"threshold_share": 0},
        {"relative_margin": 2},
        {"noise": False},
    ],
)
def test_no_policy_turns_a_rule_off(change: dict[str, Any]) -> None:
    """Each number has a floor, at n − 1 and not at n."""
    with pytest.raises(Invalid):
        read_policy({**policy_facts(GATEWAY), **change})


def test_the_floors_themselves_are_allowed() -> None:
    """Five people, 95%, and 5% left."""
    least = read_policy(
        {
            **policy_facts(GATEWAY),
            "threshold_people": 5,
            "confidence": "0.95",
            "dominance": {"largest": 1, "share": "0.95", "left": "0.05"},
        }
    )
    assert least.confidence == Fraction(95, 100)
    assert yaml.safe_load(policy_text(least))["threshold_people"] == 5
