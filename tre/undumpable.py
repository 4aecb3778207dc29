"""Keeping a process that holds keys from being read from outside.

Linux alone can be asked for it: prctl(2) PR_SET_DUMPABLE, and core(5).
"""

from __future__ import annotations

import ctypes
import resource
import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_PR_GET_DUMPABLE: Final = 3
_PR_SET_DUMPABLE: Final = 4

GUARDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "undumpable": (
            "Others of the same user can neither trace it nor read its memory, and "
            "the kernel writes none of it to a core file."
        ),
        "no core": "Its limit on core files is 0, for it and what it starts.",
    }
)
"""What keeps the keys in this process's memory to itself, by name."""


def forbid_dumps() -> None:
    """Ask for every guard; whether it was given is `guards_in_force`'s to say."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if _is_linux():
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def guards_in_force() -> frozenset[str]:
    """The guards of this process, as the system answers now."""
    given = set()
    if resource.getrlimit(resource.RLIMIT_CORE) == (0, 0):
        given.add("no core")
    if _is_linux() and ctypes.CDLL(None).prctl(_PR_GET_DUMPABLE, 0, 0, 0, 0) == 0:
        given.add("undumpable")
    return frozenset(given)


def _is_linux() -> bool:
    return sys.platform.startswith("linux")
