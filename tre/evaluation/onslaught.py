"""Make attacks on one way of answering, through what a researcher has of it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Any, Final

import pyarrow as pa

from tre.attacks.encodings import (
    frequency,
    known_people,
    made_names,
    record_encodings,
    surname_encodings,
)
from tre.attacks.people import PACKAGE, People, made_people
from tre.attacks.score import Score, pooled
from tre.attacks.side_channels import (
    QUESTIONS,
    TIMED,
    VISITS,
    Outside,
    budget,
    outside_of,
    refusing,
    times_of,
    timing,
    visits,
)
from tre.attacks.suite import ATTACKS, Attack
from tre.attacks.target import Target, by_rules, gateway, unprotected
from tre.evaluation.cell import Family, Method
from tre.evaluation.gateway import BOUNDLESS
from tre.evaluation.plan import (
    ENCODINGS,
    OUTCOMES,
    TIMING,
    UNPROTECTED,
    Attacks,
    Plan,
)
from tre.evaluation.threats import WHOLE
from tre.intake.bloom import SECRET_BYTES, Encoder
from tre.lab import Lab

BY_NAME: Final[Mapping[str, Attack]] = MappingProxyType(
    {attack.__name__: attack for attack in ATTACKS}
)
_NAMED: Final = 2_000
_NAMES_SEED: Final = 4
_KNOWN: Final = 200


def onslaught(
    plan: Plan,
    said: Attacks,
    method: Method,
    epsilon: float | None,
    names: Sequence[str],
) -> Iterator[tuple[str, Score]]:
    """The score of each attack named, over as many runs as the plan says.

    Each run has people of its own; each attack on the gateway has all of ε.
    """
    if method.family is Family.ENCODINGS:
        yield from _encodings(method, names)
        return
    with ExitStack() as held:
        rounds = [
            _Round(plan, method, epsilon, made_people(said.people, seed=plan.seed + at))
            for at in range(said.runs)
        ]
        for each in rounds:
            held.enter_context(each.labs)
        for name in names:
            yield name, pooled([each.score(name) for each in rounds])


@dataclass(frozen=True, slots=True)
class _Round:
    """One way of answering over some made-up people; laboratories open as needed."""

    plan: Plan
    method: Method
    epsilon: float | None
    people: People
    labs: ExitStack = field(default_factory=ExitStack)
    opened: dict[str, Lab] = field(default_factory=dict)

    def score(self, name: str) -> Score:
        """How well the attack of this name did."""
        if name == OUTCOMES:
            fewer, more = self._outside("without one"), self._outside("with them")
            ten = ", ".join(map(str, self.people.codes[:10]))
            few = f"SELECT COUNT(*) AS n FROM people WHERE code IN ({ten})"
            return budget(self.method.name, fewer, more, (*QUESTIONS, few))
        if name == TIMING:
            return timing(self.method.name, *self._times())
        attack = BY_NAME[name]
        return attack(self._target(ATTACKS[attack](self.people.size)), self.people)

    def _target(self, questions: int) -> Target:
        lab = self._people("attacked")
        if self.epsilon is not None:
            return gateway(lab, epsilon=self.epsilon, questions=questions)
        if self.method.name == UNPROTECTED:
            return unprotected(lab)
        return by_rules(lab, self.method.name)

    def _outside(self, world: str) -> Outside:
        lab = self._people(world)
        if self.epsilon is None:
            return refusing(lab, self.method.name)
        return outside_of(lab, epsilon=self.epsilon)

    def _times(self) -> tuple[Sequence[float], Sequence[float]]:
        """Of a question to two databases, of which one has a very long record more."""
        labs = [self._visits(with_long_record=each) for each in (False, True)]
        if self.epsilon is None:
            fewer, more = (partial(lab.exact, TIMED) for lab in labs)
            return times_of(fewer, more)
        asked = partial(Lab.ask, sql=TIMED, epsilon=self.epsilon, fresh=True)
        first, second = (partial(asked, lab) for lab in labs)
        return times_of(first, second)

    def _people(self, world: str) -> Lab:
        """The people, or all but the first, in a laboratory of its own each.

        What is left of a budget is compared, so nothing else may be asked there.
        """
        table = self.people.table
        tables = {"people": table.slice(1) if world == "without one" else table}
        return self._opened(world, tables, PACKAGE, quantise_time=False)

    def _visits(self, *, with_long_record: bool) -> Lab:
        table = visits(self.people.size, with_long_record=with_long_record)
        world = f"visits, {with_long_record}"
        return self._opened(world, {"visits": table}, VISITS, quantise_time=True)

    def _opened(
        self,
        world: str,
        tables: Mapping[str, pa.Table],
        package: Mapping[str, Any],
        *,
        quantise_time: bool,
    ) -> Lab:
        """The laboratory of this world, opened once."""
        if world not in self.opened:
            policy = self.method.name if self.epsilon is not None else "none"
            self.opened[world] = self.labs.enter_context(
                Lab(
                    tables,
                    package,
                    epsilon=BOUNDLESS,
                    delta=self.plan.delta,
                    measure=self.plan.measure,
                    policy=policy,
                    quantise_time=quantise_time,
                )
            )
        return self.opened[world]


def _encodings(method: Method, names: Sequence[str]) -> Iterator[tuple[str, Score]]:
    """What encodings of names give away, by themselves or with whole records."""
    named = made_names(_NAMED, seed=_NAMES_SEED)
    encode = record_encodings if method == WHOLE else surname_encodings
    encodings = encode(named, Encoder(secrets.token_bytes(SECRET_BYTES)))
    common, known = ENCODINGS
    if common in names:
        yield common, frequency(method.name, encodings, named)
    if known in names:
        yield known, known_people(method.name, encodings, named, known=_KNOWN)
