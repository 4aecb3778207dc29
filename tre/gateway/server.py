"""`tre serve`: the application on a socket, with logs of shapes only."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import uvicorn

from tre.environment import Environment
from tre.gateway.app import create_app

MOST_AT_ONCE: Final = 256
"""Connections and requests at once; more are answered 503 before anything is read."""

LARGEST_HEAD: Final = 64 * 1024
"""Bytes of a request's line and headers."""


def server(
    environment: Environment, *, host: str, port: int, inbox: Path | None = None
) -> uvicorn.Server:
    """A server that is ready to `run()`; port 0 takes a free one."""
    return uvicorn.Server(
        uvicorn.Config(
            create_app(environment, inbox=inbox),
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
