"""Handing spans to OpenTelemetry's SDK, as its standard variables say where to.

Needs the extra `tracing`. What a span holds is decided in `tre.gateway.traces`; here
it is only passed on. Nothing that a request carries becomes part of it: the ids of
traces are ours, and no exception is recorded.
"""

from __future__ import annotations

import os
from importlib.metadata import entry_points
from typing import Final

from opentelemetry.context import Context
from opentelemetry.sdk.environment_variables import OTEL_SERVICE_NAME
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import Span as OpenSpan
from opentelemetry.trace import SpanKind, StatusCode, set_span_in_context

from connectors.errors import Invalid
from tre.gateway.traces import VARIABLE, Span

_GROUP: Final = "opentelemetry_traces_exporter"
_BROUGHT: Final = {"otlp": "otlp_proto_http"}
"""OTLP is over HTTP here: that is what the extra brings."""


class Exporter:
    """A tracer that hands spans to an OpenTelemetry provider."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("tre")

    def __call__(self, spans: tuple[Span, ...]) -> None:
        """One trace: the first span, and the others below it."""
        first, *rest = spans
        whole = self._begun(first, Context(), SpanKind.SERVER)
        for each in rest:
            part = self._begun(each, set_span_in_context(whole, Context()))
            _end(part, each)
        _end(whole, first)

    def close(self) -> None:
        """Hand on what is left, for as long as the exporter has patience."""
        self._provider.shutdown()

    def _begun(
        self, span: Span, within: Context, kind: SpanKind = SpanKind.INTERNAL
    ) -> OpenSpan:
        return self._tracer.start_span(
            span.name,
            within,
            kind,
            attributes=dict(span.attributes),
            start_time=span.begun_nano,
        )


def exporter() -> Exporter:
    """What the environment's variables ask for. Invalid where there is no such.

    `OTEL_TRACES_EXPORTER` names one or several; they read their own variables, as
    the provider does (`OTEL_SERVICE_NAME`, `OTEL_TRACES_SAMPLER`, …).
    """
    named = {} if os.environ.get(OTEL_SERVICE_NAME) else {SERVICE_NAME: "tre"}
    provider = TracerProvider(resource=Resource.create(named))
    for name in os.environ[VARIABLE].split(","):
        provider.add_span_processor(BatchSpanProcessor(_named(name.strip())))
    return Exporter(provider)


def _named(name: str) -> SpanExporter:
    found = entry_points(group=_GROUP, name=_BROUGHT.get(name, name))
    if not found:
        known = sorted({*_BROUGHT, *(each.name for each in entry_points(group=_GROUP))})
        raise Invalid(VARIABLE, f"expected none, or some of {', '.join(known)}")
    (entry,) = found
    made: SpanExporter = entry.load()()
    return made


def _end(open_span: OpenSpan, span: Span) -> None:
    if span.failed:
        open_span.set_status(StatusCode.ERROR)
    open_span.end(span.ended_nano)
