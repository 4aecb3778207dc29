"""`tre serve`: the application on a socket, with logs of shapes only."""

from __future__ import annotations

from pathlib import Path
from socket import socket as Socket  # noqa: N812 - it is a type here
from typing import Final

import uvicorn

from tre.environment import Environment
from tre.gateway.address import PublicAddress
from tre.gateway.app import create_app
from tre.gateway.events import Listening, emit
from tre.gateway.traces import Tracer

MOST_AT_ONCE: Final = 256
"""Connections and requests at once; more are answered 503 before anything is read."""

LARGEST_HEAD: Final = 64 * 1024
"""Bytes of a request's line and headers."""


class _Server(uvicorn.Server):
    """A server that says where it listens, as an event of ours."""

    async def startup(self, sockets: list[Socket] | None = None) -> None:
        """Bind, then say to what: port 0 is whichever was free."""
        await super().startup(sockets=sockets)
        for bound in (each for one in self.servers for each in one.sockets):
            host, port = bound.getsockname()[:2]
            name = f"[{host}]" if ":" in host else host
            emit(Listening(f"http://{name}:{port}"))


def server(
    environment: Environment,
    *,
    host: str,
    port: int,
    inbox: Path | None = None,
    address: PublicAddress | None = None,
    tracer: Tracer | None = None,
) -> uvicorn.Server:
    """A server that is ready to `run()`; port 0 takes a free one."""
    app = create_app(environment, inbox=inbox, address=address, tracer=tracer)
    return _Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=60,
            limit_concurrency=MOST_AT_ONCE,
            h11_max_incomplete_event_size=LARGEST_HEAD,
            http="h11",
        )
    )
