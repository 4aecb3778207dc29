"""`make soak`: what takes too long for a test, and prints what it found."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.control.test_fault import kills
from tests.postgres import running

KILLS = 10_000


def killed_on_sqlite(times: int) -> str:
    """Kill questions at every step of theirs, on SQLite."""
    with tempfile.TemporaryDirectory() as folder:
        found = kills(Path(folder) / "control.db", Path(folder) / "instances", times)
    return _said(times, found)


def killed_on_postgresql(times: int) -> str:
    """The same, on PostgreSQL."""
    with tempfile.TemporaryDirectory() as folder, running() as postgres:
        found = kills(postgres.new(), Path(folder) / "instances", times)
    return _said(times, found)


def _said(times: int, found: set[str]) -> str:
    return f"{times:,} kills: no charge lost or doubled; ends were {sorted(found)}"


STAGES: tuple[Callable[[int], str], ...] = (killed_on_sqlite, killed_on_postgresql)


def main(times: int) -> None:
    """Run every stage; an exception says what did not hold."""
    for stage in STAGES:
        begun = time.monotonic()
        said = stage(times)
        print(f"{stage.__name__}: {said} ({time.monotonic() - begun:,.0f} s)")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else KILLS)
