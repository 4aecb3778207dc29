"""Who traces the interface, by OpenTelemetry's own variables."""

from __future__ import annotations

import os

from connectors.errors import Invalid
from tre.gateway.traces import VARIABLE, Nobody, Tracer


def tracer() -> Tracer:
    """Who traces, by OpenTelemetry's variables: nobody where they name no exporter.

    Invalid where they name one that is not installed.
    """
    if os.environ.get(VARIABLE, "none").strip() in {"", "none"}:
        return Nobody()
    try:
        from tre.gateway.export import exporter  # an extra, and slow to import
    except ModuleNotFoundError:
        raise Invalid(
            VARIABLE, "tracing is not installed: pip install 'tre[tracing]'"
        ) from None
    return exporter()
