"""People to attack, and a laboratory that has them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tre.attacks.people import PACKAGE, People, made_people
from tre.lab import Lab


@pytest.fixture(scope="session")
def people() -> People:
    """Forty people in a table, and forty who are not."""
    return made_people(40, seed=1)


@pytest.fixture(scope="session")
def lab(people: People) -> Iterator[Lab]:
    """A laboratory that hides nothing: whatever protects is the noise, or no noise."""
    with Lab({"people": people.table}, PACKAGE, epsilon=1e6, policy="none") as lab:
        yield lab


@pytest.fixture(scope="session")
def guarded(people: People) -> Iterator[Lab]:
    """A laboratory with the certificates of a gateway."""
    with Lab({"people": people.table}, PACKAGE, epsilon=1e6) as lab:
        yield lab
