"""Starts enclave processes, hands them jobs, and ends those that misbehave."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from privacy.errors import Failed
from privacy.table import NoisedTable
from tre.enclave.job import Job, decode_noised, encode_job, receive, send
from tre.enclave.scratch import Scratch

PASSED_ON = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "LD_LIBRARY_PATH", "SYSTEMROOT")
"""The only variables of our environment that an enclave process sees."""


@dataclass(frozen=True, slots=True)
class Patient:
    """A pipe that is waited for until a moment of the monotonic clock, no longer."""

    pipe: BinaryIO
    until: float

    def read(self, size: int, /) -> bytes:
        """So many bytes; fewer where the pipe or the time ends first."""
        found = bytearray()
        while len(found) < size and self._ready(select.POLLIN):
            piece = os.read(self.pipe.fileno(), size - len(found))
            if not piece:
                break
            found += piece
        return bytes(found)

    def write(self, data: memoryview, /) -> int:
        """Write what the pipe has room for; TimeoutError where the time ends first."""
        if not self._ready(select.POLLOUT):
            raise TimeoutError
        return os.write(self.pipe.fileno(), data)

    def flush(self) -> None:
        """Nothing is held back."""

    def _ready(self, event: int) -> bool:
        poll = select.poll()
        poll.register(self.pipe, event)
        left = max(0.0, self.until - time.monotonic())
        return bool(poll.poll(left * 1000))


class Enclave:
    """A supervised process that alone opens the published files.

    One job at a time; safe to call from many threads. `published` is the folder
    of published files; in `scratch` each process has a folder of its own for
    spilling, wiped when it ends, or by the next one where we were killed first. A
    job that fails, hangs past `deadline_seconds`, takes more than `memory_mib` or
    kills the process raises the same `Failed`, and the next meets a new process.
    """

    def __init__(
        self,
        published: Path,
        scratch: Path,
        *,
        deadline_seconds: float = 120.0,
        memory_mib: int = 2048,
    ) -> None:
        self._published = published
        self._scratch = scratch
        self._deadline_seconds = deadline_seconds
        self._memory_mib = memory_mib
        self._turn = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._own_scratch: Scratch | None = None

    def start(self) -> None:
        """Start the process, without waiting for it to be ready."""
        with self._turn:
            self._running()

    def answer(self, job: Job) -> NoisedTable:
        """Run one job; raises `Failed` and nothing else."""
        noised = None
        with self._turn:
            try:
                with suppress(Exception):
                    noised = self._exchange(job)
            finally:  # interrupted too: a late reply would answer the next job
                if noised is None:
                    self._end()
        if noised is None:
            raise Failed
        return noised

    def close(self) -> None:
        """End the process and wipe its scratch."""
        with self._turn:
            self._end()

    def _exchange(self, job: Job) -> NoisedTable | None:
        process = self._running()
        until = time.monotonic() + self._deadline_seconds
        send(Patient(cast(BinaryIO, process.stdin), until), encode_job(job))
        replies = Patient(cast(BinaryIO, process.stdout), until)
        reply = receive(replies, at_most=job.reply_bytes)
        return None if reply is None else decode_noised(reply, job)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._end()
            self._process = self._spawn()
        return self._process

    def _spawn(self) -> subprocess.Popen[bytes]:
        self._own_scratch = Scratch.make(self._scratch)
        own = self._own_scratch.folder.resolve()
        passed_on = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        process = subprocess.Popen(
            [
                sys.executable,
                "-I",
                "-m",
                "tre.enclave.child",
                str(self._published.resolve()),
                str(own),
                str(self._memory_mib),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env={**passed_on, "OPENBLAS_NUM_THREADS": "1"},
            cwd=own,
            start_new_session=True,
        )
        os.set_blocking(cast(BinaryIO, process.stdin).fileno(), False)
        return process

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            with suppress(OSError):
                cast(BinaryIO, self._process.stdin).close()
            cast(BinaryIO, self._process.stdout).close()
            self._process.wait()
            self._process = None
        if self._own_scratch is not None:
            self._own_scratch.wipe()
            self._own_scratch = None
