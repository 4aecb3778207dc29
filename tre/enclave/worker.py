"""One enclave process, from its start to its end."""

from __future__ import annotations

import os
import secrets
import select
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final, cast

from privacy.table import NoisedTable
from tre.enclave.confinement import LONGEST_GREETING, read_greeting
from tre.enclave.job import MARK_BYTES, Job, decode_noised, encode_job, receive, send
from tre.enclave.patience import Patience, Patient, ready
from tre.enclave.scratch import Scratch

PROGRAM: Final = (sys.executable, "-I", "-m", "tre.enclave.child")

PASSED_ON: Final = (
    "OPENBLAS_CORETYPE",
    "OPENBLAS_L2_SIZE",
    "LD_LIBRARY_PATH",
    "SYSTEMROOT",
)
"""The only variables of our environment that an enclave process sees."""


class Worker:
    """A process of `program`, and the scratch folder it spills to. Not thread-safe.

    It starts at once; nobody waits for it until `granted` is asked.
    """

    def __init__(
        self,
        published: Path,
        scratch: Path,
        *,
        memory_mib: int,
        program: Sequence[str] = PROGRAM,
    ) -> None:
        self._scratch = Scratch.make(scratch)
        own = self._scratch.folder.resolve()
        words = [*program, str(published.resolve()), str(own), str(memory_mib)]
        try:
            self._process = _started(words, own)
        except BaseException:
            self._scratch.wipe()
            raise
        self._granted: frozenset[str] | None = None

    @property
    def pid(self) -> int:
        """The process, as the system numbers it."""
        return self._process.pid

    def usable(self) -> bool:
        """Whether it runs, and has said nothing that it was not asked for."""
        if self._process.poll() is not None:
            return False
        return self._granted is None or not self.speaks()

    def speaks(self) -> bool:
        """Whether something it said, or its end, is there to be read."""
        return ready(self._replies, select.POLLIN)

    def granted(self, patience: Patience) -> frozenset[str] | None:
        """The layers that confine it, once it is ready; None where it is not."""
        if self._granted is None:
            said = receive(Patient(self._replies, patience), at_most=LONGEST_GREETING)
            self._granted = None if said is None else read_greeting(said)
        return self._granted

    @property
    def heard(self) -> frozenset[str] | None:
        """The layers it has said it has; None where nobody has heard it yet."""
        return self._granted

    def exchange(self, job: Job, patience: Patience) -> NoisedTable | None:
        """Run one job; None where the reply is late, another's or misshapen.

        Whatever is raised, or None, leaves the process fit for nothing but its end.
        """
        mark = secrets.token_bytes(MARK_BYTES)
        send(Patient(self._jobs, patience), mark + encode_job(job))
        longest = MARK_BYTES + job.reply_bytes
        reply = receive(Patient(self._replies, patience), at_most=longest)
        if reply is None or not reply.startswith(mark):
            return None
        return decode_noised(reply[MARK_BYTES:], job)

    def end(self) -> None:
        """Kill the process, wait until it is gone, and wipe what it spilled."""
        self._process.kill()
        with suppress(OSError):
            self._jobs.close()
        self._replies.close()
        self._process.wait()
        self._scratch.wipe()

    @property
    def _jobs(self) -> BinaryIO:
        return cast(BinaryIO, self._process.stdin)

    @property
    def _replies(self) -> BinaryIO:
        return cast(BinaryIO, self._process.stdout)


def _started(words: Sequence[str], folder: Path) -> subprocess.Popen[bytes]:
    passed_on = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    process = subprocess.Popen(
        words,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        env={**passed_on, "OPENBLAS_NUM_THREADS": "1"},
        cwd=folder,
        start_new_session=True,
    )
    os.set_blocking(cast(BinaryIO, process.stdin).fileno(), False)
    return process
