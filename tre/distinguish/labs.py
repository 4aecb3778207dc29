"""Two laboratories on neighbouring databases, and what their ledgers charged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from privacy.accounting import ATTO, NANO, Loss, epsilon_of_rho
from privacy.names import DRAW
from privacy.profile import Profile
from tre.distinguish.game import AMPLE, Game, Setting
from tre.distinguish.table import Figures, figures
from tre.lab import Lab

_PROFILES: Final = 5
"""How many are measured at most, for one by which games are of what they are to be."""


@dataclass(frozen=True, slots=True)
class Charge:
    """What one play cost by the ledger, and (ε, δ) as people read it."""

    rho: float
    epsilon: float
    delta: float
    threshold_delta: float


@dataclass(frozen=True, slots=True)
class Labs:
    """The same laboratory twice: without one person, and with them."""

    setting: Setting
    fewer: Lab
    more: Lab

    def play(
        self, game: Game, times: tuple[int, int], asked: int
    ) -> tuple[Figures, ...]:
        """Figures of so many plays without and with the person, `asked` by `ask`."""
        pairs = zip((self.fewer, self.more), times, strict=True)
        return tuple(_played(lab, game, plays, asked) for lab, plays in pairs)

    def reach(self, game: Game) -> bool:
        """Whether both plans are of what the game is to be of."""
        if not game.reaches:
            return True
        told = (
            lab.explain(game.question, epsilon=game.epsilon, rho=game.rho).words
            for lab in (self.fewer, self.more)
        )
        return all(any(game.reaches in each for each in words) for words in told)

    def charge(self, game: Game) -> Charge:
        """What one more play costs by the ledger. The play is thrown away."""
        before = self.more.remaining()
        delta = _asked(self.more, game)[1].delta
        after = self.more.remaining()
        spent = (before.delta - after.delta) * game.repeats
        if self.setting.measure == "pure":
            epsilon = (before.epsilon - after.epsilon) * game.repeats
            return Charge(epsilon**2 / 2, epsilon, 0.0, 0.0)
        nano = round((before.rho - after.rho) * game.repeats * NANO)
        conversion = round((delta - spent / game.repeats) * ATTO)
        epsilon = epsilon_of_rho(nano, conversion)
        return Charge(nano / NANO, epsilon, conversion / ATTO + spent, spent)


@contextmanager
def neighbours(setting: Setting, games: Sequence[Game] = ()) -> Iterator[Labs]:
    """Both laboratories of a setting, for as long as the block lasts.

    Both plan by the profile that was measured of the smaller: what a question gives
    away is bounded for any profile that was released before it. A profile is noised, so
    that by some the plans are not of what `games` are to be of: then others are
    measured, a few times.
    """
    for left in reversed(range(_PROFILES)):
        with _both(setting) as labs:
            if not left or all(map(labs.reach, games)):
                yield labs
                return


@contextmanager
def _both(setting: Setting) -> Iterator[Labs]:
    with (
        _open(setting, setting.fewer, None) as fewer,
        _open(setting, setting.more, fewer.profiles()) as more,
    ):
        yield Labs(setting, fewer, more)


def _open(
    setting: Setting,
    tables: Mapping[str, pa.Table],
    profiles: Mapping[str, Profile] | None,
) -> Lab:
    return Lab(
        tables,
        setting.package,
        epsilon=AMPLE,
        delta=setting.delta,
        measure=setting.measure,
        policy=setting.policy,
        profiles=profiles,
    )


def _played(lab: Lab, game: Game, plays: int, asked: int) -> Figures:
    """So many plays: the first of them asked one by one, as a researcher would."""
    asked = min(asked, plays)
    parts = []
    for _ in range(asked):
        answers = [_asked(lab, game)[0] for _ in range(game.repeats)]
        parts.append(figures(_numbered(answers), game, 1))
    if plays > asked:
        times = (plays - asked) * game.repeats
        drawn = lab.draws(
            game.question, times=times, epsilon=game.epsilon, rho=game.rho
        )
        parts.append(figures(drawn, game, plays - asked))
    return np.concatenate(parts) if parts else np.zeros((0, 1))


def _asked(lab: Lab, game: Game) -> tuple[pa.Table, Loss]:
    release = lab.ask(game.question, epsilon=game.epsilon, rho=game.rho, fresh=True)
    return release.to_arrow(), release.loss


def _numbered(answers: list[pa.Table]) -> pa.Table:
    """Answers one below the other, each with its number, as `Lab.draws` has them."""
    return pa.concat_tables(
        answer.add_column(0, DRAW, pa.array([number] * answer.num_rows, pa.int64()))
        for number, answer in enumerate(answers)
    )
