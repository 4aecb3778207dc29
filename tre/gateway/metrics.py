"""Counts of requests, for Prometheus: shapes of what was asked, never content."""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client import disable_created_metrics as without_moments

from privacy.errors import CODES
from tre.gateway.events import Answered

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

without_moments()  # type: ignore[no-untyped-call] # when something was first asked
# is nobody's to see


class Metrics:
    """Counters of one server. Thread-safe; every label has few possible values.

    There are no durations: how long an answer took is quantised for who asked it,
    and is nobody else's to see. A repeat that was answered from an earlier release is
    counted like any other answer.
    """

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "tre_requests",
            "Requests answered.",
            ["method", "route", "status"],
            registry=self._registry,
        )
        self._refusals = Counter(
            "tre_refusals",
            "Requests refused, by code.",
            ["code"],
            registry=self._registry,
        )

    def answered(self, event: Answered) -> None:
        """Count one answer under the route's template, not the path as sent."""
        self._requests.labels(event.method, event.route, str(event.status)).inc()

    def refused(self, code: str) -> None:
        """Count one refusal under its stable code."""
        self._refusals.labels(code if code in CODES else "other").inc()

    def text(self) -> str:
        """All counters in Prometheus' text format."""
        return generate_latest(self._registry).decode()
