"""The layers that confine an enclave process, by the names they are accepted under."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

LAYERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "landlock": (
            "Files: it reads the program and the published files, writes its own "
            "scratch, and opens nothing else."
        ),
        "seccomp": (
            "System calls: no network, no new program or process, no other process's "
            "memory, signals or limits."
        ),
        "undumpable": (
            "Memory: others of the same user can neither trace it nor read its memory, "
            "and it leaves no core file."
        ),
        "unprivileged": "Rights: it holds no privilege of the system and gets none.",
        "limits": "Resources: memory beyond its limit is refused by the kernel.",
    }
)
"""What each layer takes away. All must be granted, or missing ones be accepted."""

LONGEST_GREETING: Final = 1024


class Unavailable(Exception):
    """No enclave process can take a question now. Nothing was read.

    `missing` names the layers that the kernel did not grant and nobody accepted;
    it is empty where processes are busy or do not start.
    """

    def __init__(self, missing: frozenset[str] = frozenset()) -> None:
        super().__init__("no enclave process can take a question")
        self.missing = missing


def greeting(granted: frozenset[str]) -> bytes:
    """What a process says once: the layers it has, when it is ready for jobs."""
    return json.dumps(sorted(granted)).encode()


def read_greeting(payload: bytes) -> frozenset[str] | None:
    """The layers a process says it has; None where this is no greeting."""
    try:
        said = json.loads(payload)
    except ValueError:
        return None
    if not isinstance(said, list) or not all(isinstance(each, str) for each in said):
        return None
    granted = frozenset(said)
    return granted if granted <= LAYERS.keys() else None
