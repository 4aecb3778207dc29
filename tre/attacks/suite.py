"""Every attack on answers, one after the other, on every target."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, TypeAlias

from tre.attacks.averaging import TIMES, VICTIMS, repeats, rewrites
from tre.attacks.differencing import differencing, tracker
from tre.attacks.inference import attribute_inference, linkage
from tre.attacks.membership import membership
from tre.attacks.people import People
from tre.attacks.reconstruction import (
    QUESTIONS_PER_PERSON,
    least_absolute,
    least_squared,
)
from tre.attacks.score import Score
from tre.attacks.singling_out import MOST_QUESTIONS, singling_out
from tre.attacks.target import Target, by_rules, gateway, unprotected
from tre.lab import Lab
from tre.profiles.load import shipped

Attack: TypeAlias = Callable[[Target, People], Score]

ATTACKS: Final[Mapping[Attack, Callable[[int], int]]] = MappingProxyType(
    {
        differencing: lambda size: 1 + size,
        tracker: lambda size: 1 + 2 * size,
        repeats: lambda _: TIMES * (1 + VICTIMS),
        rewrites: lambda _: TIMES * (1 + VICTIMS),
        least_absolute: lambda size: QUESTIONS_PER_PERSON * size,
        least_squared: lambda size: QUESTIONS_PER_PERSON * size,
        singling_out: lambda _: MOST_QUESTIONS,
        membership: lambda _: 1,
        attribute_inference: lambda _: 1,
        linkage: lambda _: 1,
    }
)
"""The attacks, and how many questions each asks about so many people."""


def attack_all(
    lab: Lab,
    people: People,
    *,
    epsilons: Sequence[float] = (1.0,),
    tell: Callable[[Score], None] = lambda _: None,
) -> tuple[Score, ...]:
    """Score every attack on exact answers, every profile, and the gateway at each ε.

    At each ε the gateway's attacker has all of it for each attack. `lab` has the
    people's table; its budget has to be several times the sum of all ε. `tell` hears
    of each score as it is found.
    """
    scores = []
    for attack, questions in ATTACKS.items():
        for target in _targets(lab, epsilons, questions(people.size)):
            found = attack(target, people)
            tell(found)
            scores.append(found)
    return tuple(scores)


def _targets(lab: Lab, epsilons: Sequence[float], questions: int) -> Sequence[Target]:
    return (
        unprotected(lab),
        *(by_rules(lab, profile) for profile in shipped()),
        *(gateway(lab, epsilon=each, questions=questions) for each in epsilons),
    )
