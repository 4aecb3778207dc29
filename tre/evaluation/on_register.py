"""Make attacks on people of the plan's own data, of whom half are asked about."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, TypeAlias

import pyarrow as pa

from connectors.errors import Invalid
from tre.attacks.register import Known, Register, halved, register
from tre.attacks.registered import (
    register_attribute,
    register_differencing,
    register_membership,
    register_singling_out,
)
from tre.attacks.score import Score, pooled
from tre.attacks.target import Target, by_rules, gateway, unprotected
from tre.evaluation.cell import Family, Method
from tre.evaluation.data import Data
from tre.evaluation.gateway import opened
from tre.evaluation.known import PLACE, known_of
from tre.evaluation.plan import UNPROTECTED, Attacks, OnData, Plan
from tre.lab import Lab

_Attack: TypeAlias = Callable[[Target, Known, Register], Score]

BY_NAME: Final[Mapping[str, _Attack]] = MappingProxyType(
    {
        attack.__name__: attack
        for attack in (
            register_membership,
            register_attribute,
            register_differencing,
            register_singling_out,
        )
    }
)


@dataclass(frozen=True, slots=True)
class OnRegister:
    """One way of answering about a half of the data, at one ε where it has one."""

    plan: Plan
    data: Data
    said: OnData
    method: Method
    epsilon: float | None

    def scores(
        self, said: Attacks, names: Sequence[str]
    ) -> Iterator[tuple[str, Score]]:
        """The score of each attack named, over as many halves as the plan says."""
        with ExitStack() as held:
            rounds = [self._half(held, self.plan.seed + at) for at in range(said.runs)]
            for name in names:
                yield name, pooled([self._score(name, *each) for each in rounds])

    def _half(self, held: ExitStack, seed: int) -> tuple[Lab, Register]:
        """A laboratory of one half, and whom an attacker looks for there."""
        policy = self.method.name if self.method.family is Family.GATEWAY else "none"
        halves = halved(self.data.tables[self.said.table], seed=seed)
        inside, outside = (
            held.enter_context(opened(self.plan, self._with(half), each))
            for half, each in zip(halves, (policy, "none"), strict=True)
        )
        people = register(
            inside, outside, known_of(self.said), people=self.said.people, seed=seed
        )
        if not people.enough:
            raise Invalid(
                f"{PLACE}.known",
                "expected columns by which more people are alone in their cell: "
                f"{len(people.present)} were found of {self.said.people}",
            )
        return inside, people

    def _with(self, half: pa.Table) -> Data:
        tables = {**self.data.tables, self.said.table: half}
        return replace(self.data, tables=tables)

    def _score(self, name: str, lab: Lab, people: Register) -> Score:
        attack = BY_NAME[name]
        questions = 2 * len(people.present) if attack is register_differencing else 1
        return attack(self._target(lab, questions), known_of(self.said), people)

    def _target(self, lab: Lab, questions: int) -> Target:
        if self.epsilon is not None:
            table = self.said.table
            return gateway(lab, epsilon=self.epsilon, questions=questions, table=table)
        if self.method.name == UNPROTECTED:
            return unprotected(lab)
        return by_rules(lab, self.method.name)
