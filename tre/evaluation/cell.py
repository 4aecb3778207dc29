"""What an evaluation is made of: one method, one question, one ε."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import Enum

from privacy.policy import POLICIES
from tre.evaluation.outcome import VERSION
from tre.evaluation.peer import PEERS
from tre.evaluation.plan import Asking, Plan


class Family(Enum):
    """Who answers."""

    GATEWAY = "gateway"
    """The environment under one of its policies, in a laboratory."""
    RULES = "rules"
    """Another system's disclosure rules on exact values; no ε."""
    PEER = "peer"
    """Another system itself, in an environment of its own; most have an ε."""
    ENCODINGS = "encodings"
    """What controllers hand over for linking: attacked, and asked nothing; no ε."""


@dataclass(frozen=True, slots=True)
class Method:
    """One way of answering: a policy, or a profile of rules."""

    family: Family
    name: str


@dataclass(frozen=True, slots=True)
class Cell:
    """One question asked of one method at one ε, so many times; rules have no ε."""

    method: Method
    asking: Asking
    epsilon: float | None
    times: int


def methods(plan: Plan) -> tuple[Method, ...]:
    """Who is asked, in the plan's order."""
    return (
        *(Method(Family.GATEWAY, name) for name in plan.policies),
        *(Method(Family.RULES, name) for name in plan.baselines),
        *(Method(Family.PEER, name) for name in _peers(plan)),
    )


def cells(plan: Plan) -> tuple[Cell, ...]:
    """All that a plan asks. What has no noise is asked once."""
    return tuple(
        Cell(method, asking, epsilon, times)
        for method in methods(plan)
        for asking in plan.questions
        for epsilon, times in _grid(plan, method)
    )


def key_of(cell: Cell, plan: Plan, data: str) -> str:
    """A name for what a cell's outcome depends on; `data` stands for the data."""
    policy = POLICIES.get(cell.method.name)
    facts = {
        "version": VERSION,
        "data": data,
        "method": [cell.method.family.value, cell.method.name],
        "policy": None if policy is None else policy.hash,
        "sql": cell.asking.sql,
        "spent": [cell.epsilon, plan.delta, plan.measure, cell.times],
    }
    text = json.dumps(facts, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _grid(plan: Plan, method: Method) -> tuple[tuple[float | None, int], ...]:
    match method.family:
        case Family.GATEWAY:
            return tuple((epsilon, plan.repetitions) for epsilon in plan.epsilons)
        case Family.PEER if PEERS[method.name].noisy and plan.peers is not None:
            times = plan.peers.repetitions
            return tuple((epsilon, times) for epsilon in plan.epsilons)
        case _:
            return ((None, 1),)


def _peers(plan: Plan) -> tuple[str, ...]:
    return () if plan.peers is None else plan.peers.systems
