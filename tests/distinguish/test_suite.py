"""Every kind of release, audited at full length: no claim is exceeded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pytest

from tests.distinguish.test_audit import SURE
from tre.distinguish.audit import audit
from tre.distinguish.game import Game, Setting
from tre.distinguish.labs import neighbours
from tre.distinguish.suite import SUITE

pytestmark = [pytest.mark.statistical, pytest.mark.slow]

LEAST: Final[Mapping[str, float]] = {
    "discrete Laplace: COUNT(DISTINCT person_id)": 0.9,
    "cap and clamp: SUM": 0.9,
    "cap: COUNT(*) by region": 0.9,
    "one price for two: SUM and COUNT(*)": 0.8,
    "repeats: four fresh COUNT(*)": 0.55,
    "noisy max, exponential: MEDIAN": 0.15,
    "noisy max, exponential: MAX": 0.05,
    "discrete Gaussian: COUNT(*) by region": 0.85,
    "discrete Gaussian: (ε, δ)": 0.0,
    "cap and clamp: SUM of a join": 0.9,
    "per person: SUM of people's totals": 0.9,
    "two noised figures in one: AVG": 0.9,
    "second moments: VAR_POP": 0.88,
    "grouping sets: ROLLUP": 0.85,
    "noisy max, Gumbel: MEDIAN": 0.3,
    "noisy max, Gumbel: MIN": 0.04,
    "linear regression": 0.4,
    "logistic regression": 0.0,
    "threshold: a key of several, and its count": 0.1,
    "certificates: COUNT(*)": 0.9,
    "certificates: AVG beside COUNT(*)": 0.88,
    "threshold: a key of one person": 0.0,
}
"""What part of the claim each game proves at least."""


PLAYED: Final = [(setting, game) for setting, games in SUITE for game in games]


@pytest.mark.parametrize(
    ("setting", "game"), PLAYED, ids=[f"{s.name}: {g.name}" for s, g in PLAYED]
)
def test_no_claim_is_exceeded_and_most_are_nearly_reached(
    setting: Setting, game: Game
) -> None:
    """In 40,000 draws at most, with errors of one in a million."""
    with neighbours(setting) as labs:
        found = audit(labs, game, draws=40_000, asked=20, confidence=SURE)
    assert found.holds, found
    assert found.share >= LEAST[game.name], found
