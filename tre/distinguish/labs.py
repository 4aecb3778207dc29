"""Two laboratories on neighbouring databases, and what their ledgers charged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from privacy.accounting import ATTO, NANO, Loss, epsilon_of_rho
from privacy.names import DRAW
from tre.distinguish.game import AMPLE, Game, Setting
from tre.distinguish.table import Figures, figures
from tre.lab import Lab


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
def neighbours(setting: Setting) -> Iterator[Labs]:
    """Both laboratories of a setting, for as long as the block lasts."""
    with _open(setting, more=False) as fewer, _open(setting, more=True) as more:
        yield Labs(setting, fewer, more)


def _open(setting: Setting, *, more: bool) -> Lab:
    return Lab(
        setting.more if more else setting.fewer,
        setting.package,
        epsilon=AMPLE,
        delta=setting.delta,
        measure=setting.measure,
        policy=setting.policy,
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
