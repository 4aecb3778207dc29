"""Whatever stage is broken, the audit of what rests on it finds the claim false."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.distinguish.breaking import (
    Break,
    forgotten_clamp,
    half_a_threshold,
    half_price,
    in_the_enclave,
    one_row_more,
)
from tests.distinguish.test_audit import audited
from tre.distinguish.game import Game
from tre.distinguish.pure_games import NOBODY_ELSE, SUM_PURE
from tre.distinguish.zcdp_games import COUNT_GAUSSIAN, KEY

pytestmark = pytest.mark.statistical

KEY_OF_ONE = replace(KEY, most=None)
BROKEN: dict[str, tuple[Break, Game, int]] = {
    "halved Gaussian noise": (in_the_enclave("halved"), COUNT_GAUSSIAN, 8_000),
    "no noise at all": (in_the_enclave("none"), COUNT_GAUSSIAN, 2_000),
    "forgotten clamp": (forgotten_clamp, SUM_PURE, 4_000),
    "off-by-one cap": (one_row_more, SUM_PURE, 40_000),
    "un-noised key": (in_the_enclave("every key"), KEY, 180),
    "a choice with a quarter of its noise": (
        in_the_enclave("surer"),
        NOBODY_ELSE,
        20_000,
    ),
    "a threshold lowered": (half_a_threshold, KEY_OF_ONE, 12_000),
    "half the price, Laplace": (half_price, SUM_PURE, 8_000),
    "half the price, Gaussian": (half_price, COUNT_GAUSSIAN, 40_000),
}


@pytest.mark.parametrize("which", BROKEN)
def test_a_broken_build_is_found(which: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With one real stage replaced, more is proven than the ledger charged."""
    broken, game, draws = BROKEN[which]
    broken(monkeypatch)
    found = audited(game, draws)
    assert not found.holds, found
