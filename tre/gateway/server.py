"""`tre serve`: the application on a socket, with logs of shapes only."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Final

import uvicorn

from tre.environment import Environment
from tre.gateway.app import create_app

MOST_AT_ONCE: Final = 256
"""Connections and requests at once; more are answered 503 before anything is read."""

LARGEST_HEAD: Final = 64 * 1024
"""Bytes of a request's line and headers."""

_SAID: Final = ("method", "route", "status", "error", "at")


class ShapeFormatter(logging.Formatter):
    """One JSON object a line: time, level, event and the few fields it may have."""

    def format(self, record: logging.LogRecord) -> str:
        """The record without arguments, exception texts or stack traces."""
        event = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **{name: getattr(record, name) for name in _SAID if hasattr(record, name)},
        }
        return json.dumps(event)


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


def log_to_stderr() -> None:
    """Write the gateway's and the server's own events to stderr."""
    handler = logging.StreamHandler()
    handler.setFormatter(ShapeFormatter())
    for name in ("tre", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.propagate = False
