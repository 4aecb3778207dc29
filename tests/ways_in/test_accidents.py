"""When the machine fails: the same words everywhere, and nothing of what went wrong."""

import asyncio
import json
import os
import re
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from threading import Thread

import httpx
import pytest

from connectors import Invalid
from privacy.errors import Failed
from tests.ways_in.conftest import Said, Served
from tests.ways_in.world import RESEARCHER
from tre.client import Client
from tre.environment import Environment
from tre.gateway.app import create_app
from tre.gateway.server import server

COUNT = "SELECT COUNT(*) AS n FROM people"
AS_RESEARCHER = ("--project", "pay", "--person", RESEARCHER)


@pytest.fixture
def unreadable(home: Path) -> Iterator[None]:
    """Published files whose bytes are not what they were."""
    files = [
        path for path in (home / "zones" / "research").rglob("*") if path.is_file()
    ]
    kept = {file: file.read_bytes() for file in files}
    for file in files:
        file.chmod(0o600)
        file.write_bytes(b"x" * 4096)
    yield
    for file, content in kept.items():
        file.write_bytes(content)


@pytest.mark.usefixtures("unreadable")
def test_a_failure_says_the_same_everywhere(
    served: Served, client: Client, tre: Callable[..., Said]
) -> None:
    """Over HTTP, in Python and on the command line: failed, charged, and no more."""
    enclave = served.environment._parts.gate.enclave
    enclave.close()
    enclave.start()  # without what was read while it could be
    before = client.budget("pay").rho
    with served.http() as http:
        answer = http.post("/v1/projects/pay/queries", json={"sql": COUNT})
    assert answer.status_code == 500
    assert answer.json() == {
        "type": "about:blank",
        "title": "Internal Server Error",
        "status": 500,
        "code": "failed",
        "detail": Failed.message,
    }
    assert client.budget("pay").rho < before
    with pytest.raises(Failed):
        client.ask(COUNT, project="pay", fresh=True)
    said = tre("query", COUNT, *AS_RESEARCHER, "--fresh")
    assert (said.status, said.out) == (1, "")
    assert said.err == f"{Failed.message} [failed]\n"


def stopped(process: int, _charged: Callable[[], bool]) -> None:
    """Have it hang: it never answers again."""
    os.kill(process, signal.SIGSTOP)


def starved(process: int, _charged: Callable[[], bool]) -> None:
    """Take its memory: the kernel refuses whatever more it asks for."""
    resource.prlimit(process, resource.RLIMIT_DATA, (2**20, 2**20))


def killed(process: int, charged: Callable[[], bool]) -> None:
    """Have it killed once the question is charged, as the kernel does out of memory.

    It is stopped first, so that the question cannot be over before.
    """

    def kill() -> None:
        while not charged():
            pass
        os.kill(process, signal.SIGKILL)

    os.kill(process, signal.SIGSTOP)
    Thread(target=kill).start()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has prlimit")
@pytest.mark.parametrize("befalls", [stopped, starved, killed])
@pytest.mark.parametrize("by", ["the library", "HTTP"])
def test_whatever_befalls_a_process_its_question_fails_charged(
    served: Served, by: str, befalls: Callable[[int, Callable[[], bool]], None]
) -> None:
    """Hung, without memory or killed: one failure, one charge, and the next question.

    All is real: the process, what happens to it, the question, and the way to it.
    """

    def ask() -> tuple[str, float]:
        """How a question ends, and what the project has left."""
        if by == "HTTP":
            with served.http() as http:
                body = {"sql": COUNT, "rho": 0.001, "fresh": True}
                answer = http.post("/v1/projects/pay/queries", json=body)
                ended = answer.json().get("code", "released")
                assert (answer.status_code == 500) == (ended == Failed.code)
        else:
            try:
                served.environment.ask(
                    COUNT, project="pay", person=RESEARCHER, rho=0.001, fresh=True
                )
                ended = "released"
            except Failed as failure:
                ended = failure.code
        return ended, served.environment.remaining("pay").rho

    before, left = ask()
    (worker,) = served.environment._parts.gate.enclave._idle
    befalls(worker.pid, lambda: served.environment.remaining("pay").rho < left)
    failed, left_then = ask()
    after, left_after = ask()
    assert (before, failed, after) == ("released", Failed.code, "released")
    assert left - left_then == pytest.approx(0.001, abs=1e-8)
    assert left_then - left_after == pytest.approx(0.001, abs=1e-8)
    assert served.environment.verify_audit().sound


