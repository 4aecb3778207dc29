"""What surrounds an answer is the same whoever is in the data."""

from __future__ import annotations

import numpy as np
import pytest

from tests.attacks.judging import clearly_succeeds, may_be_chance
from tre.attacks.people import PACKAGE, People
from tre.attacks.side_channels import budget, outside_of, refusing, timing
from tre.lab import Lab
from tre.pace import rung


@pytest.mark.slow
def test_a_refusal_by_exact_counts_is_an_answer(people: People) -> None:
    """Without one of ten people a rule refuses; the gateway looks the same."""
    ten = ", ".join(map(str, people.codes[:10]))
    asked = [f"SELECT COUNT(*) AS n FROM people WHERE code IN ({ten})"]
    fewer, more = people.table.slice(1), people.table
    with (
        Lab({"people": fewer}, PACKAGE, epsilon=100.0) as without,
        Lab({"people": more}, PACKAGE, epsilon=100.0) as with_one,
    ):
        rules = refusing(without, "acro"), refusing(with_one, "acro")
        assert budget("acro", *rules, asked).hits == 1
        ours = outside_of(without, epsilon=0.5), outside_of(with_one, epsilon=0.5)
        score = budget("gateway", *ours)
        assert (score.hits, score.low) == (0, 0.0)


def test_time_slots_hide_what_times_tell() -> None:
    """Work that takes a fifth longer shows in times as they are, not in rungs."""
    drawn = np.random.default_rng(3)
    fewer, more = (
        (scale * drawn.gamma(50, 0.0002, 400)).tolist() for scale in (1.0, 1.2)
    )
    assert clearly_succeeds(timing("no slots", fewer, more))
    slots = [[rung(16 * 0.01)] * len(each) for each in (fewer, more)]
    assert may_be_chance(timing("slots", *slots))
