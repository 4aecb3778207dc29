"""Starts enclave processes, hands them jobs, and ends those that misbehave."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from privacy.errors import Failed
from privacy.table import NoisedTable
from tre.enclave.job import Job, decode_noised, encode_job, receive, send

PASSED_ON = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "LD_LIBRARY_PATH", "SYSTEMROOT")
"""The only variables of our environment that an enclave process sees."""


@dataclass(frozen=True, slots=True)
class Patient:
    """A pipe that is read until a moment of the monotonic clock, and no longer."""

    pipe: BinaryIO
    until: float

    def read(self, size: int) -> bytes:
        """So many bytes; fewer where the pipe or the time ends first."""
        found = bytearray()
        poll = select.poll()
        poll.register(self.pipe, select.POLLIN)
        while len(found) < size:
            left = max(0.0, self.until - time.monotonic())
            ready = poll.poll(left * 1000)
            piece = os.read(self.pipe.fileno(), size - len(found)) if ready else b""
            if not piece:
                break
            found += piece
        return bytes(found)


class Enclave:
    """A supervised process that alone opens the published files.

    One job at a time; safe to call from many threads. `published` is the folder
    of published files; `scratch` a folder of its own for spilling, wiped at start
    and at close. A job that fails, hangs past `deadline_seconds` or kills the
    process raises the same `Failed`, and the next job meets a new process.
    """

    def __init__(
        self, published: Path, scratch: Path, *, deadline_seconds: float = 120.0
    ) -> None:
        self._published = published
        self._scratch = scratch
        self._deadline_seconds = deadline_seconds
        self._turn = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._own_scratch: Path | None = None

    def start(self) -> None:
        """Start the process, without waiting for it to be ready."""
        with self._turn:
            self._running()

    def answer(self, job: Job) -> NoisedTable:
        """Run one job; raises `Failed` and nothing else."""
        with self._turn:
            try:
                reply = self._exchange(job)
            except OSError:
                reply = None
            noised = None if reply is None else decode_noised(reply, job)
            if noised is None:
                self._end()
                raise Failed
            return noised

    def close(self) -> None:
        """End the process and wipe its scratch."""
        with self._turn:
            self._end()

    def _exchange(self, job: Job) -> bytes | None:
        process = self._running()
        until = time.monotonic() + self._deadline_seconds
        send(cast(BinaryIO, process.stdin), encode_job(job))
        replies = Patient(cast(BinaryIO, process.stdout), until)
        return receive(replies, at_most=job.reply_bytes)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._end()
            self._process = self._spawn()
        return self._process

    def _spawn(self) -> subprocess.Popen[bytes]:
        self._scratch.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._own_scratch = Path(tempfile.mkdtemp(dir=self._scratch))
        passed_on = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        return subprocess.Popen(
            [
                sys.executable,
                "-I",
                "-m",
                "tre.enclave.child",
                str(self._published.resolve()),
                str(self._own_scratch.resolve()),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env={**passed_on, "OPENBLAS_NUM_THREADS": "1"},
            cwd=self._own_scratch,
        )

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            with suppress(OSError):
                cast(BinaryIO, self._process.stdin).close()
            cast(BinaryIO, self._process.stdout).close()
            self._process.wait()
            self._process = None
        if self._own_scratch is not None:
            shutil.rmtree(self._own_scratch, ignore_errors=True)
            self._own_scratch = None
