"""Telling whether the process that reserved a question is still there.

Each running process holds a lock on a file of its own; the system lets go of it when
the process ends, however it ends.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Instance:
    """A running process, under a name that no other ever has."""

    id: str
    _path: Path = field(repr=False)
    _descriptor: int = field(repr=False)

    def end(self) -> None:
        """Let go: from here on, this process counts as gone."""
        self._path.unlink(missing_ok=True)
        os.close(self._descriptor)


def begin_instance(directory: Path) -> Instance:
    """Register this process in the directory, which is made where it is missing."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = secrets.token_hex(16)
    path = directory / name
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return Instance(name, path, descriptor)


def instance_alive(directory: Path, name: str) -> bool:
    """Whether the process of that name still runs; its file goes when it does not."""
    path = directory / name
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        path.unlink(missing_ok=True)
        return False
    finally:
        os.close(descriptor)
