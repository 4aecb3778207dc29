"""Attack as a part of an evaluation: each attack on every way of answering, scored.

Most of the people attacked are made up, which tests the way of answering; where the
plan says so, people of its own data are attacked too. An attack sees what a researcher
sees, and nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.parquet as pq

from tre.evaluation.cell import Family, Method, methods
from tre.evaluation.data import Data
from tre.evaluation.outcome import VERSION, write_table
from tre.evaluation.plan import REGISTER, UNPROTECTED, Attacks, Plan
from tre.evaluation.schedule import Told, in_processes
from tre.evaluation.site import Site
from tre.evaluation.threats import ALONE, WHOLE, attacks_on

if TYPE_CHECKING:  # of the extra `evaluation`
    from tre.attacks.score import Score

ATTACKED: Final = pa.schema(
    [
        *((name, pa.string()) for name in ("family", "method")),
        ("epsilon", pa.float64()),
        ("attack", pa.string()),
        *((name, pa.int64()) for name in ("hits", "trials")),
        *((name, pa.float64()) for name in ("chance", "share", "low", "high")),
    ]
)
"""A line an attack, way of answering and ε: so many of its guesses were right, with
Clopper and Pearson's 95% interval of the share, beside what chance gets."""


@dataclass(frozen=True, slots=True)
class Attacked:
    """One way of answering, at one ε where it has one, and where scores are kept."""

    plan: Plan
    data: Data = field(repr=False)
    fingerprint: str
    said: Attacks
    method: Method
    epsilon: float | None
    folder: Path

    def file(self, attack: str) -> Path:
        """Where the score of an attack is kept, named by all it depends on."""
        said = self.said.model_dump_json(include={"people", "runs"})
        if attack in REGISTER and self.said.data is not None:
            of = self.said.data.model_dump_json()
            said = f"{self.said.runs} {of} {self.fingerprint}"
        text = (
            f"{VERSION} {attack} {self.method} {self.epsilon} {said} "
            f"{self.plan.delta} {self.plan.measure} {self.plan.seed}"
        )
        name = hashlib.sha256(text.encode()).hexdigest()[:16]
        return self.folder / f"{name}.parquet"

    @property
    def names(self) -> Sequence[str]:
        """The attacks there are on this way of answering that the plan asks for."""
        only, there = self.said.only, attacks_on(self.method)
        known = [n for n in there if self.said.data is not None or n not in REGISTER]
        return [name for name in known if not only or name in only]

    @property
    def left(self) -> Sequence[str]:
        """Those that were not made before."""
        return [name for name in self.names if not self.file(name).is_file()]


def attacked(site: Site, data: Data, workers: int, told: Told) -> pa.Table:
    """How well the plan's attacks did, as ATTACKED has it; nothing without any."""
    if site.plan.attacks is None:
        return ATTACKED.empty_table()
    every = list(_every(site, site.plan.attacks, data))
    total = sum(len(each.names) for each in every)
    left = [each for each in every if each.left]

    def look() -> None:
        told("attacks", total - sum(len(each.left) for each in every), total)

    in_processes(make, left, workers, look, site.folder)
    kept = [pq.read_table(each.file(name)) for each in every for name in each.names]
    return pa.concat_tables(kept) if kept else ATTACKED.empty_table()


def make(attacked: Attacked) -> None:
    """Make the attacks on one way of answering that were not made before."""
    for name, score in _scores(attacked):
        line = pa.Table.from_pylist([_line(attacked, name, score)], schema=ATTACKED)
        write_table(attacked.file(name), line)


def _scores(attacked: Attacked) -> Iterator[tuple[str, Score]]:
    from tre.evaluation.on_register import OnRegister
    from tre.evaluation.onslaught import onslaught

    said, at = attacked.said, (attacked.method, attacked.epsilon)
    left = attacked.left
    made_up = [name for name in left if name not in REGISTER]
    if made_up:
        yield from onslaught(attacked.plan, said, *at, made_up)
    of_data = [name for name in left if name in REGISTER]
    if of_data and said.data is not None:
        half = OnRegister(attacked.plan, attacked.data, said.data, *at)
        yield from half.scores(said, of_data)


def _line(attacked: Attacked, name: str, score: Score) -> dict[str, object]:
    return {
        "family": attacked.method.family.value,
        "method": attacked.method.name,
        "epsilon": attacked.epsilon,
        "attack": name,
        "hits": score.hits,
        "trials": score.trials,
        "chance": score.chance,
        "share": score.share,
        "low": score.low,
        "high": score.high,
    }


def _every(site: Site, said: Attacks, data: Data) -> Iterator[Attacked]:
    """Exact answers and encodings first, then every baseline, and policies by ε."""
    plan, folder, fingerprint = site.plan, site.folder / "attacks", data.fingerprint
    exact = Method(Family.RULES, UNPROTECTED)
    for method in dict.fromkeys([exact, ALONE, WHOLE, *methods(plan)]):
        noisy = method.family is Family.GATEWAY
        for epsilon in plan.epsilons if noisy else (None,):
            yield Attacked(plan, data, fingerprint, said, method, epsilon, folder)
