"""`make soak`: what takes too long for a test, and prints what it found.

    python -m tests.soak --kills 10000 --stages whole_on_sqlite

Each stage kills so many questions; an exception says what did not hold.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tests.control.killing import How, killed, made, share_of, spread, undisturbed
from tests.control.test_fault import kills
from tests.postgres import running

KILLS = 10_000
AT_A_TIME = 500
"""Questions killed between two lines about them."""

HOMES = os.cpu_count() or 1
"""Homes in which questions are killed at the same time."""


def ledger_on_sqlite(times: int) -> str:
    """Kill at every statement of the ledger, without an enclave."""
    with tempfile.TemporaryDirectory() as folder:
        found = kills(Path(folder) / "control.db", Path(folder) / "instances", times)
    return _said(times, found)


def ledger_on_postgresql(times: int) -> str:
    """The same, on PostgreSQL."""
    with tempfile.TemporaryDirectory() as folder, running() as postgres:
        found = kills(postgres.new(), Path(folder) / "instances", times)
    return _said(times, found)


def whole_on_sqlite(times: int) -> str:
    """Kill whole questions, with an enclave: at their steps, and at any instant."""
    with tempfile.TemporaryDirectory() as folder:
        return _whole([Home(Path(folder) / str(n)) for n in range(HOMES)], times)


def whole_on_postgresql(times: int) -> str:
    """The same, on PostgreSQL, a tenth as often."""
    with tempfile.TemporaryDirectory() as folder, running() as postgres:
        homes = [
            Home(Path(folder) / str(n), postgres.new().render_as_string())
            for n in range(HOMES)
        ]
        return _whole(homes, times // 10)


@dataclass
class Home:
    """An environment whose questions are killed one after the other."""

    folder: Path
    control: str | None = None
    ends: Counter[str] = field(default_factory=Counter)
    kills: int = 0

    def kill(self, times: int) -> None:
        """Make it, and kill so many; what must hold is checked after each."""
        home = self.folder / "home"
        self.folder.mkdir()
        made(home, self.folder, self.control)
        begun = time.monotonic()
        for first in range(0, times, AT_A_TIME):
            hows = _hows(home, min(AT_A_TIME, times - first), first)
            fates = killed(home, hows, verified_every=AT_A_TIME)
            self.ends.update(fate.found for fate in fates)
            self.kills += sum(fate.killed for fate in fates)
            took = time.monotonic() - begun
            print(f"  {self.folder.name}: {self.kills:,} kills, {took:,.0f} s")


def _whole(homes: Sequence[Home], times: int) -> str:
    """Share the kills among homes that know nothing of each other."""
    each = -(-times // len(homes))
    with ThreadPoolExecutor(len(homes)) as threads:
        list(threads.map(lambda home: home.kill(each), homes))
    ends = sum((home.ends for home in homes), Counter[str]())
    return f"{_said(sum(home.kills for home in homes), ends)}: {dict(ends)}"


def _hows(home: Path, times: int, first: int) -> list[How]:
    """Half at a step, half at an instant; every fourth starts its enclave itself.

    Half of those have it killed before them. What a question takes is counted anew for
    each lot: the more was asked, the more it is.
    """
    own, lent = undisturbed(home), undisturbed(home, own=False)
    chance = random.Random()  # noqa: S311 - when to kill
    hows = []
    for number, share in enumerate(spread(times, first)):
        mine = number % 4 == 0
        whole = own if mine else lent
        if number % 8 < 4:
            step = share_of(whole.steps, share)
            enclave = chance.randrange(1, step + 1) if mine else 0
            hows.append(How(gateway=step, enclave=enclave, own=mine))
        else:
            hows.append(How(seconds=chance.uniform(1e-3, whole.seconds), own=mine))
    return hows


def _said(times: int, found: Iterable[str]) -> str:
    return f"{times:,} kills: no charge lost or doubled; ends were {sorted(set(found))}"


STAGES: tuple[Callable[[int], str], ...] = (
    ledger_on_sqlite,
    ledger_on_postgresql,
    whole_on_sqlite,
    whole_on_postgresql,
)


def main() -> None:
    """Run the stages that were named, or all."""
    names = [stage.__name__ for stage in STAGES]
    words = argparse.ArgumentParser()
    words.add_argument("--kills", type=int, default=KILLS)
    words.add_argument("--stages", nargs="+", choices=names, default=names)
    said = words.parse_args()
    for stage in STAGES:
        if stage.__name__ in said.stages:
            begun = time.monotonic()
            found = stage(said.kills)
            print(f"{stage.__name__}: {found} ({time.monotonic() - begun:,.0f} s)")


if __name__ == "__main__":
    main()
