"""What stands around every request: a limit on its body, headers, the last resort."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tre.gateway.events import Answered, Broke, emit
from tre.gateway.metrics import Metrics
from tre.gateway.problems import LARGEST_BODY, problem

_HEADERS: Final = (
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("X-Content-Type-Options", "nosniff"),
)


@dataclass(frozen=True, slots=True)
class Guard:
    """Answers in place of an application that breaks, and lets no error text out."""

    app: ASGIApp
    metrics: Metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope.setdefault("state", {})
        answer = _Answer(send)
        try:
            await self.app(scope, _limited(scope, receive), answer.send)
        except Exception as error:  # noqa: BLE001 - nothing of it may reach the reader
            await _last_resort(error, scope, receive, answer)
        self._count(scope, answer.status)

    def _count(self, scope: Scope, status: int) -> None:
        event = Answered.of(scope, status)
        self.metrics.answered(event)
        refusal = scope["state"].get("refusal")
        if refusal is not None:
            self.metrics.refused(refusal)
        emit(event)


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
    taken = 0

    async def limited() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if max(taken, _announced(scope)) > LARGEST_BODY:
            raise HTTPException(413)
        return message

    return limited


def _announced(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0


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
