"""The games an audit plays: each mechanism, and each kind of release.

Each is played where one person makes the most difference to it. What can be reached
differs: one noised figure gives away all that was paid for it, one figure made of two
that were noised gives away less than both.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tre.distinguish.game import Game, Setting
from tre.distinguish.pure_games import PURE, PURE_BY_PROFILE
from tre.distinguish.worlds import setting
from tre.distinguish.zcdp_games import BY_PROFILE, CERTIFIED, KEY, SHARED_KEY, ZCDP

SUITE: Final[Sequence[tuple[Setting, Sequence[Game]]]] = (
    (setting("no certificates", people=24, measure="pure", policy="none"), PURE),
    (setting("no certificates", people=24, measure="zcdp", policy="none"), ZCDP),
    (setting("certificates", people=70, measure="zcdp", policy="gateway"), CERTIFIED),
    (
        setting("many people", people=3_000, measure="pure", policy="none"),
        PURE_BY_PROFILE,
    ),
    (setting("many people", people=3_000, measure="zcdp", policy="none"), BY_PROFILE),
    (
        setting("a large δ", people=80, measure="zcdp", policy="none", delta=0.8),
        (KEY,),
    ),
    (
        setting("large ρ and δ", people=80, measure="zcdp", policy="none", delta=0.8),
        (SHARED_KEY,),
    ),
)
"""Settings, and the games that are played in each."""
