"""`make soak`: what takes too long for a test, and prints what it found.

    python -m tests.soak --kills 10000 --stages whole_on_sqlite

Each stage kills so many questions; an exception says what did not hold.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from tests.control.killing import How, killed, made, spread, undisturbed
from tests.control.test_fault import kills
from tests.postgres import running

KILLS = 10_000
AT_A_TIME = 500
"""Questions killed between two lines about them."""


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
        return _whole(Path(folder), times)


def whole_on_postgresql(times: int) -> str:
    """The same, on PostgreSQL, a tenth as often."""
    with tempfile.TemporaryDirectory() as folder, running() as postgres:
        address = postgres.new().render_as_string()
        return _whole(Path(folder), times // 10, address)


def _whole(folder: Path, times: int, control: str | None = None) -> str:
    home = folder / "home"
    made(home, folder, control)
    begun, ends, killed_of = time.monotonic(), Counter[str](), 0
    for done in range(0, times, AT_A_TIME):
        hows = _hows(home, min(AT_A_TIME, times - done))
        fates = killed(home, hows, verified_every=AT_A_TIME)
        ends.update(fate.found for fate in fates)
        killed_of += sum(fate.killed for fate in fates)
        took = time.monotonic() - begun
        print(f"  {ends.total():,} questions, {took:,.0f} s: {dict(ends)}", flush=True)
    return _said(killed_of, ends)


def _hows(home: Path, times: int) -> list[How]:
    """Half at a step, every fourth of them after its enclave; half at an instant."""
    whole, chance = undisturbed(home), random.Random()  # noqa: S311 - when to kill
    at_steps = spread(times, whole.steps)
    hows = []
    for number, step in enumerate(at_steps):
        if number % 2:
            hows.append(How(seconds=chance.uniform(1e-3, whole.seconds)))
        else:
            enclave = chance.randrange(1, step + 1) if number % 8 == 0 else 0
            hows.append(How(gateway=step, enclave=enclave))
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
