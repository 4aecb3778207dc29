"""Every kind of release, audited at full length: no claim is exceeded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import pytest

from tests.distinguish.test_audit import SURE
from tre.distinguish.audit import audit
from tre.distinguish.game import Claim, Game
from tre.distinguish.labs import Labs, neighbours
from tre.distinguish.suite import SUITE

pytestmark = [pytest.mark.statistical, pytest.mark.slow]

LEAST: Final[Mapping[tuple[Claim, str], float]] = {
    (Claim.EPSILON, "discrete Laplace: COUNT(DISTINCT person_id)"): 0.9,
    (Claim.EPSILON, "cap and clamp: SUM"): 0.9,
    (Claim.EPSILON, "cap: COUNT(*) by region"): 0.9,
    (Claim.EPSILON, "histogram: COUNT(*) by WIDTH_BUCKET"): 0.9,
    (Claim.EPSILON, "distinct values: COUNT(DISTINCT trade)"): 0.9,
    (Claim.EPSILON, "stacked: COUNT(*) of UNION ALL"): 0.9,
    (Claim.EPSILON, "one price for two: SUM and COUNT(*)"): 0.8,
    (Claim.EPSILON, "a share: COUNT_IF / COUNT(*)"): 0.7,
    (Claim.EPSILON, "repeats: four fresh COUNT(*)"): 0.55,
    (Claim.EPSILON, "noisy max, exponential: MEDIAN"): 0.35,
    (Claim.EPSILON, "noisy max, exponential: MEDIAN of nobody else"): 0.0,
    (Claim.EPSILON, "noisy max, exponential: MAX"): 0.05,
    (Claim.EPSILON, "clipped totals: SUM"): 0.4,
    (Claim.EPSILON, "values past a bound told as their average: AVG"): 0.0,
    (Claim.EPSILON, "discrete Gaussian: (ε, δ)"): 0.0,
    (Claim.MU, "discrete Gaussian: COUNT(*) by region"): 0.85,
    (Claim.MU, "cap and clamp: SUM of a join"): 0.9,
    (Claim.MU, "who has other rows: COUNT(*) with EXISTS"): 0.85,
    (Claim.MU, "per person: SUM of people's totals"): 0.9,
    (Claim.MU, "two noised figures in one: AVG"): 0.9,
    (Claim.MU, "second moments: VAR_POP"): 0.88,
    (Claim.MU, "second moments of two: COVAR_POP and CORR"): 0.7,
    (Claim.MU, "histogram: COUNT(*) by WIDTH_BUCKET"): 0.85,
    (Claim.MU, "distinct values: COUNT(DISTINCT trade)"): 0.85,
    (Claim.MU, "grouping sets: ROLLUP"): 0.85,
    (Claim.MU, "what synthetic rows are made of: people by pairs of columns"): 0.4,
    (Claim.MU, "repeats: four fresh COUNT(*)"): 0.7,
    (Claim.MU, "certificates: COUNT(*)"): 0.85,
    (Claim.MU, "certificates: AVG beside COUNT(*)"): 0.88,
    (Claim.MU, "clipped totals: SUM"): 0.7,
    (Claim.MU, "over fewer rows: AVG"): 0.2,
    (Claim.MU, "values past a bound told as their average: AVG"): 0.3,
    (Claim.MU, "linear regression"): 0.4,
    (Claim.MU, "logistic regression"): 0.15,
    (Claim.MU, "threshold: a key of several, and its count"): 0.1,
    (Claim.RHO, "noisy max, Gumbel: MEDIAN"): 0.3,
    (Claim.RHO, "noisy max, Gumbel: MIN"): 0.0,
    (Claim.DELTA, "threshold: a key of one person"): 0.0,
}
"""What part of the claim each game proves at least.

A bound of 0 shows only that nothing is grossly wrong: of a whole budget's δ, less than
one key of one person is ever expected to be seen.
"""


@pytest.fixture(scope="module")
def labs(request: pytest.FixtureRequest) -> Iterator[Labs]:
    """The laboratories of one setting, for all its games."""
    with neighbours(SUITE[request.param][0]) as labs:
        yield labs


PLAYED: Final = [
    pytest.param(place, game, id=f"{setting.name}: {game.name}")
    for place, (setting, games) in enumerate(SUITE)
    for game in games
]


@pytest.mark.parametrize(("labs", "game"), PLAYED, indirect=["labs"])
def test_no_claim_is_exceeded_and_most_are_nearly_reached(
    labs: Labs, game: Game
) -> None:
    """In 40,000 draws at most, with errors of one in a million."""
    found = audit(labs, game, draws=40_000, asked=20, confidence=SURE)
    assert found.holds, found
    assert found.share >= LEAST[game.claim, game.name], found
