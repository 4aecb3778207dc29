"""Play a game, and say what loss it proves."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from functools import partial
from math import sqrt
from typing import Final

import numpy as np

from connectors.errors import Invalid
from tre.distinguish.bound import (
    delta_at_least,
    epsilon_at_delta,
    mu_at_least,
    rho_at_least,
)
from tre.distinguish.finding import Finding
from tre.distinguish.game import Claim, Game, Setting
from tre.distinguish.labs import Charge, Labs, neighbours
from tre.distinguish.rule import Guesses, Rule, choose, choose_always
from tre.distinguish.score import Score, learn
from tre.distinguish.table import Figures

DRAWS: Final = 100_000
CONFIDENCE: Final = 0.999

_LEARNED: Final = 0.1
"""The part of the plays by which score and rule are chosen."""


def audit(
    labs: Labs,
    game: Game,
    *,
    draws: int = DRAWS,
    asked: int = 100,
    confidence: float = CONFIDENCE,
) -> Finding:
    """Bound the loss of one play from below, from `draws` answers in all.

    A part of the plays chooses score and rule; the others are judged by them. The
    number of plays with the person is that of heads among fair coins, so plays are
    independent of each other and of everything chosen. `asked` of the judged plays
    are asked of either laboratory one by one, the others drawn. The bound is above
    the true loss with probability at most 1 − `confidence`. Raises Invalid where
    there are too few draws to learn from, or the plan is not what the game `reaches`.
    """
    if not labs.reach(game):
        raise Invalid("games", f"expected a plan that {game.reaches}")
    plays = min(draws, game.most or draws) // game.repeats
    if game.claim is Claim.DELTA:
        return _delta(labs, game, plays, min(asked, plays // 4), confidence)
    learned = max(20, int(plays * _LEARNED / 2))
    judged = plays - 2 * learned
    if judged < learned:
        raise Invalid("draws", f"expected at least {60 * game.repeats}")
    charge = labs.charge(game)
    score, rule = _chosen(labs, game, learned, charge, 1 - confidence)
    heads = secrets.randbits(judged).bit_count()
    fewer, more = labs.play(game, (judged - heads, heads), asked)
    guesses = rule.guesses(score(fewer), score(more))
    bound = _bound(game.claim, judged, charge, 1 - confidence)
    measured = float(bound(guesses.right, guesses.wrong))
    through = min(asked, heads) + min(asked, judged - heads)
    return _finding(
        labs, game, charge, (measured, confidence), (judged, through), guesses
    )


def audit_all(
    games: Sequence[tuple[Setting, Sequence[Game]]],
    *,
    draws: int = DRAWS,
    asked: int = 100,
    confidence: float = CONFIDENCE,
    tell: Callable[[Finding], None] = lambda _: None,
) -> tuple[Finding, ...]:
    """Audit every game of every setting; `tell` hears of each as it is found."""
    findings = []
    for setting, played in games:
        with neighbours(setting, played) as labs:
            for game in played:
                found = audit(
                    labs, game, draws=draws, asked=asked, confidence=confidence
                )
                tell(found)
                findings.append(found)
    return tuple(findings)


def _chosen(
    labs: Labs, game: Game, learned: int, charge: Charge, miss: float
) -> tuple[Score, Rule]:
    """The score and the rule, by plays that are not judged.

    The rule is the one by which these plays alone prove most: one that a few of them
    speak for would be best by chance.
    """
    fewer, more = labs.play(game, (learned, learned), 0)
    score = learn(fewer, more, game.shape)
    scores = score(fewer), score(more)
    if game.claim is not Claim.EPSILON:
        return score, choose_always(*scores)
    plays = 2 * learned
    return score, choose(*scores, plays, _bound(game.claim, plays, charge, miss))


def _bound(
    claim: Claim, plays: int, charge: Charge, miss: float
) -> Callable[..., np.ndarray]:
    """What so many right and wrong guesses of all plays prove."""
    match claim:
        case Claim.MU:
            delta = charge.threshold_delta
            return lambda right, _: mu_at_least(right, plays, miss=miss, delta=delta)
        case Claim.RHO:
            return lambda right, _: rho_at_least(right, plays, miss=miss)
        case _:
            return partial(epsilon_at_delta, plays=plays, delta=charge.delta, miss=miss)


def _delta(
    labs: Labs, game: Game, plays: int, asked: int, confidence: float
) -> Finding:
    """Guess that the person is there whenever the row comes out; nothing is learned."""
    charge = labs.charge(game)
    heads = secrets.randbits(plays).bit_count()
    fewer, more = labs.play(game, (plays - heads, heads), asked)
    guesses = Guesses(_came_out(more), _came_out(fewer))
    measured = delta_at_least(
        int(guesses.right),
        int(guesses.wrong),
        plays=plays,
        rho=charge.rho,
        miss=1 - confidence,
    )
    counted = plays, 2 * asked
    return _finding(labs, game, charge, (measured, confidence), counted, guesses)


def _came_out(seen: Figures) -> int:
    return int(np.sum(~np.isnan(seen[:, 0])))


def _finding(
    labs: Labs,
    game: Game,
    charge: Charge,
    bound: tuple[float, float],
    plays: tuple[int, int],
    guesses: Guesses,
) -> Finding:
    claimed = {
        Claim.EPSILON: charge.epsilon,
        Claim.MU: sqrt(2 * charge.rho),
        Claim.RHO: charge.rho,
        Claim.DELTA: charge.threshold_delta,
    }
    return Finding(
        setting=labs.setting.name,
        game=game.name,
        question=game.question,
        claim=game.claim.value,
        claimed=claimed[game.claim],
        measured=bound[0],
        confidence=bound[1],
        plays=plays[0],
        asked=plays[1],
        right=int(guesses.right),
        wrong=int(guesses.wrong),
        epsilon=charge.epsilon,
        delta=charge.delta,
    )
