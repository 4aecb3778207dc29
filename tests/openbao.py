"""A real OpenBao server, which speaks Vault's API, that a test starts for itself."""

from __future__ import annotations

import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

BAO = Path(sys.executable).with_name("bao")
TOKEN = f"canary-root-token-{secrets.token_hex(8)}"
"""Of this process's servers, and of nobody else's."""

_PREPARED: tuple[tuple[str, dict[str, str]], ...] = (
    ("sys/mounts/transit", {"type": "transit"}),
    ("transit/keys/tre", {}),
)


@contextmanager
def openbao() -> Iterator[str]:
    """The address of a server with a transit key of the name `tre`."""
    for _ in range(10):
        address = f"http://127.0.0.1:{_free_port()}"
        with _server(address) as server, _client(address) as client:
            while not (ours := _is_ours(client)) and server.poll() is None:
                time.sleep(0.05)
            if not ours:  # somebody else was quicker at that port
                continue
            for path, body in _PREPARED:
                client.post(f"/v1/{path}", json=body).raise_for_status()
            yield address
            return
    raise AssertionError("no server starts")


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


@contextmanager
def _server(address: str) -> Iterator[subprocess.Popen[bytes]]:
    listening = f"-dev-listen-address={address.removeprefix('http://')}"
    words = ["server", "-dev", listening, "-dev-no-store-token"]
    server = subprocess.Popen(
        [BAO, *words, f"-dev-root-token-id={TOKEN}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield server
    finally:
        server.kill()
        server.wait()


def _client(address: str) -> httpx.Client:
    token = {"X-Vault-Token": TOKEN}
    return httpx.Client(base_url=address, headers=token, timeout=60)


def _is_ours(client: httpx.Client) -> bool:
    """Whether who answers there is the server that we started."""
    try:
        return client.get("/v1/auth/token/lookup-self").is_success
    except httpx.TransportError:
        return False
