"""The audit proves most of what is claimed, never more, and finds broken builds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from connectors.errors import Invalid
from tests.distinguish.breaking import in_the_enclave
from tre.distinguish.audit import audit
from tre.distinguish.finding import Finding
from tre.distinguish.game import Game
from tre.distinguish.labs import Labs, neighbours
from tre.distinguish.pure_games import COUNT_PURE
from tre.distinguish.suite import SUITE

SURE = 1 - 1e-6
"""A test fails of itself once in a million times."""

SETTING_OF = {game.name: setting for setting, games in SUITE for game in games}


def audited(game: Game, draws: int) -> Finding:
    """What an audit finds in laboratories opened for it alone."""
    with neighbours(SETTING_OF[game.name]) as labs:
        return audit(labs, game, draws=draws, asked=20, confidence=SURE)


@pytest.fixture(scope="module")
def labs() -> Iterator[Labs]:
    """The laboratories that the first game is played in."""
    with neighbours(SETTING_OF[COUNT_PURE.name]) as labs:
        yield labs


def test_an_audit_proves_most_of_the_claim_and_no_more(labs: Labs) -> None:
    """Of ε = 1 at least half in 4,000 draws, some of them asked one by one.

    Four fifths, mostly; what is proven has a standard deviation of a twenty-fifth.
    """
    found = audit(labs, COUNT_PURE, draws=4_000, asked=20, confidence=SURE)
    assert 0.5 < found.share <= 1, found
    assert found.claimed == pytest.approx(1.0)
    assert found.asked == 40
    assert found.right + found.wrong <= found.plays


def test_halved_noise_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the enclave draws half the noise that was priced, the claim is false."""
    in_the_enclave("halved")(monkeypatch)
    found = audited(COUNT_PURE, 4_000)
    assert not found.holds, found


def test_too_few_draws_are_refused_before_any_is_paid_for(labs: Labs) -> None:
    """An audit needs plays to learn from, and others to judge."""
    before = labs.more.remaining()
    with pytest.raises(Invalid, match="at least 60"):
        audit(labs, COUNT_PURE, draws=50)
    assert labs.more.remaining() == before


def test_a_plan_that_a_game_is_not_of_is_refused(
    labs: Labs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Profiles are measured anew a few times; then it is told, and nothing is paid."""
    monkeypatch.setattr("tre.distinguish.labs._PROFILES", 2)
    never = replace(COUNT_PURE, reaches="reads your mind")
    assert labs.reach(COUNT_PURE)
    with neighbours(labs.setting, [never]) as opened:
        before = opened.more.remaining()
        assert not opened.reach(never)
        with pytest.raises(Invalid, match="a plan that reads your mind"):
            audit(opened, never, draws=600)
        assert opened.more.remaining() == before
