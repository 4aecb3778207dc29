"""A load on loopback: many researchers for minutes, against the real server.

    python -m tests.soak.load --people 100 --minutes 5

Locust asks (`researchers`), and prints how long answers took. Nothing but answers and
refusals comes back, memory stays flat, and afterwards the ledger is exact: every charge
that was answered for is in it, and no other.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np
import psutil  # type: ignore[import-untyped] # it has no types
from sqlalchemy import func, select

from tests.confinement import accept_what_is_missing
from tests.ways_in.world import MEMBER, STEWARD, project, write_dataset
from tre.control.tables import question
from tre.environment import Environment
from tre.ledger.reconcile import reconcile

LOCUSTFILE = Path(__file__).with_name("researchers.py")
CHARGED = "charged"
"""How `researchers` counts an answer that was paid for."""

GROWTH = 5.0
"""MiB a minute that memory may seem to grow once it is warm: what sampling shows."""

WARM_SECONDS = 60.0
"""What a slope has to be measured over; less says nothing."""


@dataclass(frozen=True)
class Memory:
    """Seconds, and resident MiB then, second by second."""

    server: list[tuple[float, float]] = field(default_factory=list)
    enclave: list[tuple[float, float]] = field(default_factory=list)
    """Of its processes that read data, on average."""

    def note(self, server: psutil.Process) -> None:
        """Look."""
        now = time.monotonic()
        self.server.append((now, resident([server])))
        self.enclave.append((now, resident(server.children())))


def made(home: Path, folder: Path, people: int) -> list[str]:
    """An environment with so many researchers in one project; their tokens."""
    researchers = [f"researcher-{number}@example.org" for number in range(people)]
    with Environment.create(home) as environment:
        accept_what_is_missing(environment)
        environment.create_population(
            "residents", epsilon=20_000.0, delta=1e-5, until=date(2099, 12, 31)
        )
        environment.add_person(
            STEWARD, roles=["steward"], controller="Department of Examples"
        )
        environment.add_person(MEMBER, roles=["committee"])
        for researcher in researchers:
            environment.add_person(researcher, roles=["researcher"])
        environment.onboard(write_dataset(folder), person=STEWARD)
        described = project("pay", epsilon=10_000.0) | {"researchers": researchers}
        environment.propose(described, person=researchers[0])
        environment.approve("pay", person=MEMBER)
        environment.approve("pay", person=STEWARD)
        return [environment.issue_token(researcher) for researcher in researchers]


@contextmanager
def serving(home: Path, log: Path) -> Iterator[tuple[str, psutil.Process]]:
    """`tre serve` as a process of its own; its address."""
    words = ["-m", "tre.cli", "serve", "--home", str(home), "--port", "0"]
    with log.open("w") as stream:
        server = subprocess.Popen([sys.executable, *words], stderr=stream)
    try:
        while (address := listening(log)) is None:
            assert server.poll() is None, "the server did not start"
            time.sleep(0.2)
        yield address, psutil.Process(server.pid)
    finally:
        server.terminate()
        status = server.wait(timeout=120)
        print(f"the server stopped with status {status}")


def listening(log: Path) -> str | None:
    """Where the server says it listens, once it does."""
    for line in log.read_text().splitlines():
        with suppress(ValueError):
            if address := json.loads(line).get("address"):
                return str(address)
    return None


def resident(processes: list[psutil.Process]) -> float:
    """What the processes hold on average, in MiB; those that ended do not count."""
    held = []
    for each in processes:
        with suppress(psutil.Error):
            held.append(each.memory_info().rss / 2**20)
    return float(np.mean(held)) if held else 0.0


def load(url: str, server: psutil.Process, folder: Path, words: list[str]):
    """Have locust ask, with these words; its status, what came back, and memory."""
    memory, answers = Memory(), folder / "answers.json"
    locust = subprocess.Popen(
        [
            *(sys.executable, "-m", "locust", "--locustfile", str(LOCUSTFILE)),
            *("--headless", "--only-summary", "--host", url, "--stop-timeout", "300"),
            *("--tokens", str(folder / "tokens"), "--answers", str(answers), *words),
        ]
    )
    while locust.poll() is None:
        memory.note(server)
        time.sleep(1)
    return locust.returncode, Counter(json.loads(answers.read_text())), memory


def check_ledger(home: Path, charged: int) -> None:
    """The log stands, and every question in the ledger was answered, and no other."""
    with Environment.open(home) as environment:
        verification = environment.verify_audit()
        assert verification.sound, verification
        with environment._parts.control.reading() as connection:
            assert not reconcile(connection)
            counted = select(question.c.state, func.count()).group_by(question.c.state)
            states: dict[str, int] = dict(connection.execute(counted).all())
    assert states == {"released": charged}, (states, charged)


def check_memory(whose: str, samples: list[tuple[float, float]]) -> None:
    """In the second half of the time memory does not grow."""
    late = np.array(samples[len(samples) // 2 :])
    held = [each for _, each in samples]
    said = f"{held[0]:.0f} MiB, then {held[-1]:.0f}, most {max(held):.0f}"
    if late[-1, 0] - late[0, 0] < WARM_SECONDS:
        print(f"memory of the {whose}: {said}; too short to tell whether it grows")
        return
    per_second, _ = np.polyfit(late[:, 0] - late[0, 0], late[:, 1], 1)
    print(f"memory of the {whose}: {said}, growing by {60 * per_second:+.2f} a minute")
    assert 60 * per_second < GROWTH, f"the {whose}'s memory grows"


def main() -> None:
    """Run, print the figures, and check."""
    words = argparse.ArgumentParser()
    words.add_argument("--people", type=int, default=100)
    words.add_argument("--minutes", type=float, default=5)
    said = words.parse_args()
    seconds = round(said.minutes * 60)
    users = ["--users", str(said.people), "--spawn-rate", str(said.people)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tokens = made(folder / "home", folder / "data", said.people)
        (folder / "tokens").write_text("\n".join(tokens))
        with serving(folder / "home", folder / "log") as (url, server):
            lasting = [*users, "--run-time", f"{seconds}s"]
            status, answers, memory = load(url, server, folder, lasting)
        print(f"{said.people} researchers, {seconds} seconds: {dict(answers)}")
        print(f"the machine's load: {', '.join(f'{x:.1f}' for x in os.getloadavg())}")
        assert status == 0, "something came back that is neither answer nor refusal"
        check_ledger(folder / "home", answers[CHARGED])
        print("the ledger is exact, the log stands")
        for whose, samples in vars(memory).items():
            check_memory(whose, samples)


if __name__ == "__main__":
    main()
