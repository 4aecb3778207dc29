"""The disclosure policy is changed by an attributed act, and holds at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import insert

from connectors.errors import Invalid
from privacy.errors import Refused
from privacy.policy import GATEWAY, Dominance, Granularity
from tests.control.world import COMMITTEE as MEMBER
from tests.control.world import NOW, found
from tests.environment.world import COMMITTEE, RESEARCHER, STEWARD, furnished, project
from tre.control.canonical import canonical
from tre.control.tables import disclosure_policy
from tre.environment import Environment
from tre.governance.policies import (
    Proposed,
    current_policy,
    policy_facts,
    policy_text,
    read_policy,
    weaker,
)

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


SHIPPED = "4e9c2c1aa2ddc95d56338b816acc48142ae97fd647f1b297d756f9316e685726"
"""The hash of what came before granularities did."""

SECOND = "second@example.org"
WEAKER: dict[str, dict[str, Any]] = {
    "threshold_people": {"threshold_people": 9},
    "confidence": {"confidence": Fraction(98, 100)},
    "dominance.largest": {"dominance": Dominance(largest=1)},
    "dominance.share": {"dominance": Dominance(share=Fraction(95, 100))},
    "dominance.left": {"dominance": Dominance(left=Fraction(1, 20))},
    "relative_margin": {"relative_margin": Fraction(3, 4)},
    "threshold_share": {"threshold_share": Fraction(1, 50)},
}
COARSE = Granularity(counts=5)


@pytest.mark.parametrize("name", WEAKER)
def test_every_number_that_shows_more_is_weaker(name: str) -> None:
    """Whatever the others are, and not the other way round."""
    less = replace(GATEWAY, version=3, **WEAKER[name])
    assert weaker(less, GATEWAY) == (name,)
    assert weaker(replace(less, version=4), less) == ()
    assert weaker(GATEWAY, less) == ()
    unmarked = replace(GATEWAY, relative_margin=None)
    assert weaker(unmarked, GATEWAY) == ("relative_margin",)


def test_a_finer_granularity_is_weaker() -> None:
    """Six to five, and five to none; a coarser one is not, nor the one there was."""
    coarse = replace(GATEWAY, version=3, granularity=COARSE)
    coarser = replace(coarse, version=4, granularity=Granularity(counts=6))
    assert weaker(GATEWAY, coarse) == ("granularity.counts",)
    assert weaker(coarse, coarser) == ("granularity.counts",)
    assert weaker(coarse, GATEWAY) == weaker(coarser, coarse) == ()


def test_a_policy_from_before_there_was_rounding_keeps_its_hash() -> None:
    """Its text says nothing of it and rounds nothing; one that rounds has another."""
    facts = policy_facts(GATEWAY)
    facts.pop("granularity")
    assert read_policy(facts) == GATEWAY
    assert GATEWAY.hash == SHIPPED
    assert replace(GATEWAY, granularity=COARSE).hash != SHIPPED


def test_a_policy_that_rounds_holds_from_the_next_question_on(tmp_path: Path) -> None:
    """Every count is a multiple, and receipt and explanation say of what."""
    with furnished(tmp_path / "tre", tmp_path) as environment:
        coarse = replace(GATEWAY, version=3, granularity=COARSE)
        environment.set_policy(
            policy_facts(coarse), reason="Read with care.", person=COMMITTEE
        )
        assert environment.policy() == coarse
        asking: dict[str, Any] = {"project": "pathways", "person": RESEARCHER}
        told = environment.explain(COUNT, **asking, epsilon=1.0)
        assert "n: rounded to the nearest multiple of 5" in told.rounding
        assert told.rounding in told.words
        answer = environment.ask(COUNT, **asking, epsilon=1.0)
    said = answer.receipt["body"]["policy"]
    assert said["granularity"] == {"counts": 5}
    assert said["hash"] == coarse.hash
    figures = [
        each
        for name in ("n", "n_low", "n_high")
        for each in answer.table[name].to_pylist()
        if each is not None
    ]
    assert figures
    assert all(each % 5 == 0 for each in figures)
    assert answer.table["n"].type == "int64"


def test_a_weaker_policy_takes_two_people(environment: Environment) -> None:
    """It is in force once another member has read it; what is set meanwhile ends it."""
    environment.add_person(SECOND, roles=["committee"])
    before = environment.policy()
    version = before.version + 1
    weak = replace(
        before, version=version, threshold_people=before.threshold_people - 1
    )
    facts = policy_facts(weak)
    after = environment.set_policy(facts, reason="Rare diseases.", person=COMMITTEE)
    assert after == before == environment.policy()
    waiting = environment.proposed_policy()
    assert waiting == Proposed(weak, COMMITTEE, "Rare diseases.")
    for person, said, code in (
        (COMMITTEE, weak.hash, "separation_of_duties"),
        (RESEARCHER, weak.hash, "not_permitted"),
        (SECOND, "0" * 64, "wrong_state"),
    ):
        with pytest.raises(Refused) as refusal:
            environment.confirm_policy(said, person=person)
        assert refusal.value.code == code
    assert environment.confirm_policy(weak.hash, person=SECOND) == weak
    assert environment.proposed_policy() is None
    weakest = replace(weak, version=version + 1, threshold_people=5)
    environment.set_policy(policy_facts(weakest), reason="More.", person=COMMITTEE)
    strict = replace(weak, version=version + 1, threshold_people=500)
    environment.set_policy(policy_facts(strict), reason="Less.", person=SECOND)
    with pytest.raises(Refused) as refusal:
        environment.confirm_policy(weakest.hash, person=SECOND)
    assert refusal.value.code == "wrong_state"
    assert environment.policy() == strict
    assert environment.verify_audit().problem == ""


def test_nobody_sets_the_rules_of_their_own_project(environment: Environment) -> None:
    """A member who researches neither sets nor confirms, stricter or not."""
    both = "both@example.org"
    environment.add_person(both, roles=["researcher", "committee"])
    environment.propose(project(name="mine", researchers=[both]), person=RESEARCHER)
    policy = environment.policy()
    strict = replace(policy, version=policy.version + 1, threshold_people=900)
    for attempt in (
        lambda: environment.set_policy(
            policy_facts(strict), reason="For mine.", person=both
        ),
        lambda: environment.confirm_policy(strict.hash, person=both),
    ):
        with pytest.raises(Refused) as refusal:
            attempt()
        assert refusal.value.code == "separation_of_duties"
    environment.close_project("mine", outcome="Nothing.", person=both)
    environment.set_policy(policy_facts(strict), reason="For all.", person=both)
    assert environment.policy() == strict


def test_a_policy_of_an_earlier_program_stays_in_force(tmp_path: Path) -> None:
    """One that marked nothing unreliable could be set then, and is weaker than all."""
    world = found(tmp_path / "control.db")
    unmarked = replace(GATEWAY, version=3, relative_margin=None)
    kept = {"body": canonical(policy_facts(unmarked)), "hash": unmarked.hash}
    with world.control.writing() as connection:
        connection.execute(
            insert(disclosure_policy).values(
                number=1, **kept, reason="-", person=MEMBER, set_at=NOW
            )
        )
    with world.control.reading() as connection:
        assert current_policy(connection) == unmarked


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
        {"relative_margin": None},
        {"granularity": {"counts": 0}},
        {"granularity": {"counts": 1001}},
        {"granularity": {"counts": 2.5}},
        {"granularity": {"sums": 100}},
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
            "granularity": {"counts": 1},
        }
    )
    assert least.confidence == Fraction(95, 100)
    assert yaml.safe_load(policy_text(least))["threshold_people"] == 5
