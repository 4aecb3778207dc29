"""A whole question may be killed at any step, and its enclave: see `killing`."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.control.killing import Fate, How, killed, made, share_of, spread, undisturbed
from tests.postgres import Postgres

PART = 10
"""Questions of one test: more would take longer than a test may on a busy machine."""


@dataclass(frozen=True)
class Place:
    """A home with questions to ask, and how many steps one has that nobody kills.

    Of two kinds of question: with an enclave process that it starts, or is lent.
    """

    home: Path
    own_steps: int
    lent_steps: int


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """One whose control database is a file."""
    return prepared(tmp_path_factory.mktemp("killed"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, postgres: Postgres) -> Place:
    """One whose control database is on a server."""
    address = postgres.new().render_as_string()
    return prepared(tmp_path_factory.mktemp("killed"), address)


def prepared(folder: Path, control: str | None = None) -> Place:
    """A place, made."""
    home = folder / "home"
    made(home, folder, control)
    own, lent = (undisturbed(home, own=own).steps for own in (True, False))
    return Place(home, own, lent)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(20))
def test_two_hundred_kills_of_whole_questions_lose_and_double_no_charge(
    sqlite: Place, part: int
) -> None:
    """Killed anywhere between being opened and having answered, on SQLite."""
    assert_each_ended_once(gateways_killed(sqlite, part))


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_kills_of_whole_questions_on_postgresql_lose_and_double_no_charge(
    server: Place, part: int
) -> None:
    """The same on a server, fewer times."""
    assert_each_ended_once(gateways_killed(server, part))


@pytest.mark.slow
@pytest.mark.parametrize("part", range(3))
def test_a_question_whose_enclave_is_killed_is_answered_or_fails_charged(
    sqlite: Place, part: int
) -> None:
    """It takes no charge with it, and no other question.

    Killed at any step of the second half: whoever has no process yet gets another.
    """
    half = sqlite.own_steps // 2
    hows = [
        How(enclave=half + share_of(half, share)) for share in spread(PART, part * PART)
    ]
    fates = killed(sqlite.home, hows, verified_every=5)
    assert {fate.code for fate in fates} == {0}
    assert {fate.found for fate in fates} == {"failed", "released"}


def gateways_killed(place: Place, part: int) -> list[Fate]:
    """Kill so many gateways, each fourth after its enclave; what became of them.

    Every other one starts its enclave process itself. Most steps of a question come
    before it is charged, in opening the home: half the kills are in the last quarter.
    """
    hows = []
    for number, even in enumerate(spread(PART, part * PART)):
        share = even if number < PART // 2 else (3 + even) / 4
        own = number % 2 == 0
        step = share_of(place.own_steps if own else place.lent_steps, share)
        enclave = step // 2 if number % 4 == 2 else 0
        hows.append(How(gateway=step, enclave=enclave, own=own))
    return killed(place.home, hows, verified_every=5)


def assert_each_ended_once(fates: list[Fate]) -> None:
    """Each was killed, and had never been, had failed, or had been released.

    Some may have had fewer steps than the one that was counted, and ended first.
    """
    assert sum(fate.killed for fate in fates) >= 0.7 * len(fates)
    ends = Counter(fate.found for fate in fates)
    assert {"never", "failed"} <= set(ends) <= {"never", "failed", "released"}
