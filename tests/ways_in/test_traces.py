"""Traces carry shape, never content: nor do they tell how long data took to answer."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from connectors.errors import Invalid
from privacy.errors import CODES, Refused
from tests.ways_in.conftest import Served, serving
from tests.ways_in.test_gateway import BY_REGION, EXPLAIN, QUERIES
from tests.ways_in.test_shape import CANARY, send_canaries
from tests.ways_in.world import REGIONS, RESEARCHER
from tre.gateway.events import METHODS, Answered
from tre.gateway.export import Exporter
from tre.gateway.tracer import tracer
from tre.gateway.traces import Nobody, spans_of
from tre.trace import End, Step, Taken, step, tracing

RUNG_NANO = 50_000_000
PROBE = "/healthz"
ATTRIBUTES = {
    *("http.request.method", "http.route", "http.response.status_code", "error.type"),
    "tre.end",
}


@pytest.fixture(scope="module")
def exported() -> InMemorySpanExporter:
    """Where spans end up."""
    return InMemorySpanExporter()


@pytest.fixture(scope="module")
def traced(served: Served, exported: InMemorySpanExporter) -> Iterator[Served]:
    """The environment, served once more with a tracer."""
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exported))
    with serving(served.environment, tracer=Exporter(provider)) as url:
        yield replace(served, url=url)
    provider.shutdown()


@pytest.fixture
def http(traced: Served, exported: InMemorySpanExporter) -> Iterator[httpx.Client]:
    """A connection as the researcher; nothing is traced yet."""
    with traced.http() as connection:
        exported.clear()
        yield connection


def finished(http: httpx.Client, exported: InMemorySpanExporter) -> list[ReadableSpan]:
    """The spans so far: a request's are told before the next one is looked at."""
    http.get("/healthz")
    return [each for each in exported.get_finished_spans() if PROBE not in each.name]


def shape(span: ReadableSpan) -> tuple:
    """All of a span but its ids and when it was."""
    lasted = (span.end_time or 0) - (span.start_time or 0)
    return (
        span.name,
        dict(span.attributes or {}),
        lasted,
        span.status.status_code,
        span.status.description,
        span.parent is None,
        span.events,
        span.links,
    )


def test_a_question_is_a_trace_of_its_steps(
    http: httpx.Client, exported: InMemorySpanExporter
) -> None:
    """The request, and below it its steps in order, under one id of ours."""
    theirs = "4bf92f3577b34da6a3ce929d0e0e4736"
    header = {"traceparent": f"00-{theirs}-00f067aa0ba902b7-01"}
    http.post(QUERIES, json={"sql": BY_REGION, "epsilon": 0.2}, headers=header)
    *steps, whole = finished(http, exported)
    assert [each.name for each in steps] == ["admit", "plan", "answer"]
    assert whole.name == "POST /v1/projects/{project}/queries"
    assert whole.context is not None
    assert all(each.parent == whole.context for each in steps)
    assert f"{whole.context.trace_id:032x}" != theirs
    assert whole.attributes == {
        "http.request.method": "POST",
        "http.route": "/v1/projects/{project}/queries",
        "http.response.status_code": 200,
    }


def test_a_repeat_a_retry_and_a_new_answer_look_the_same(
    http: httpx.Client, exported: InMemorySpanExporter
) -> None:
    """Neither spans nor their lengths tell what was known already."""

    def traced_as(fresh: bool, key: str) -> list[tuple]:
        exported.clear()
        body = {"sql": BY_REGION, "epsilon": 0.2, "fresh": fresh}
        answer = http.post(QUERIES, json=body, headers={"Idempotency-Key": key})
        assert answer.status_code == 200
        charged.append(answer.json()["charged"])
        return [shape(span) for span in finished(http, exported)]

    charged: list[bool] = []
    new, retry, repeat = (
        traced_as(True, "traced-1"),
        traced_as(True, "traced-1"),
        traced_as(False, "traced-2"),
    )
    assert charged == [True, False, False]
    assert new == retry == repeat


