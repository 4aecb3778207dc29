"""Everything the server may log: a closed list of events, whose fields are shapes.

There is no way to log a text. A route is its template, an error its kind and the line
it was raised at, and the server's own messages are their templates, without arguments.
"""

from __future__ import annotations

import json
import logging
import sys
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, TypeAlias

import structlog

LOGGER: Final = "tre"
METHODS: Final = frozenset({"DELETE", "GET", "HEAD", "POST"})

_log: Final[Any] = structlog.wrap_logger(
    logging.getLogger(LOGGER),
    processors=[
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.JSONRenderer(),
    ],
    wrapper_class=structlog.stdlib.BoundLogger,
)


@dataclass(frozen=True, slots=True)
class Answered:
    """A request was answered. Not by how long: that is the asker's alone to see."""

    method: str
    route: str
    status: int

    @classmethod
    def of(cls, scope: Any, status: int) -> Answered:  # noqa: ANN401 - ASGI's own
        """The shape of a request: a known method, and its route's template."""
        method = scope["method"] if scope["method"] in METHODS else "other"
        return cls(method, getattr(scope.get("route"), "path", "unmatched"), status)


@dataclass(frozen=True, slots=True)
class Broke:
    """Something went wrong that nothing foresaw: what kind of thing, and where."""

    error: str
    at: str

    @classmethod
    def of(cls, error: BaseException) -> Broke:
        """Kind, file and line of an error; its text may quote a value."""
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        if trace is None:
            return cls(type(error).__name__, "nowhere")
        file = Path(trace.tb_frame.f_code.co_filename).name
        return cls(type(error).__name__, f"{file}:{trace.tb_lineno}")


@dataclass(frozen=True, slots=True)
class Listening:
    """The server is ready, at an address of the operator's choice."""

    address: str


@dataclass(frozen=True, slots=True)
class HeadsNotPublished:
    """The place outside did not take the log's head, or holds one of another log."""

    error: str


Event: TypeAlias = Answered | Broke | HeadsNotPublished | Listening

_NAMES: Final[dict[type, str]] = {
    Answered: "answered",
    Broke: "broke",
    HeadsNotPublished: "heads_not_published",
    Listening: "listening",
}

_ORDINARY: Final = (Answered, Listening)


def emit(event: Event) -> None:
    """Log an event, as one JSON object."""
    shape = {field.name: getattr(event, field.name) for field in fields(event)}
    level = logging.INFO if isinstance(event, _ORDINARY) else logging.ERROR
    _log.log(level, _NAMES[type(event)], **shape)


class _TemplateFormatter(logging.Formatter):
    """A library's message without its arguments, which may quote what was sent."""

    def format(self, record: logging.LogRecord) -> str:
        """Our events are JSON already."""
        if record.name == LOGGER:
            return record.getMessage()
        event = {"event": "server", "says": record.msg, "level": record.levelname}
        return json.dumps(event, default=lambda _value: "?")


def log_to_stderr() -> None:
    """Write our events and the messages of the libraries that serve to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_TemplateFormatter())
    for name in (LOGGER, "uvicorn.error", "opentelemetry"):
        logger = logging.getLogger(name)
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.propagate = False
