"""What is known of somebody from elsewhere finds them in exact tables, not in noise."""

from __future__ import annotations

import pytest

from tests.attacks.judging import clearly_succeeds, may_be_chance
from tre.attacks.inference import attribute_inference, linkage
from tre.attacks.membership import membership
from tre.attacks.people import People
from tre.attacks.target import by_rules, gateway, unprotected
from tre.lab import Lab


def test_linkage_and_inference_need_cells_of_one(lab: Lab, people: People) -> None:
    """Exact tables tell who is there and who is sick; hiding small cells stops both."""
    for attack in (attribute_inference, linkage):
        assert clearly_succeeds(attack(unprotected(lab), people))
        assert may_be_chance(attack(by_rules(lab, "acro"), people))
        assert may_be_chance(attack(gateway(lab, epsilon=0.5, questions=1), people))


@pytest.mark.parametrize("profile", ["acro", "opensafely", None])
def test_membership_shows_through_large_counts(
    profile: str | None, lab: Lab, people: People
) -> None:
    """Many averages give members away, rounded or with small ones hidden."""
    target = unprotected(lab) if profile is None else by_rules(lab, profile)
    score = membership(target, people)
    assert score.succeeds, score


def test_membership_does_not_show_through_noise(lab: Lab, people: People) -> None:
    """The same averages for ε = 0.5 in all."""
    assert may_be_chance(membership(gateway(lab, epsilon=0.5, questions=1), people))
