"""Where people reach the interface: said by its operator, never by a request."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from starlette.types import Scope

from connectors.errors import Invalid
from tre.identity.providers import secure

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
"""Names of this machine: no other site's pages can be under one of them."""

PROBES: Final = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked by machines, by whatever name; what they say is the same for everybody."""

_HOST: Final = re.compile(rb"(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?", re.I)


@dataclass(frozen=True, slots=True)
class PublicAddress:
    """The address that links and redirects begin with; None where it has none.

    Without one the interface is this machine's alone, at the socket it listens on.
    """

    url: str | None = None

    @classmethod
    def read(cls, said: str) -> PublicAddress:
        """An origin that browsers may be sent to. Invalid for anything else."""
        parts = urlsplit(said) if secure(said) else None
        if parts is None or parts.path not in {"", "/"}:
            raise Invalid(
                "address", "expected https://HOST, or http:// of this machine itself"
            )
        return cls(f"{parts.scheme}://{parts.netloc}".lower())

    def of(self, scope: Scope) -> str:
        """The address to send people to; a request's own headers have no part in it."""
        if self.url is not None:
            return self.url
        host, port = scope["server"]
        name = f"[{host}]" if ":" in host else host
        return f"http://{name}" if port is None else f"http://{name}:{port}"

    def is_asked(self, scope: Scope) -> bool:
        """Whether a request is for us: its one Host is our address, or this machine.

        A page of another site whose name was made to lead here says that name.
        """
        if scope["path"] in PROBES:
            return True
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        return len(hosts) == 1 and _name(hosts[0]) in self._names()

    def _names(self) -> Iterable[str]:
        own = urlsplit(self.url).hostname if self.url else None
        return LOOPBACK if own is None else {*LOOPBACK, own}


def _name(host: bytes) -> str:
    """The name in a Host header, without its port; empty where it is none."""
    found = _HOST.fullmatch(host)
    return "" if found is None else (found[1] or found[2]).decode().lower()
