"""A server that is told to stop, or whose disk takes nothing more, loses no charge."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import httpx
import pytest

from privacy.errors import Refused
from tests.enclave.clocks import StoppedClock
from tests.ways_in.world import RESEARCHER
from tre.environment import Environment
from tre.gateway.readiness import SECONDS, Readiness

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux has prlimit and /proc"
)
COUNT = {"sql": "SELECT COUNT(*) AS n FROM people", "rho": 0.001, "fresh": True}
QUERIES = "/v1/projects/pay/queries"
HEADROOM = "256"
"""Of a server in a process of its own, which leaps over no slot: 3.2 s a question."""


@dataclass(frozen=True)
class Serving:
    """`tre serve`, as a process of its own."""

    process: subprocess.Popen[str]
    url: str
    token: str

    def http(self) -> httpx.Client:
        """A connection as the researcher."""
        bearer = {"Authorization": f"Bearer {self.token}"}
        return httpx.Client(base_url=self.url, headers=bearer, timeout=60)

    def left(self) -> float:
        """The ρ that the project has left."""
        with self.http() as http:
            return http.get("/v1/projects/pay/budget").json()["left"]["rho"]


@contextmanager
def serve(made: Path, home: Path, *words: str) -> Iterator[Serving]:
    """Serve a copy of the home."""
    shutil.copytree(made, home)
    with Environment.open(home) as environment:
        token = environment.issue_token(RESEARCHER)
    whole = [sys.executable, "-m", "tre.cli", "serve", "--port", "0", *words]
    with subprocess.Popen(
        [*whole, "--home", str(home)],
        env=os.environ | {"TRE_HEADROOM": HEADROOM},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        try:
            while "address" not in (event := json.loads(process.stderr.readline())):
                pass
            # A full pipe would stop a server that is asked as fast as it answers.
            reader = Thread(target=deque, args=(process.stderr, 0))
            reader.start()
            yield Serving(process, event["address"], token)
        finally:
            if process.poll() is None:
                process.kill()
            reader.join()


def test_a_disk_that_takes_nothing_more_refuses_and_comes_back(
    made: Path, tmp_path: Path
) -> None:
    """Not ready, nothing charged, nothing but refusals; and ready when it takes again.

    The kernel refuses every write of the server to a file, as a disk that is full or
    read-only does.
    """
    with serve(made, tmp_path / "home") as serving, serving.http() as http:
        assert http.post(QUERIES, json=COUNT).status_code == 200
        before = serving.left()
        _, most = resource.prlimit(serving.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(serving.process.pid, resource.RLIMIT_FSIZE, (0, most))
        while (answer := http.get("/readyz")).status_code == 200:
            pass  # what was seen a moment ago holds for a second
        assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
        assert http.get("/healthz").status_code == 200
        said = {"person": RESEARCHER, "password": "x" * 20, "code": "123456"}
        for path, body in ((QUERIES, COUNT), ("/v1/session", said)):
            answer = http.post(path, json=body)
            assert answer.json()["code"] in {"unavailable", "in_doubt"}
        assert serving.left() == before
        resource.prlimit(serving.process.pid, resource.RLIMIT_FSIZE, (most, most))
        while http.get("/readyz").status_code == 503:
            pass
        assert http.post(QUERIES, json=COUNT).status_code == 200
        assert serving.left() == pytest.approx(before - 0.001, abs=1e-8)


def test_a_question_under_way_is_answered_and_nobody_else_is(
    made: Path, tmp_path: Path
) -> None:
    """Told to stop, it takes no new connection, answers what it has begun, and ends."""
    with serve(made, tmp_path / "home") as serving:
        answers: list[httpx.Response] = []

        def ask() -> None:
            with serving.http() as http:
                answers.append(http.post(QUERIES, json=COUNT))

        before = serving.left()
        asking = Thread(target=ask)
        asking.start()
        while serving.left() == before:
            pass  # until it is charged: from then on it is under way
        serving.process.send_signal(signal.SIGTERM)
        asking.join()
        assert serving.process.wait(timeout=120) == 0
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{serving.url}/readyz")
    assert [answer.status_code for answer in answers] == [200]
    with Environment.open(tmp_path / "home") as environment:
        assert environment.remaining("pay").rho == pytest.approx(before - 0.001)
        assert environment.verify_audit().sound


def test_readiness_is_looked_at_once_a_second() -> None:
    """Whoever asks often has nothing written often, and is told what was seen."""
    clock, looks = StoppedClock(), []
    ready = Readiness(clock)
    ready.look(lambda: looks.append("well"))
    ready.look(lambda: looks.append("well"))
    assert looks == ["well"]

    def broken() -> None:
        looks.append("broken")
        raise ValueError("a canary")

    clock.wait_until(SECONDS)
    for _ in range(3):
        with pytest.raises(Refused) as refusal:
            ready.look(broken)
        assert "canary" not in refusal.value.message
    assert looks == ["well", "broken"]
    clock.wait_until(2 * SECONDS)
    ready.look(lambda: None)
