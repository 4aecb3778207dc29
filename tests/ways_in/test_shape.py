"""Logs and metrics carry shape, never content."""

import json
import logging
from collections.abc import Iterator

import httpx
import pytest

from privacy.errors import CODES
from tests.ways_in.conftest import Served
from tests.ways_in.test_gateway import BY_REGION, QUERIES
from tests.ways_in.world import RESEARCHER, package
from tre.gateway.events import (
    LOGGER,
    Answered,
    Broke,
    HeadsNotPublished,
    _TemplateFormatter,
)
from tre.gateway.metrics import Metrics

CANARY = "Zaphenath-Paneah"
FIELDS = {
    "answered": {"method", "route", "status"},
    "broke": {"error", "at"},
    "heads_not_published": {"error"},
    "listening": {"address"},
}
ALWAYS = {"event", "level", "timestamp"}


class Kept(logging.Handler):
    """Every line that the server logs, as it would be written."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self.setFormatter(_TemplateFormatter())

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one line."""
        self.lines.append(self.format(record))


@pytest.fixture
def kept() -> Iterator[Kept]:
    """What is logged while a test runs, by us and by the server, down to debugging."""
    handler = Kept()
    loggers = [logging.getLogger(name) for name in (LOGGER, "uvicorn.error")]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
    yield handler
    for logger in loggers:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)


def test_whatever_is_sent_none_of_it_is_logged_or_counted(
    served: Served, kept: Kept
) -> None:
    """A canary in every part of a request that somebody can fill is in no line."""
    with served.http() as http:
        send_canaries(http)
        counters = http.get("/metrics").text
    written = "\n".join(kept.lines) + counters
    assert len(kept.lines) > 10
    for secret in (CANARY, CANARY.upper().replace("-", ""), RESEARCHER, "SELECT"):
        assert secret not in written
    assert served.tokens[RESEARCHER] not in written


def send_canaries(http: httpx.Client) -> None:
    """Put a canary into every part of a request that somebody can fill."""
    sql = f"SELECT COUNT(*) AS n FROM people WHERE region = '{CANARY}'"
    http.post(QUERIES, json={"sql": sql})
    http.post(QUERIES, json={"sql": f"SELECT {CANARY} FROM people"})
    http.post(QUERIES, json={"sql": "SELECT 1"}, headers={"Idempotency-Key": CANARY})
    http.post(QUERIES, json={CANARY: CANARY})
    http.post(QUERIES, content=CANARY.encode(), headers={"X-Canary": CANARY})
    http.post(f"/v1/projects/{CANARY}/queries", json={"sql": sql})
    http.post("/v1/datasets", json=package() | {"name": CANARY})
    http.get(f"/v1/releases/{CANARY}?{CANARY}={CANARY}")
    http.get(f"/{CANARY}", headers={"Accept": CANARY, "Prefer": CANARY})
    http.request(CANARY.upper().replace("-", ""), "/healthz")
    said = {"person": CANARY, "password": CANARY, "code": CANARY}
    http.post("/v1/session", json=said)
    http.get("/v1/me", headers={"Authorization": f"Bearer {CANARY}"})
    http.get("/v1/me", headers={"Cookie": f"__Host-tre={CANARY}"})


def test_events_have_the_fields_of_the_list_and_no_others(
    served: Served, kept: Kept
) -> None:
    """Every line is JSON, of an event that is on the list, with its fields alone."""
    with served.http() as http:
        http.post(QUERIES, json={"sql": BY_REGION, "epsilon": 0.3})
        http.get("/nowhere")
    events = [json.loads(line) for line in kept.lines]
    ours = [event for event in events if event["event"] != "server"]
    assert ours
    for event in ours:
        assert set(event) - ALWAYS == FIELDS[event["event"]]
    with served.http(None) as http:
        routes = set(http.get("/v1/openapi.json").json()["paths"])
    known = routes | {"unmatched", "/v1/openapi.json"}
    assert {event["route"] for event in ours} <= known


def test_a_library_s_message_is_its_template() -> None:
    """Arguments and exceptions of other people's log lines are left out."""
    logger = logging.getLogger("uvicorn.error")
    record = logger.makeRecord(
        "uvicorn.error", 40, "f", 1, "bad line %r", (CANARY,), None
    )
    record.exc_text = CANARY
    line = _TemplateFormatter().format(record)
    assert json.loads(line)["says"] == "bad line %r"
    assert CANARY not in line


def test_an_error_is_its_kind_and_its_place() -> None:
    """Of an exception that quotes a value, nothing of the value is in the event."""
    with pytest.raises(ValueError, match=CANARY) as caught:
        int(CANARY)
    event = Broke.of(caught.value)
    assert (event.error, event.at.partition(":")[0]) == ("ValueError", "test_shape.py")
    assert Broke.of(ValueError(CANARY)).at == "nowhere"
    assert HeadsNotPublished("Forked").error == "Forked"


def test_a_known_answer_is_counted_like_a_new_one(served: Served) -> None:
    """Nobody reads from the counters whether somebody's question was a repeat."""

    def counted(fresh: bool) -> set[str]:
        before = set(http.get("/metrics").text.splitlines())
        body = {"sql": BY_REGION, "epsilon": 0.2, "fresh": fresh}
        assert http.post(QUERIES, json=body).json()["charged"] is fresh
        after = set(http.get("/metrics").text.splitlines())
        return {line.rpartition(" ")[0] for line in after - before}

    with served.http() as http:
        http.post(QUERIES, json={"sql": BY_REGION, "epsilon": 0.2})
        assert counted(fresh=False) == counted(fresh=True)


def test_labels_are_few_and_there_are_no_times() -> None:
    """Codes, methods and routes nobody knows are counted as one; moments are not."""
    metrics = Metrics()
    metrics.refused(CANARY)
    metrics.refused("syntax")
    metrics.answered(Answered.of({"method": CANARY}, 200))
    text = metrics.text()
    assert CANARY not in text
    assert 'tre_refusals_total{code="other"} 1.0' in text
    assert 'method="other",route="unmatched",status="200"' in text
    assert "_created" not in text
    assert "syntax" in CODES
