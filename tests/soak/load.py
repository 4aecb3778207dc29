"""A load on loopback: many researchers for minutes, against the real server.

    python -m tests.soak.load --people 100 --minutes 5

Nothing but answers and refusals comes back, memory stays flat, and afterwards the
ledger is exact: every charge that was answered for is in it, and no other.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
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

import httpx
import numpy as np
import psutil  # type: ignore[import-untyped] # it has no types
from sqlalchemy import func, select

from tests.ways_in.world import MEMBER, STEWARD, project, write_dataset
from tre.control.tables import question
from tre.environment import Environment
from tre.ledger.reconcile import reconcile

QUESTIONS = (
    "SELECT COUNT(*) AS n FROM people",
    "SELECT region, COUNT(*) AS n FROM people GROUP BY region",
    "SELECT region, AVG(pay) AS pay FROM people GROUP BY region",
    "SELECT COUNT(*) AS n FROM people WHERE born >= 1970",
    "SELECT pay FROM people",  # refused
    "SELECT COUNT(*) AS n FROM nowhere",  # refused
)

GROWTH = 5.0
"""MiB a minute that memory may seem to grow once it is warm: what sampling shows."""


@dataclass
class Tally:
    """What came back, and how long it took."""

    answers: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    memory: dict[str, list[tuple[float, float]]] = field(
        default_factory=lambda: {"server": [], "enclave": []}
    )
    """Seconds, and resident MiB of the server, and of an enclave process on average."""
    charged: int = 0


def made(home: Path, folder: Path, people: int) -> list[str]:
    """An environment with so many researchers in one project; their tokens."""
    researchers = [f"researcher-{number}@example.org" for number in range(people)]
    with Environment.create(home) as environment:
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


def ready(url: str) -> bool:
    """Whether the server can answer questions."""
    try:
        return httpx.get(f"{url}/readyz").status_code == 200
    except httpx.ConnectError:
        return False


@contextmanager
def serving(home: Path) -> Iterator[tuple[str, psutil.Process]]:
    """`tre serve` as a process of its own; its address."""
    with tempfile.TemporaryFile("w+") as log:
        words = ["-m", "tre.cli", "serve", "--home", str(home), "--port", "18765"]
        server = subprocess.Popen([sys.executable, *words], stderr=log)
        url = "http://127.0.0.1:18765"
        while not ready(url):
            assert server.poll() is None, "the server did not start"
            time.sleep(0.2)
        try:
            yield url, psutil.Process(server.pid)
        finally:
            server.terminate()
            status = server.wait(timeout=120)
            print(f"the server stopped with status {status}")


async def researcher(url: str, token: str, until: float, tally: Tally) -> None:
    """Ask one question after another, sometimes the same one, until the time is up."""
    chance = random.Random(token)  # noqa: S311 - made-up questions
    async with speaking(url, token) as http:
        while time.monotonic() < until:
            fresh = chance.random() < 0.5
            await ask(http, chance.choice(QUESTIONS), tally, fresh=fresh)


def speaking(url: str, token: str) -> httpx.AsyncClient:
    """A connection as the token's person."""
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.AsyncClient(base_url=url, headers=headers, timeout=240)


async def ask(http: httpx.AsyncClient, sql: str, tally: Tally, *, fresh: bool) -> None:
    """Ask one question, and note what came back, and after how long."""
    body = {"sql": sql, "rho": 1e-4, "fresh": fresh}
    begun = time.perf_counter()
    answer = await http.post("/v1/projects/pay/queries", json=body)
    tally.seconds.append(time.perf_counter() - begun)
    said = answer.json()
    tally.answers[said.get("code", "released")] += 1
    tally.charged += said.get("charged", False)


async def watching(process: psutil.Process, until: float, tally: Tally) -> None:
    """Note the memory of the server and its enclave, every second."""
    while (now := time.monotonic()) < until:
        tally.memory["server"].append((now, resident([process])))
        tally.memory["enclave"].append((now, resident(process.children())))
        await asyncio.sleep(1)


def resident(processes: list[psutil.Process]) -> float:
    """What the processes hold on average, in MiB; those that ended do not count."""
    held = []
    for each in processes:
        with suppress(psutil.Error):
            held.append(each.memory_info().rss / 2**20)
    return float(np.mean(held)) if held else 0.0


def slope(samples: list[tuple[float, float]]) -> float:
    """How many MiB a minute memory grew, in the second half of the time."""
    late = np.array(samples[len(samples) // 2 :])
    per_second, _ = np.polyfit(late[:, 0] - late[0, 0], late[:, 1], 1)
    return float(60 * per_second)


async def load(url: str, process: psutil.Process, tokens: list[str], seconds: float):
    """All researchers at once, when one was answered; what came of it.

    A server is ready before the first of its processes that read data is.
    """
    tally = Tally()
    async with speaking(url, tokens[0]) as http:
        await ask(http, QUESTIONS[0], tally, fresh=True)
    until = time.monotonic() + seconds
    await asyncio.gather(
        watching(process, until, tally),
        *(researcher(url, token, until, tally) for token in tokens),
    )
    return tally


def check(home: Path, tally: Tally) -> None:
    """The ledger is exact, the log stands, and nothing but refusals went wrong."""
    with Environment.open(home) as environment:
        verification = environment.verify_audit()
        assert verification.sound, verification
        with environment._parts.control.reading() as connection:
            assert not reconcile(connection)
            counted = select(question.c.state, func.count()).group_by(question.c.state)
            states: dict[str, int] = dict(connection.execute(counted).all())
    failed = tally.answers["failed"]
    charged = Counter({"released": tally.charged, "failed": failed})
    assert Counter(states) == +charged, (states, charged)
    wrong = set(tally.answers) - {"released", "not_a_question", "unknown_table", "busy"}
    wrong -= {"not_grouped", "unavailable", "rate_limited"}
    assert not wrong, {code: tally.answers[code] for code in wrong}
    for whose, samples in tally.memory.items():
        grown = slope(samples)
        assert grown < GROWTH, f"the {whose}'s memory grew by {grown:.1f} MiB a minute"


def main() -> None:
    """Run, print the figures, and check."""
    words = argparse.ArgumentParser()
    words.add_argument("--people", type=int, default=100)
    words.add_argument("--minutes", type=float, default=5)
    said = words.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        tokens = made(home, Path(folder) / "data", said.people)
        with serving(home) as (url, process):
            tally = asyncio.run(load(url, process, tokens, said.minutes * 60))
        half, most = np.quantile(tally.seconds, [0.5, 0.99])
        print(f"{said.people} researchers, {said.minutes} minutes")
        print(f"answers: {dict(tally.answers)}; charged: {tally.charged}")
        print(f"a second: {len(tally.seconds) / said.minutes / 60:.1f}")
        longest = max(tally.seconds)
        print(f"seconds: median {half:.2f}, p99 {most:.2f}, longest {longest:.2f}")
        for whose, samples in tally.memory.items():
            held = [each for _, each in samples]
            print(
                f"memory of the {whose}, MiB: {held[0]:.0f}, then {held[-1]:.0f},"
                f" most {max(held):.0f}, growing by {slope(samples):+.2f} a minute"
            )
        print(f"the machine's load: {', '.join(f'{x:.1f}' for x in os.getloadavg())}")
        check(home, tally)
        print("the ledger is exact, the log stands, memory is flat")


if __name__ == "__main__":
    main()