def test_whatever_is_sent_no_span_holds_it(
    traced: Served, http: httpx.Client, exported: InMemorySpanExporter
) -> None:
    """A canary in every part of a request is in no span; attributes are of the list."""
    send_canaries(http)
    http.post(QUERIES, json={"sql": BY_REGION, "epsilon": 0.2, "fresh": True})
    spans = finished(http, exported)
    written = "".join(each.to_json() for each in spans)
    secrets = [CANARY, CANARY.upper().replace("-", ""), RESEARCHER, "SELECT", *REGIONS]
    assert not [each for each in secrets if each in written]
    assert traced.tokens[RESEARCHER] not in written
    routes = set(http.get("/v1/openapi.json").json()["paths"]) | {"unmatched"}
    names = {
        *(f"{method} {route}" for method in (*METHODS, "other") for route in routes),
        *(each.value for each in Step),
    }
    assert len(spans) > 12
    for span in spans:
        attributes = dict(span.attributes or {})
        assert span.name in names
        assert attributes.keys() <= ATTRIBUTES
        assert attributes.get("error.type", "other") in {*CODES, "other"}
        assert attributes.get("tre.end", "done") in {each.value for each in End}
        assert not span.events
        assert span.status.description is None


def test_time_is_told_in_rungs(
    http: httpx.Client, exported: InMemorySpanExporter
) -> None:
    """A length is 50 ms times a power of two; of a question it is one rung a step."""
    http.get("/v1/datasets")
    (catalogue,) = finished(http, exported)
    rungs, odd = divmod(shape(catalogue)[2], RUNG_NANO)
    assert (odd, rungs.bit_count()) == (0, 1)
    exported.clear()
    http.post(EXPLAIN, json={"sql": BY_REGION, "epsilon": 0.2})
    lengths = [shape(span)[2] // RUNG_NANO for span in finished(http, exported)]
    assert lengths == [1, 1, 1, 3]
    exported.clear()
    http.post(QUERIES, json={"sql": BY_REGION, "epsilon": 0.2, "fresh": True})
    lengths = [shape(span)[2] // RUNG_NANO for span in finished(http, exported)]
    assert lengths == [1, 1, 1, 3]


@pytest.mark.parametrize(
    ("route", "seconds", "told"),
    [("/v1/datasets", 0.3, 8), ("/v1/projects/{project}/queries", 30.0, 1)],
)
def test_a_request_without_steps_has_its_own_length(
    route: str, seconds: float, told: int
) -> None:
    """It is rounded up to a rung, or not told where it is one of asking."""
    event = Answered("GET", route, 500)
    (span,) = spans_of(event, "made up", (), seconds=seconds, now_nano=10**18)
    assert (span.ended_nano - span.begun_nano) // RUNG_NANO == told
    assert span.attributes["error.type"] == "other"
    assert span.failed


def test_a_step_keeps_how_it_ended_and_nothing_else() -> None:
    """Of what is raised in it no text is kept; what nobody traces is no step."""
    with step(Step.PLAN):
        pass
    with tracing() as taken:
        with step(Step.ADMIT):
            pass
        for error in (Refused("syntax", CANARY), ValueError(CANARY)):
            with pytest.raises(type(error)), step(Step.PLAN):
                raise error
    assert [each.end for each in taken] == [End.DONE, End.REFUSED, End.FAILED]
    assert CANARY not in repr(taken)
    assert isinstance(taken[0], Taken)


def test_variables_say_who_traces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody by default; what is named must be there."""
    monkeypatch.delenv("OTEL_TRACES_EXPORTER", raising=False)
    assert isinstance(tracer(), Nobody)
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "zipkin")
    with pytest.raises(Invalid, match="expected none, or some of console, otlp"):
        tracer()
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp")
    made = tracer()
    assert isinstance(made, Exporter)
    made.close()


def test_without_the_extra_it_is_named() -> None:
    """Who asks for traces where nothing can make them is told what to install."""
    program = """
import sys
sys.modules["opentelemetry"] = None
from tre.gateway.tracer import tracer
try:
    tracer()
except Exception as error:
    print(type(error).__name__, error)
"""
    run = subprocess.run(
        [sys.executable, "-c", program],
        env={"OTEL_TRACES_EXPORTER": "otlp"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.startswith("Invalid OTEL_TRACES_EXPORTER: tracing is not")
