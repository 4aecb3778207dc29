"""What tests do in processes of their own: `python -m tests.control.children WHAT …`.

One interpreter imports everything, then forks: a fork costs milliseconds.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from sqlalchemy import event, make_url

from privacy.accounting import Measure
from privacy.errors import Failed, Refused
from tests.control.world import NOW, World, opened
from tre.control.engines import Place
from tre.control.instance import begin_instance, instance_alive
from tre.ledger.outcome import settled_outcome
from tre.ledger.question import Cost, Reserved
from tre.ledger.reserve import reserve
from tre.ledger.settle import recover
from tre.releases import Content, load_release, publish

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


def text_of(place: Place) -> str:
    """A place as one word of a command line."""
    if isinstance(place, Path):
        return str(place)
    return place.render_as_string(hide_password=False)


def _place(text: str) -> Place:
    return make_url(text) if "://" in text else Path(text)


def open_at_once(place: str, processes: str) -> None:
    """Open one database from many processes; their exit codes are printed."""

    def opener() -> None:
        opened(_place(place)).close()

    forks = [_fork(opener) for _ in range(int(processes))]
    for fork in forks:
        _say(_ended(fork))


def ask_at_once(place: str, version: str, processes: str, questions: str) -> None:
    """Ask from many processes, each with as many threads as it has questions.

    What became of each question is printed.
    """

    def asker() -> None:
        control = opened(_place(place))
        world = World(control, (version,))
        with ThreadPoolExecutor(int(questions)) as threads:
            texts = [f"SELECT {os.getpid()}, {n}" for n in range(int(questions))]
            for outcome in threads.map(lambda text: attempt(world, text), texts):
                _say(outcome)
        control.close()

    for fork in [_fork(asker) for _ in range(int(processes))]:
        assert _ended(fork) == 0


def ask_and_die(place: str, version: str, instances: str, *steps: str) -> None:
    """Ask again and again, killed at one step each, and recover each time.

    Printed of each: how the process ended, how many questions were recovered, what a
    retry finds, and what another retry finds.
    """
    folder = Path(instances)
    for number, step in enumerate(steps):
        key = f"key-{number}"
        ended = _ended(
            _fork(partial(_killed_at, int(step), place, version, key, folder))
        )
        control = opened(_place(place))
        recovered = recover(control, partial(instance_alive, folder), NOW)
        found = [_outcome(World(control, (version,)), key) for _ in range(2)]
        control.close()
        _say(f"{ended},{recovered},{found[0]},{found[1]}")


def _outcome(world: World, key: str) -> str:
    """What a retry with this key finds."""
    with world.control.reading() as connection:
        try:
            asked = world.question(f"SELECT '{key}'", idempotency_key=key).asked
            release = settled_outcome(connection, asked)
        except Failed:
            return "failed"
        except Refused as refusal:
            return refusal.code
        if release is None:
            return "never"
        load_release(connection, release)
        return "released"


def _killed_at(step: int, place: str, version: str, key: str, instances: Path) -> None:
    control = opened(_place(place))
    instance = begin_instance(instances)
    seen = 0

    def count(*_arguments: object) -> None:
        nonlocal seen
        seen += 1
        if seen == step:
            os.kill(os.getpid(), signal.SIGKILL)

    for moment in ("before_cursor_execute", "after_cursor_execute", "commit"):
        event.listen(control.engine, moment, count)
    world = World(control, (version,))
    question = world.question(f"SELECT '{key}'", idempotency_key=key)
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
