"""One environment with people in it; copies of it for tests that change it."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.confinement import accept_what_is_missing
from tests.enclave.clocks import leap, reopened
from tests.ways_in.world import (
    MEMBER,
    RESEARCHER,
    STEWARD,
    package,
    project,
    write_dataset,
)
from tre.cli.run import run
from tre.client import Client
from tre.environment import Environment
from tre.gateway.server import server


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with people, two active projects, and nothing asked. Not to be opened."""
    home = tmp_path_factory.mktemp("made") / "home"
    manifest = write_dataset(tmp_path_factory.mktemp("data"))
    with Environment.create(home) as environment:
        accept_what_is_missing(environment)
        environment.create_population(
            "residents", epsilon=200.0, delta=1e-5, until=date(2099, 12, 31)
        )
        environment.add_person(RESEARCHER, roles=["researcher"])
        environment.add_person(
            STEWARD, roles=["steward"], controller="Department of Examples"
        )
        environment.add_person(MEMBER, roles=["committee"])
        environment.onboard(manifest, person=STEWARD)
        for asked in (project("pay"), project("pure", epsilon=5.0, measure="pure")):
            name = environment.propose(asked, person=RESEARCHER)
            environment.approve(name, person=MEMBER)
            environment.approve(name, person=STEWARD)
    return home


@pytest.fixture(scope="module")
def home(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the home, one for each test module."""
    copy = tmp_path_factory.mktemp("copy") / "home"
    shutil.copytree(made, copy)
    return copy


@dataclass(frozen=True)
class Said:
    """What a command left behind."""

    status: int
    out: str
    err: str


@pytest.fixture
def tre(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Said]:
    """Run a `tre` command on the copied home. Its questions wait for no slot."""
    leap(monkeypatch)
    monkeypatch.setenv("TRE_HOME", str(home))
    monkeypatch.delenv("TRE_PERSON", raising=False)

    def command(*words: str | Path) -> Said:
        capsys.readouterr()
        status = run([str(word) for word in words])
        captured = capsys.readouterr()
        return Said(status, captured.out, captured.err)

    return command


@dataclass(frozen=True)
class Served:
    """A server on this machine, and tokens of people who may speak to it."""

    url: str
    environment: Environment
    inbox: Path
    tokens: dict[str, str]

    @property
    def own_inbox(self) -> Path:
        """The folder of the inbox that is the steward's controller's."""
        return self.inbox / package()["tre"]["controller"]

    def http(self, person: str | None = RESEARCHER) -> httpx.Client:
        """A connection as somebody, or as nobody."""
        token = self.tokens.get(person or "")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60)


@pytest.fixture(scope="module")
def served(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The real server, on a free port of the loopback, around the copied home.

    Its questions have long slots, and wait for none.
    """
    inbox = tmp_path_factory.mktemp("inbox")
    with reopened(home) as environment:
        people = (RESEARCHER, STEWARD, MEMBER)
        tokens = {person: environment.issue_token(person) for person in people}
        with serving(environment, inbox=inbox) as url:
            yield Served(url, environment, inbox, tokens)


@contextmanager
def serving(environment: Environment, **more: Any) -> Iterator[str]:
    """The real server around an environment; its address."""
    running = server(environment, host="127.0.0.1", port=0, **more)
    thread = threading.Thread(target=running.run)
    thread.start()
    try:
        yield _address(running, thread)
    finally:
        running.should_exit = True
        thread.join()


@pytest.fixture
def http(served: Served) -> Iterator[httpx.Client]:
    """A connection as the researcher."""
    with served.http() as connection:
        yield connection


@pytest.fixture
def client(served: Served) -> Iterator[Client]:
    """The project's own client, as the researcher."""
    with Client(served.url, token=served.tokens[RESEARCHER]) as speaking:
        yield speaking


def _address(running, thread: threading.Thread) -> str:
    while not running.started:
        assert thread.is_alive(), "the server did not start"
        time.sleep(0.01)
    host, port = running.servers[0].sockets[0].getsockname()[:2]
    return f"http://{host}:{port}"
