"""Intervals cover, kind by kind, over all cells, against the published table."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.bench.coverage import KINDS, Kind, covered, holds, laboratory
from tre.lab import Lab

TIMES = 2_000
"""With 24 cells: a share of 95% is told to 0.1%, and 1% off is ten of that."""


@pytest.fixture(scope="module", params=["zcdp", "pure"])
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """People with up to four rows each, in cells of very different sizes."""
    with laboratory(request.param) as made:
        yield made


@pytest.mark.statistical
@pytest.mark.parametrize("epsilon", [1.0, 5.0])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_intervals_cover_what_they_say(lab: Lab, kind: Kind, epsilon: float) -> None:
    """94 to 96 in 100 where noise is all the error there is, and 94 at least."""
    times = TIMES if kind.question.startswith("SELECT sector") else 5 * TIMES
    found = covered(lab, kind, epsilon=epsilon, times=times)
    assert holds(kind, epsilon, found), found
