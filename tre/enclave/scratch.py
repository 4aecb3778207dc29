"""A folder for each enclave process, wiped when the process that made it is gone."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Scratch:
    """A folder under a lock that the system lets go of when its maker ends."""

    folder: Path
    _lock: int = field(repr=False)
    _maker: int = field(default_factory=os.getpid, repr=False)

    @classmethod
    def make(cls, parent: Path) -> Scratch:
        """A new folder in `parent`. What processes now gone left there is wiped."""
        parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _locked(parent):
            for left in parent.iterdir():
                _wipe_abandoned(left)
            folder = Path(tempfile.mkdtemp(dir=parent))
            return cls(folder, _open_locked(folder))

    def wipe(self) -> None:
        """Remove the folder; a forked copy of its maker only lets go of it."""
        if os.getpid() == self._maker:
            shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self._lock)


def _wipe_abandoned(folder: Path) -> None:
    try:
        lock = _open_locked(folder, fcntl.LOCK_NB)
    except OSError:
        return
    shutil.rmtree(folder, ignore_errors=True)
    os.close(lock)


def _open_locked(folder: Path, mode: int = 0) -> int:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | mode)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    descriptor = _open_locked(folder)
    try:
        yield
    finally:
        os.close(descriptor)
