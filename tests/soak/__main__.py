"""`make soak`: what takes too long for a test, and prints what it found.

    python -m tests.soak --kills 10000 --stages whole_on_sqlite

Each stage kills so many questions; an exception says what did not hold. Where a
question is whole, lots of them are killed in copies of one home: how it grows is in
what the ledger's stages do, and each question would read all that was asked before.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.control.killing import Fate, How, killed, made, share_of, spread, undisturbed
from tests.control.test_fault import kills
from tests.postgres import running

KILLS = 10_000
AT_A_TIME = 500
"""Questions killed between two lines about them."""

OWN = 16
"""Of so many questions, one starts its enclave process itself."""

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
    """A prepared environment, in copies of which questions are killed."""

    folder: Path
    control: str | None = None
    ends: Counter[str] = field(default_factory=Counter)
    kills: int = 0

    def kill(self, times: int) -> None:
        """Make it, and kill so many; what must hold is checked after each."""
        prepared = self.folder / "prepared"
        self.folder.mkdir()
        made(prepared, self.folder, self.control)
        whole = undisturbed(prepared), undisturbed(prepared, own=False)
        begun = time.monotonic()
        for first in range(0, times, AT_A_TIME):
            hows = _hows(*whole, min(AT_A_TIME, times - first), first)
            with self._copy(prepared) as home:
                fates = killed(home, hows, verified_every=AT_A_TIME)
            self.ends.update(fate.found for fate in fates)
            self.kills += sum(fate.killed for fate in fates)
            took = time.monotonic() - begun
            pace = 60 * self.kills / took
            print(f"  {self.folder.name}: {self.kills:,} kills, {pace:,.0f} a minute")

    @contextmanager
    def _copy(self, prepared: Path) -> Iterator[Path]:
        """One to kill in; the same again where the ledger is on a server."""
        if self.control is not None:
            yield prepared
            return
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            yield Path(shutil.copytree(prepared, Path(folder) / "home"))


def _whole(homes: Sequence[Home], times: int) -> str:
    """Share the kills among homes that know nothing of each other."""
    each = -(-times // len(homes))
    with ThreadPoolExecutor(len(homes)) as threads:
        list(threads.map(lambda home: home.kill(each), homes))
    ends = sum((home.ends for home in homes), Counter[str]())
    return f"{_said(sum(home.kills for home in homes), ends)}: {dict(ends)}"


def _hows(own: Fate, lent: Fate, times: int, first: int) -> list[How]:
    """Half at a step, half at an instant; every sixteenth starts its enclave itself.

    That is what takes longest, and three steps in a hundred. Half of those have it
    killed before them.
    """
    chance = random.Random()  # noqa: S311 - when to kill
    hows = []
    for number, share in enumerate(spread(times, first)):
        mine = number % OWN == 0
        whole = own if mine else lent
        if number % (2 * OWN) < OWN:
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
