"""Of a server at work, nothing secret can be listed, read in its logs, or dumped."""

from __future__ import annotations

import base64
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx
import pytest

from tests.openbao import TOKEN, openbao
from tests.ways_in.test_shutdown import HEADROOM
from tests.ways_in.world import RESEARCHER
from tre.environment import Environment
from tre.keystore import Keystore
from tre.roots import Root, passphrase_root, transit_root

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux has /proc, and processes without dumps"
)

PASSPHRASE = "canary correct horse battery"
COUNT = {"sql": "SELECT COUNT(*) AS n FROM people", "epsilon": 0.1, "fresh": True}
ORDINARY = "import sys; sys.stderr.write(chr(10)); sys.stderr.flush(); sys.stdin.read()"


@contextmanager
def by_passphrase() -> Iterator[tuple[str, str, Callable[[], tuple[bytes, Root]]]]:
    """A root that a passphrase gives: its variable, its secret, and the root."""
    root = partial(passphrase_root, PASSPHRASE.encode())
    yield "TRE_PASSPHRASE_FILE", PASSPHRASE, root


@contextmanager
def by_transit() -> Iterator[tuple[str, str, Callable[[], tuple[bytes, Root]]]]:
    """A root that a real key server keeps."""
    with openbao() as address:
        root = partial(transit_root, address, "transit", "tre")
        yield "TRE_TRANSIT_TOKEN_FILE", TOKEN, root


@contextmanager
def started(words: list[str], folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A program that may leave a core file as large as it likes."""
    unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    process = subprocess.Popen(
        words,
        cwd=folder,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=partial(resource.setrlimit, resource.RLIMIT_CORE, unlimited),
    )
    with process:
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()


def dumped(process: subprocess.Popen[str]) -> bool:
    """Whether a process that crashes leaves a core file behind."""
    process.send_signal(signal.SIGABRT)
    _, status = os.waitpid(process.pid, 0)
    process.returncode = -os.WTERMSIG(status)
    return os.WCOREDUMP(status)


def family(process: int) -> list[int]:
    """A process, and all that it started."""
    started = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [process, *(each for child in started for each in family(int(child)))]


def listed(processes: list[int]) -> bytes:
    """What anybody who lists processes can see of them, and its owner besides."""
    files = ("cmdline", "environ", "comm", "status", "limits", "wchan")
    return b"".join(
        Path(f"/proc/{process}/{file}").read_bytes()
        for process in processes
        for file in files
    )


def written(secret: bytes) -> list[bytes]:
    """How a secret may be written."""
    return [secret, secret.hex().encode(), base64.b64encode(secret)]


@dataclass
class Seen:
    """What there was to see of a server, from its start to its crash."""

    listed: bytes = b""
    logged: str = ""
    dumped: bool = True


def seen_of_a_server(home: Path, folder: Path, token: str) -> Seen:
    """Serve, ask, look at all its processes, and crash it."""
    seen = Seen()
    words = [sys.executable, "-m", "tre.cli", "serve", "--port", "0"]
    with started([*words, "--home", str(home)], folder) as server:
        assert server.stderr is not None
        while "address" not in (event := json.loads(server.stderr.readline())):
            pass
        address = event["address"]
        bearer = {"Authorization": f"Bearer {token}"}
        path = f"{address}/v1/projects/pay/queries"
        answer = httpx.post(path, json=COUNT, headers=bearer, timeout=60)
        assert answer.status_code == 200, answer.text
        seen.listed = listed(family(server.pid))
        seen.dumped = dumped(server)
        seen.logged = server.stderr.read()
    return seen


@pytest.mark.parametrize("opening", [by_passphrase, by_transit])
def test_nothing_secret_of_a_server_at_work_gets_out(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opening: Callable
) -> None:
    """Not by arguments, environments, logs or a crash; its processes' included."""
    home, file, folder = tmp_path / "home", tmp_path / "secret", tmp_path / "here"
    shutil.copytree(made, home)
    folder.mkdir()
    with opening() as (variable, secret, root):
        file.write_text(secret)
        monkeypatch.setenv(variable, str(file))
        monkeypatch.setenv("TRE_HEADROOM", HEADROOM)
        with Environment.open(home) as environment:
            token = environment.issue_token(RESEARCHER)
            environment.replace_root("another", root)
        seen = seen_of_a_server(home, folder, token)
        keystore = Keystore.open(home / "keys")
        keys = [keystore.key(name) for name in keystore.names()]
        keys += keystore._zones.values()
    shown = seen.listed + seen.logged.encode()
    secrets = [secret.encode(), token.encode(), *keys]
    assert len(keys) > 4
    assert not [each for one in secrets for each in written(one) if each in shown]
    assert str(file).encode() in shown  # where it is, is no secret
    assert not seen.dumped
    assert not list(folder.iterdir())


def test_an_ordinary_process_is_dumped(tmp_path: Path) -> None:
    """The same crash of another program leaves its memory, where the machine does."""
    if Path("/proc/sys/kernel/core_pattern").read_text().strip() != "core":
        pytest.skip("this machine does something else with core files")
    with started([sys.executable, "-c", ORDINARY], tmp_path) as process:
        assert process.stderr is not None
        process.stderr.readline()
        assert dumped(process)
