"""A real OpenBao server, which speaks Vault's API, that a test starts for itself."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

BAO = Path(sys.executable).with_name("bao")
TOKEN = "canary-root-token"


@contextmanager
def openbao() -> Iterator[str]:
    """The address of a server with a transit key of the name `tre`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    words = ["server", "-dev", f"-dev-listen-address=127.0.0.1:{port}"]
    server = subprocess.Popen(
        [BAO, *words, "-dev-no-store-token", f"-dev-root-token-id={TOKEN}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        client = httpx.Client(base_url=address, headers={"X-Vault-Token": TOKEN})
        while not _answers(client):
            assert server.poll() is None
            time.sleep(0.05)
        for path, said in (("sys/mounts/transit", "transit"), ("transit/keys/tre", "")):
            body = {"type": said} if said else {}
            client.post(f"/v1/{path}", json=body).raise_for_status()
        client.close()
        yield address
    finally:
        server.kill()
        server.wait()


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/v1/sys/health").is_success
    except httpx.TransportError:
        return False
