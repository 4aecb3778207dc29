"""How much of the machine an enclave process may take."""

from __future__ import annotations

import os
import resource
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

BESIDE_ENGINE_MIB: Final = 4096
"""Beside what the engine may hold: the code, its heaps, a million cells of noise."""

THREAD_MIB: Final = 32
"""The stacks of the threads that each processor gets."""


LARGEST_SPILL_MIB: Final = 32 * 1024
"""The most that may be spilled to disk, in all and in one file."""


def limit(engine_mib: int) -> bool:
    """Bound this process, and leave no core file: there are keys in its memory.

    Whether the kernel holds it to its memory, which only Linux does.

    Files may be as many as the system allows, since each version is one. Where
    memory runs out all the same, Linux ends this process before any other.
    """
    _at_most(resource.RLIMIT_CORE, 0)
    _at_most(resource.RLIMIT_FSIZE, LARGEST_SPILL_MIB * 2**20)
    linux = sys.platform.startswith("linux")
    if linux:
        threads_mib = THREAD_MIB * (os.cpu_count() or 1)
        total_mib = engine_mib + BESIDE_ENGINE_MIB + threads_mib
        _at_most(resource.RLIMIT_DATA, total_mib * 2**20)
        _, most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
        _at_most(resource.RLIMIT_NOFILE, most_files)
        with suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text("1000")
    return linux


def _at_most(kind: int, most: int) -> None:
    _, hard = resource.getrlimit(kind)
    allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(kind, (allowed, allowed))
