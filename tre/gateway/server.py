"""`tre serve`: the application on a socket, with logs of shapes only."""

from __future__ import annotations

from asyncio import Transport
from pathlib import Path
from socket import socket as Socket  # noqa: N812 - it is a type here
from typing import Final

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from connectors.errors import Invalid
from tre.environment import Environment
from tre.gateway.address import PublicAddress
from tre.gateway.app import create_app
from tre.gateway.events import Listening, emit
from tre.gateway.traces import Tracer

MOST_CONNECTED: Final = 512
"""Connections at once; more are closed unanswered. Questions wait in a `Line`."""

SILENT_SECONDS: Final = 30.0
"""How long a connection may be open without one whole request."""

LARGEST_HEAD: Final = 64 * 1024
"""Bytes of a request's line and headers."""


class _Connection(H11Protocol):
    """One connection: of a crowd that is not too large, and not silent for long."""

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override] # as uvicorn's own
        """Take it, or close it."""
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTED:
            transport.abort()
        self.loop.call_later(SILENT_SECONDS, self.end_silence)

    def end_silence(self) -> None:
        """Close a connection that has asked nothing yet."""
        if not self.headers:
            self.transport.abort()


class _Server(uvicorn.Server):
    """A server that says where it listens, as an event of ours."""

    async def startup(self, sockets: list[Socket] | None = None) -> None:
        """Bind, then say to what: port 0 is whichever was free.

        Invalid where that is not to be had.
        """
        try:
            await super().startup(sockets=sockets)
        except SystemExit:  # uvicorn's, which logs why as text that we do not show
            if self.lifespan.should_exit:
                raise
            raise Invalid(
                f"{self.config.host}:{self.config.port}",
                "another program listens there, the system forbids it, or it is no"
                " address of this machine; say another with --port or --host",
            ) from None
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
            h11_max_incomplete_event_size=LARGEST_HEAD,
            http=_Connection,
        )
    )
