"""Attack as a part of an evaluation: each attack on every way of answering, scored.

Everybody attacked is made up: what is tested is the way of answering, and not the
plan's data. An attack sees what a researcher sees, and nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.parquet as pq

from tre.evaluation.cell import Family, Method, methods
from tre.evaluation.outcome import write_table
from tre.evaluation.plan import UNPROTECTED, Attacks, Plan
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
    said: Attacks
    method: Method
    epsilon: float | None
    folder: Path

    def file(self, attack: str) -> Path:
        """Where the score of an attack is kept, named by all it depends on."""
        said = self.said.model_dump_json(include={"people", "runs"})
        text = (
            f"{version('tre')} {attack} {self.method} {self.epsilon} {said} "
            f"{self.plan.delta} {self.plan.measure} {self.plan.seed}"
        )
        name = hashlib.sha256(text.encode()).hexdigest()[:16]
        return self.folder / f"{name}.parquet"

    @property
    def names(self) -> Sequence[str]:
        """The attacks there are on this way of answering that the plan asks for."""
        only = self.said.only
        return [n for n in attacks_on(self.method) if not only or n in only]

    @property
    def left(self) -> Sequence[str]:
        """Those that were not made before."""
        return [name for name in self.names if not self.file(name).is_file()]


def attacked(site: Site, workers: int, told: Told) -> pa.Table:
    """How well the plan's attacks did, as ATTACKED has it; nothing without any."""
    if site.plan.attacks is None:
        return ATTACKED.empty_table()
    every = list(_every(site.plan, site.plan.attacks, site.folder / "attacks"))
    total = sum(len(each.names) for each in every)
    left = [each for each in every if each.left]

    def look() -> None:
        told("attacks", total - sum(len(each.left) for each in every), total)

    in_processes(make, left, workers, look)
    kept = [pq.read_table(each.file(name)) for each in every for name in each.names]
    return pa.concat_tables(kept) if kept else ATTACKED.empty_table()


def make(attacked: Attacked) -> None:
    """Make the attacks on one way of answering that were not made before."""
    from tre.evaluation.onslaught import onslaught

    for name, score in onslaught(
        attacked.plan, attacked.said, attacked.method, attacked.epsilon, attacked.left
    ):
        line = pa.Table.from_pylist([_line(attacked, name, score)], schema=ATTACKED)
        write_table(attacked.file(name), line)


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


def _every(plan: Plan, said: Attacks, folder: Path) -> Iterator[Attacked]:
    """Exact answers and encodings first, then every baseline, and policies by ε."""
    exact = Method(Family.RULES, UNPROTECTED)
    for method in dict.fromkeys([exact, ALONE, WHOLE, *methods(plan)]):
        noisy = method.family is Family.GATEWAY
        for epsilon in plan.epsilons if noisy else (None,):
            yield Attacked(plan, said, method, epsilon, folder)
