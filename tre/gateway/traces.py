"""What is told of a request to who traces it: spans of closed names and few attributes.

A span has a name of a fixed list, a route's template, a status, a refusal's code. Time
is told in rungs of 50 ms × 2ⁿ, and of a question not at all: all its spans are one
rung long. A repeat, which is answered at once, would be told by its time, a question
that was read before by its explanation's, and how many others wait by either.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

from privacy.errors import CODES
from tre.gateway.events import Answered
from tre.pace import RUNG_SECONDS, rung
from tre.trace import End, Taken

Attributes: TypeAlias = Mapping[str, str | int]

VARIABLE: Final = "OTEL_TRACES_EXPORTER"

TIMELESS: Final = frozenset(
    {
        "/v1/projects/{project}/explain",
        "/v1/projects/{project}/explanations",
        "/v1/projects/{project}/queries",
        "/v1/projects/{project}/queries/{ticket}",
    }
)
"""Routes of whose time nothing is told: of asking, and of asking what it would cost."""

_FAULT: Final = 500
_NANO: Final = 10**9


@dataclass(frozen=True, slots=True)
class Span:
    """A name, when it is said to have begun and ended (ns since 1970), and shapes."""

    name: str
    begun_nano: int
    ended_nano: int
    attributes: Attributes
    failed: bool


class Tracer(Protocol):
    """Takes the spans of one request: the request's own first, then its steps."""

    def __call__(self, spans: tuple[Span, ...], /) -> None:
        """Hand them on, without waiting for anybody."""
        ...

    def close(self) -> None:
        """Hand on what is left."""
        ...


class Nobody:
    """Where nobody traces."""

    def __call__(self, spans: tuple[Span, ...]) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


def spans_of(
    event: Answered,
    refusal: str | None,
    taken: Iterable[Taken],
    *,
    seconds: float,
    now_nano: int,
) -> tuple[Span, ...]:
    """The spans of a request that is answered now, after so many seconds.

    Steps are told one after the other, the last one ending with the request.
    """
    timeless = event.route in TIMELESS
    steps = [(each, _told(each.seconds, timeless)) for each in taken]
    whole = max(_told(seconds, timeless), sum(told for _, told in steps))
    at = now_nano - sum(told for _, told in steps)
    spans = [_request(event, refusal, now_nano - whole, now_nano)]
    for each, told in steps:
        attributes = {"tre.end": each.end.value}
        failed = each.end is End.FAILED
        spans.append(Span(each.step.value, at, at + told, attributes, failed))
        at += told
    return tuple(spans)


def _told(seconds: float, timeless: bool) -> int:  # noqa: FBT001 - a fact, no switch
    return round(_NANO * (RUNG_SECONDS if timeless else rung(seconds)))


def _request(event: Answered, refusal: str | None, begun: int, ended: int) -> Span:
    """The request itself, by OpenTelemetry's names for what it says of HTTP."""
    attributes: dict[str, str | int] = {
        "http.request.method": event.method,
        "http.route": event.route,
        "http.response.status_code": event.status,
    }
    if refusal is not None:
        attributes["error.type"] = refusal if refusal in CODES else "other"
    name = f"{event.method} {event.route}"
    return Span(name, begun, ended, attributes, event.status >= _FAULT)
