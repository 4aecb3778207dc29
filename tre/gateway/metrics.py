"""Counts of requests, as Prometheus text: shapes of what was asked, never content."""

from __future__ import annotations

from collections import Counter
from threading import Lock
from typing import Final

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_METHODS: Final = frozenset({"DELETE", "GET", "HEAD", "POST"})


class Metrics:
    """Counters of one server. Thread-safe; every label has few possible values.

    There are no durations: how long an answer took is quantised for who asked it,
    and is nobody else's to see.
    """

    def __init__(self) -> None:
        self._requests: Counter[tuple[str, str, int]] = Counter()
        self._refusals: Counter[str] = Counter()
        self._lock = Lock()

    def answered(self, method: str, route: str, status: int) -> None:
        """Count one answer under the route's template, not the path as sent."""
        known = method if method in _METHODS else "other"
        with self._lock:
            self._requests[known, route, status] += 1

    def refused(self, code: str) -> None:
        """Count one refusal under its stable code."""
        with self._lock:
            self._refusals[code] += 1

    def text(self) -> str:
        """All counters in Prometheus' text format."""
        with self._lock:
            requests = sorted(self._requests.items())
            refusals = sorted(self._refusals.items())
        return "\n".join(
            [
                "# HELP tre_requests_total Requests answered.",
                "# TYPE tre_requests_total counter",
                *(
                    f'tre_requests_total{{method="{method}",route="{route}",'
                    f'status="{status}"}} {count}'
                    for (method, route, status), count in requests
                ),
                "# HELP tre_refusals_total Requests refused, by code.",
                "# TYPE tre_refusals_total counter",
                *(
                    f'tre_refusals_total{{code="{code}"}} {count}'
                    for code, count in refusals
                ),
                "",
            ]
        )
