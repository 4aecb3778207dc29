"""The register of one log, read on from where it was read last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from sqlalchemy import Connection

from tre.audit.followed import Followed
from tre.register.feed import feed_of
from tre.register.happening import TOLD, Happening, happening
from tre.register.register import register_of


@dataclass(slots=True)
class KeptRegister:
    """What `register` and `feed` make of all records, of those that are new alone.

    Reading a record and its leaf's hash is done once. The documents are made again
    where there is something new to tell, and are what they would be from the start:
    they depend on the happenings, in order, and on nothing else. Thread-safe.
    """

    followed: Followed[Happening] = field(
        default_factory=lambda: Followed(TOLD, happening)
    )
    _lock: Lock = field(default_factory=Lock, repr=False)
    _last: tuple[int, Mapping[str, Any], bytes] | None = None

    def document(self, connection: Connection) -> Mapping[str, Any]:
        """The register, to be read and not changed."""
        return self._made(self.followed.made(connection))[1]

    def feed(self, connection: Connection) -> bytes:
        """The feed."""
        return self._made(self.followed.made(connection))[2]

    def _made(
        self, happened: Sequence[Happening]
    ) -> tuple[int, Mapping[str, Any], bytes]:
        with self._lock:
            if self._last is None or self._last[0] != len(happened):
                made = register_of(happened), feed_of(happened)
                self._last = len(happened), *made
            return self._last
