"""What stands around a request: whom it is for, limits, headers, the last resort."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tre.gateway.address import PublicAddress
from tre.gateway.events import Answered, Broke, emit
from tre.gateway.metrics import Metrics
from tre.gateway.problems import LARGEST_BODY, LARGEST_CARRIED, problem
from tre.gateway.traces import Nobody, Tracer, spans_of
from tre.trace import Taken, tracing

_HEADERS: Final = (
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("X-Content-Type-Options", "nosniff"),
)

_CARRYING: Final = re.compile(
    r"/v1/projects/[^/]+/submissions|/v1/submissions/[^/]+/revisions"
    r"|/airlock/new|/airlock/[^/]+/revise"
)
"""Addresses to which files are sent."""


@dataclass(frozen=True, slots=True)
class Guard:
    """Answers in place of an application that breaks, and lets no error text out."""

    app: ASGIApp
    metrics: Metrics
    address: PublicAddress = field(default_factory=PublicAddress)
    tracer: Tracer = field(default_factory=Nobody)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope.setdefault("state", {})
        answer, begun = _Answer(send), time.monotonic()
        app = self.app if self.address.is_asked(scope) else _misdirected
        with tracing() as taken:
            try:
                await app(scope, _limited(scope, receive), answer.send)
            except Exception as error:  # noqa: BLE001 - nothing of it may reach the reader
                await _last_resort(error, scope, receive, answer)
        self._tell(scope, answer.status, taken, time.monotonic() - begun)

    def _tell(
        self, scope: Scope, status: int, taken: list[Taken], seconds: float
    ) -> None:
        event, refusal = Answered.of(scope, status), scope["state"].get("refusal")
        self.metrics.answered(event)
        if refusal is not None:
            self.metrics.refused(refusal)
        emit(event)
        now_nano = time.time_ns()
        self.tracer(spans_of(event, refusal, taken, seconds=seconds, now_nano=now_nano))


class _Answer:
    """The way out: adds the headers every answer has and remembers the status."""

    def __init__(self, send: Send) -> None:
        self.status = 0
        self._send = send

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS:
                headers.setdefault(name, value)
        await self._send(message)


def _limited(scope: Scope, receive: Receive) -> Receive:
    """The request's body; `HTTPException` 413 once it is longer than it may be."""
    taken, most = 0, _most(scope)

    async def limited() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if max(taken, _announced(scope)) > most:
            raise HTTPException(413)
        return message

    return limited


def _most(scope: Scope) -> int:
    return LARGEST_CARRIED if _CARRYING.fullmatch(scope["path"]) else LARGEST_BODY


def _announced(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0


async def _misdirected(scope: Scope, receive: Receive, send: Send) -> None:
    """RFC 9110, 15.5.20: this is not the server of that name."""
    response = problem(421, "misdirected", "This server does not answer to that name.")
    await response(scope, receive, send)


async def _last_resort(
    error: Exception, scope: Scope, receive: Receive, answer: _Answer
) -> None:
    if answer.status:  # too late to say anything: the answer has begun
        raise error
    emit(Broke.of(error))
    response = problem(
        500, "failed", "The request could not be answered; the fault is ours."
    )
    await response(scope, receive, answer.send)
