"""A real S3-compatible server on loopback, and a relay that can be told to fail."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from pyarrow import fs

from connectors.credential import Credential
from connectors.object_store import ObjectStore
from connectors.retry import Patience

USER = "CANARYUSER"
PASSWORD = "CANARYPASSWORD"
BUCKET = "held"
KEPT = {
    f"TRE_CREDENTIALS_HELD_{part}": value
    for part, value in (("HOST", "127.0.0.1"), ("USER", USER), ("PASSWORD", PASSWORD))
}
"""What an environment has of the server, that manifests only name."""
PARTS = ("master", "volume", "filer", "s3")
Ports: TypeAlias = dict[str, tuple[int, int]]
TRIES = 5
"""Servers to start: one ends where somebody else was quicker at one of its ports."""
LAST = 300.0
"""Seconds after which a server that has not started has failed."""


@contextmanager
def object_store(folder: Path) -> Iterator[int]:
    """Start the server with its files in `folder`; its port, once it takes files."""
    for attempt in range(TRIES):
        numbers = iter(free_ports(2 * len(PARTS)))
        ports = {part: (next(numbers), next(numbers)) for part in PARTS}
        port = ports["s3"][0]
        with _server(folder / str(attempt), ports) as server:
            if _takes_files(port, server):
                yield port
                return
    raise AssertionError("no server starts")


@contextmanager
def _server(folder: Path, ports: Ports) -> Iterator[subprocess.Popen[bytes]]:
    folder.mkdir()
    server = subprocess.Popen(
        [*_command(folder, ports)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield server
    finally:
        server.kill()  # it takes minutes to end in peace
        server.wait()
        for number in (number for pair in ports.values() for number in pair):
            for left in Path("/tmp").glob(f"seaweedfs-*-{number}.sock"):  # noqa: S108 - where the server puts them, whatever it is told
                left.unlink()


def bucket(port: int) -> fs.S3FileSystem:
    """The server's files, to be written by the tests."""
    return fs.S3FileSystem(
        access_key=USER,
        secret_key=PASSWORD,
        endpoint_override=f"127.0.0.1:{port}",
        scheme="http",
        region="us-east-1",
        allow_bucket_creation=True,
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=1),
    )


def declared(port: int, **other: Any) -> dict[str, Any]:
    """The server's bucket, as a manifest names it."""
    where = {"host": "127.0.0.1", "port": port, "scheme": "http", "bucket": BUCKET}
    return {**where, "credentials": "held", **other}


def store(
    port: int, *, password: str = PASSWORD, patience: Patience | None = None
) -> ObjectStore:
    """The server, as a source asks it."""
    return ObjectStore(
        host="127.0.0.1",
        bucket=BUCKET,
        region="us-east-1",
        credential=Credential(USER, password),
        port=port,
        scheme="http",
        patience=patience or Patience(),
    )


def free_ports(many: int) -> list[int]:
    """So many ports that nobody listens on, no two the same."""
    with ExitStack() as held:
        taken = [held.enter_context(taken_port()) for _ in range(many)]
        return [each.getsockname()[1] for each in taken]


def taken_port() -> socket.socket:
    """A port that nobody listens on, and that nobody else can take meanwhile."""
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    return taken


@dataclass
class Relay:
    """Passes connections on to a port; cuts the first few after some bytes."""

    to: int
    cuts: int = 0
    after: int = 0
    listener: socket.socket = field(default_factory=taken_port)

    @property
    def port(self) -> int:
        """Its own, which is refused until it has started."""
        port: int = self.listener.getsockname()[1]
        return port

    def start(self) -> None:
        """Listen; ends with the tests."""
        self.listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            near = self.listener.accept()[0]
            far = socket.create_connection(("127.0.0.1", self.to))
            for way in ((near, far, False), (far, near, True)):
                threading.Thread(target=self._pass, args=way, daemon=True).start()

    def _pass(self, one: socket.socket, other: socket.socket, cutting: bool) -> None:
        passed = 0
        with suppress(OSError), closing(one), closing(other):
            while block := one.recv(1 << 16):
                other.sendall(block)
                passed += len(block)
                if cutting and self.cuts and passed > self.after:
                    self.cuts -= 1
                    other.shutdown(socket.SHUT_RDWR)
                    return


def _command(folder: Path, ports: Ports) -> Iterator[str]:
    identity = {
        "name": "reader",
        "credentials": [{"accessKey": USER, "secretKey": PASSWORD}],
        "actions": ["Admin", "Read", "Write", "List"],
    }
    config = folder / "s3.json"
    config.write_text(json.dumps({"identities": [identity]}))
    yield str(Path(sys.executable).parent / "weed")
    yield from ("server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={folder}")
    yield from ("-master.telemetry=false", "-master.volumeSizeLimitMB=64")
    yield from ("-volume.max=4", "-filer", "-s3", f"-s3.config={config}")
    yield from (
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        f"-filer.localSocket={folder / 'filer.sock'}",
    )
    for part, (port, grpc) in ports.items():
        yield from (f"-{part}.port={port}", f"-{part}.port.grpc={grpc}")


def _takes_files(port: int, server: subprocess.Popen[bytes]) -> bool:
    """Wait until the server takes a file; False where it has ended instead.

    It starts in parts, and answers before it can.
    """
    last = time.monotonic() + LAST
    while server.poll() is None:
        try:
            files = bucket(port)
            files.create_dir(BUCKET)
            with files.open_output_stream(f"{BUCKET}/ready") as stream:
                stream.write(b"yes")
        except OSError:
            if time.monotonic() > last:
                raise
            time.sleep(0.1)
        else:
            return True
    return False
