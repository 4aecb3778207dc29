"""How a process that lives long asks the C library for memory.

glibc gives threads heaps of their own, up to eight for each processor, and what is
free in one serves no other. A server's threads come and go: under load its memory grew
by some 4 MiB a minute while what it held stayed the same, and by half of one with one
heap. Threads wait for Python's lock and not for that heap's.
"""

from __future__ import annotations

import ctypes
import sys
from typing import Final

_M_ARENA_MAX: Final = -8
"""mallopt(3)."""


def share_one_heap() -> None:
    """Have all threads begun from now on use one heap, where the library is glibc."""
    if sys.platform.startswith("linux"):
        mallopt = getattr(ctypes.CDLL(None), "mallopt", lambda *_: 0)
        mallopt(_M_ARENA_MAX, 1)
