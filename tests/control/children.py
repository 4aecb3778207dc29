"""What tests do in processes of their own: `python -m tests.control.children WHAT …`.

One interpreter imports everything, then forks: a fork costs milliseconds.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from sqlalchemy import event

from privacy.accounting import Measure
from privacy.errors import Refused
from tests.control.world import KEY, NOW, World
from tre.control.database import Durability, open_control
from tre.control.instance import begin_instance
from tre.ledger.question import Cost, Reserved
from tre.ledger.reserve import reserve
from tre.releases import Content, publish

COST = Cost(Measure.ZCDP, 7, 7)


def children(what: str, *arguments: object) -> list[str]:
    """Run one of the functions below; the lines it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.control.children", what, *map(str, arguments)],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    return done.stdout.split()


def attempt(world: World, text: str, key: str | None = None) -> str:
    """What becomes of one question: reserved, settled, or a refusal's code."""
    question = world.question(text, idempotency_key=key)
    try:
        outcome = reserve(world.control, question, COST, owner="here", now=NOW)
    except Refused as refusal:
        return refusal.code
    return "reserved" if isinstance(outcome, Reserved) else "settled"


def open_at_once(path: str, processes: str) -> None:
    """Open one database from many processes; their exit codes are printed."""

    def opener() -> None:
        open_control(Path(path), KEY, durability=Durability.PROCESS_END).close()

    forks = [_fork(opener) for _ in range(int(processes))]
    for fork in forks:
        _say(_ended(fork))


def ask_at_once(path: str, version: str, processes: str, questions: str) -> None:
    """Ask from many processes; what became of each question is printed."""

    def asker() -> None:
        control = open_control(Path(path), KEY, durability=Durability.PROCESS_END)
        world = World(control, (version,))
        for number in range(int(questions)):
            outcome = attempt(world, f"SELECT {os.getpid()}, {number}")
            _say(outcome)
        control.close()

    for fork in [_fork(asker) for _ in range(int(processes))]:
        assert _ended(fork) == 0


def ask_and_die(*homes: str) -> None:
    """Ask once in each home, and be killed before step 1, 2, 3 and so on."""
    for step, home in enumerate(homes, start=1):
        _say(_ended(_fork(partial(_killed_at, step, Path(home)))))


def _killed_at(step: int, home: Path) -> None:
    control = open_control(home / "control.db", KEY)
    instance = begin_instance(home / "instances")
    seen = 0

    def count(*_arguments: object) -> None:
        nonlocal seen
        seen += 1
        if seen == step:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(control.engine, "before_cursor_execute", count)
    event.listen(control.engine, "commit", count)
    question = World(control, ("people/1",)).question(idempotency_key="key")
    reserved = reserve(control, question, COST, owner=instance.id, now=NOW)
    assert isinstance(reserved, Reserved)
    count()
    publish(control, reserved, {}, Content("text/csv", b"n"), NOW)


def _say(what: object) -> None:
    os.write(1, f"{what}\n".encode())


def _fork(work: Callable[[], None]) -> int:
    process = os.fork()
    if process == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return process


def _ended(process: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


if __name__ == "__main__":
    {f.__name__: f for f in (open_at_once, ask_at_once, ask_and_die)}[sys.argv[1]](
        *sys.argv[2:]
    )