def test_a_server_without_its_database_is_not_ready(home: Path, tmp_path: Path) -> None:
    """`/readyz` is 503 while nothing can be read; `/healthz` only says it runs."""
    copy = tmp_path / "home"
    shutil.copytree(home, copy)
    with Environment.open(copy) as environment:
        app = create_app(environment)
        for part in copy.glob("control.sqlite*"):
            part.write_bytes(b"x" * 8192)

        async def get(path: str) -> httpx.Response:
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://localhost"
            ) as http:
                return await http.get(path)

        answers = [asyncio.run(get(path)) for path in ("/healthz", "/readyz")]
    assert [answer.status_code for answer in answers] == [200, 503]
    assert answers[1].json()["code"] == "not_ready"


def _garbled(home: Path) -> None:
    for part in home.glob("control.sqlite*"):
        part.write_bytes(b"CANARY" * 2048)


def _from_later(home: Path) -> None:
    with closing(sqlite3.connect(home / "control.sqlite")) as control, control:
        control.execute("UPDATE alembic_version SET version_num = 'CANARY'")


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "a garbled database": (_garbled, "it is damaged; put the newest backup of it back"),
    "a later version": (_from_later, "a later version of the program made it: run"),
    "no root key": (
        lambda home: (home / "keys" / "root").unlink(),
        "key root: its file cannot be read (No such file or directory); the newest",
    ),
    "no signing key": (
        lambda home: (home / "keys" / "signing.key").unlink(),
        "key signing: its file cannot be read (No such file or directory); the newest",
    ),
    "no home": (shutil.rmtree, "there is no environment here; say with --home where"),
}


@pytest.mark.parametrize("damage", BROKEN)
def test_a_broken_home_is_told_with_what_mends_it(
    home: Path, tmp_path: Path, tre: Callable[..., Said], damage: str
) -> None:
    """Status 1 and a sentence; the error's own text, which may quote, is not said."""
    copy = tmp_path / "home"
    shutil.copytree(home, copy)
    change, message = BROKEN[damage]
    change(copy)
    said = tre("dataset", "list", "--home", copy)
    assert (said.status, said.out) == (1, "")
    assert message in said.err
    assert "CANARY" not in said.err
    assert "fault of the program" not in said.err


def test_what_the_environment_needs_is_not_destroyed(tre: Callable[..., Said]) -> None:
    """A key without which nobody could open it, or sign in, whatever is said."""
    for name in ("signing", "identity"):
        said = tre("key", "destroy", name, "--for-good")
        assert said.status == 1
        assert f"{name}: the environment needs it" in said.err
        assert f"control  {name}" in tre("key", "list").out


def test_a_port_that_is_taken_is_told(home: Path) -> None:
    """With the place, the rule and the way on, and not by a library's exit status."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with Environment.open(home) as environment:
            refused = server(environment, host="127.0.0.1", port=port)
            with pytest.raises(Invalid, match=rf"127.0.0.1:{port}: .*--port"):
                refused.run()


def test_what_is_published_nowhere_is_told(tre: Callable[..., Said]) -> None:
    """Heads go outside where there is a place, and a place is one that is there."""
    said = tre("audit", "publish")
    assert said.status == 1
    assert "no place outside is set: say one with --to" in said.err
    assert "a folder that is there" in tre("audit", "publish", "--to", "/nowhere").err


_HEAPS = """
import ctypes, threading, sys
from tre.heap import share_one_heap
if sys.argv[1] == "one":
    share_one_heap()
all_there = threading.Barrier(8)
def hold():
    held = bytearray(100_000)
    all_there.wait()
threads = [threading.Thread(target=hold) for _ in range(8)]
[each.start() for each in threads], [each.join() for each in threads]
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
stream = ctypes.c_void_p(libc.fopen(b"/dev/stdout", b"w"))
libc.malloc_info(0, stream), libc.fclose(stream)
"""


def test_threads_share_one_heap() -> None:
    """What is free in it serves all of them; else each would have one of its own."""

    def heaps(word: str) -> int:
        said = [sys.executable, "-c", _HEAPS, word]
        run = subprocess.run(said, check=True, capture_output=True, text=True)
        return run.stdout.count("<heap nr=")

    assert heaps("one") == 1 < heaps("own")


def test_a_place_that_cannot_be_made_is_named(tre: Callable[..., Said]) -> None:
    """Status 1, the path, and the system's reason."""
    said = tre("init", "--home", "/dev/null/home")
    assert said.status == 1
    assert said.err.startswith("/dev/null/home")


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_a_server_ends_in_order(home: Path, ending: signal.Signals) -> None:
    """Asked to stop, by a key or by the system, it closes everything: status 0."""
    words = [sys.executable, "-m", "tre.cli", "serve", "--port", "0"]
    with subprocess.Popen(
        [*words, "--home", str(home)], stderr=subprocess.PIPE, text=True
    ) as serving:
        assert serving.stderr is not None
        events = map(json.loads, serving.stderr)
        address = next(each["address"] for each in events if "address" in each)
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", address)
        assert httpx.get(f"{address}/readyz", timeout=60).status_code == 200
        serving.send_signal(ending)
        assert serving.wait(timeout=120) == 0
