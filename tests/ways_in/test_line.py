"""Questions wait in line before anything of them is charged, or are turned away."""

from __future__ import annotations

import asyncio
import gc
import socket
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from contextlib import asynccontextmanager, suppress
from functools import partial
from threading import Event
from urllib.parse import urlsplit

import httpx
import pyarrow as pa
import pytest
from fastapi import FastAPI

from privacy.accounting import Loss
from privacy.errors import Refused
from tests.ways_in.conftest import Served, serving
from tests.ways_in.test_gateway import BUDGET, COUNT, EXPLAIN, QUERIES, assert_problem
from tests.ways_in.world import CANARY, RESEARCHER
from tre.gateway import server as serving_side
from tre.gateway.app import create_app
from tre.gateway.line import Line, ended
from tre.gateway.pending import Pending
from tre.gateway.problems import Problem
from tre.release import Release

RELEASE = Release("r1", pa.table({}), {}, Loss(0.1, 0.1, 0.0), charged=True)
RHO = 0.0001
FRESH = {"sql": COUNT, "rho": RHO, "fresh": True}


@pytest.fixture
def hold() -> Event:
    """What work waits for that is not to end yet."""
    return Event()


def held_by(line: Line, hold: Event) -> Future[bool]:
    """Work that has begun, and ends when `hold` is set."""
    begun = Event()

    def work() -> bool:
        begun.set()
        return hold.wait()

    place = line.join(work)
    begun.wait()
    return place


def test_work_is_begun_in_the_order_it_came(hold: Event) -> None:
    """One at a time: whoever came first goes first."""
    line, order = Line(1), list[int]()
    held_by(line, hold)
    places = [line.join(partial(order.append, number)) for number in range(20)]
    hold.set()
    for place in places:
        place.result()
    line.close()
    assert order == list(range(20))


def test_a_line_that_is_too_long_turns_away_and_grows_again(hold: Event) -> None:
    """Those that run count in; with the first that ends there is room."""
    line = Line(1, longest=2)
    first = held_by(line, hold)
    second = line.join(lambda: None)
    with pytest.raises(Problem) as problem:
        line.join(lambda: None)
    assert (problem.value.status, problem.value.code) == (429, "busy")
    hold.set()
    assert first.result()
    second.result()
    line.close()


def test_who_waits_too_long_is_turned_away_and_never_begins(hold: Event) -> None:
    """A turn that does not come in time is given up, with the work undone."""
    line, done = Line(1, patience_seconds=0.001), list[str]()
    held_by(line, hold)
    with pytest.raises(Problem, match="try again"):
        asyncio.run(line.through(lambda: done.append("it")))
    hold.set()
    line.close()
    assert done == []


def test_work_that_has_begun_is_waited_for(hold: Event) -> None:
    """Patience is for the turn to come, not for the answer."""
    line, begun = Line(1, patience_seconds=0.001), Event()
    join = line.join

    def joined(work: Callable[[], str]) -> Future[str]:
        place = join(work)
        begun.wait()  # or a slow machine would not have begun it in time
        return place

    def work() -> str:
        begun.set()
        return "answer" if hold.wait() else ""

    async def meanwhile() -> str:
        asyncio.get_running_loop().call_later(0.05, hold.set)
        return await line.through(work)

    line.join = joined  # type: ignore[method-assign, assignment] # the turn has come

    assert asyncio.run(meanwhile()) == "answer"
    line.close()


def test_what_stands_in_line_when_the_server_stops_is_turned_away(hold: Event) -> None:
    """What has begun comes to its end; nothing else begins, or is let in."""
    line, done = Line(1), list[str]()
    first = held_by(line, hold)

    async def stopped() -> None:
        waiting = asyncio.create_task(line.through(lambda: done.append("it")))
        await asyncio.sleep(0)
        closing = asyncio.create_task(asyncio.to_thread(line.close))
        with pytest.raises(Problem, match="try again"):
            await waiting
        hold.set()
        await closing

    asyncio.run(stopped())
    assert first.result()
    with pytest.raises(Problem, match="try again"):
        line.join(lambda: None)
    assert done == []


def test_what_nobody_waits_for_any_more_is_not_logged(
    hold: Event, caplog: pytest.LogCaptureFixture
) -> None:
    """An error that comes when its reader has gone is told to nobody."""
    line = Line(1)

    def breaks() -> None:
        hold.wait()
        raise ValueError(CANARY)

    async def gone() -> None:
        assert not await ended(line.join(breaks), 0)

    asyncio.run(gone())
    hold.set()
    line.close()
    gc.collect()
    assert CANARY not in caplog.text


def waited(pending: Pending, ticket: str, person: str, project: str) -> Release | None:
    """What is there of a ticket, now or within seconds."""
    waiting = pending.wait(ticket, 0.01, person=person, project=project)
    return asyncio.run(waiting)


def asking(hold: Event) -> Callable[[], Release]:
    """A question that is answered when `hold` is set."""

    def ask() -> Release:
        hold.wait()
        return RELEASE

    return ask


def test_a_ticket_is_its_owners(hold: Event) -> None:
    """A question under way is found by who asked it, in its project, by nobody else."""
    line = Line(1)
    pending = Pending(line)
    ticket = pending.start(asking(hold), person="ann", project="p")
    assert waited(pending, ticket, "ann", "p") is None
    for person, project in [("bob", "p"), ("ann", "q")]:
        with pytest.raises(Refused, match="under way"):
            waited(pending, ticket, person, project)
    hold.set()
    line.close()
    assert waited(pending, ticket, "ann", "p") is RELEASE


def test_answered_questions_make_room(hold: Event) -> None:
    """The oldest answered question is forgotten first; unanswered ones never are."""
    line = Line(1)
    pending = Pending(line, most=2)
    first = pending.start(lambda: RELEASE, person="ann", project="p")
    pending._tickets[first].answer.result()
    assert waited(pending, first, "ann", "p") is RELEASE
    for _ in range(2):
        pending.start(asking(hold), person="ann", project="p")
    with pytest.raises(Refused):
        waited(pending, first, "ann", "p")
    with pytest.raises(Problem, match="try again"):
        pending.start(lambda: RELEASE, person="ann", project="p")
    hold.set()
    line.close()


@asynccontextmanager
async def researcher(app: FastAPI, served: Served) -> AsyncIterator[httpx.AsyncClient]:
    """A connection as the researcher to an application that listens nowhere."""
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://localhost",
        headers={"Authorization": f"Bearer {served.tokens[RESEARCHER]}"},
        timeout=60,
    ) as http:
        yield http


async def left(http: httpx.AsyncClient) -> float:
    """The ρ that the project has left."""
    found = await http.get(BUDGET)
    return float(found.json()["left"]["rho"])


async def asked(app: FastAPI, http: httpx.AsyncClient) -> list[asyncio.Task]:
    """Questions that fill the line, and are all in it."""
    asked = [asyncio.create_task(http.post(QUERIES, json=FRESH)) for _ in range(3)]
    while app.state.line._inside < len(asked):
        await asyncio.sleep(0.01)
    return asked


async def crowd(app: FastAPI, served: Served) -> None:
    """Hold the one process, ask more than there is room for, and let it go."""
    async with researcher(app, served) as http:
        before = await left(http)
        with served.environment._parts.gate.enclave.seat():
            waiting = await asked(app, http)
            for path in (QUERIES, EXPLAIN):
                turned = await http.post(path, json={"sql": COUNT, "rho": RHO})
                assert_problem(turned, 429, "busy")
                assert turned.headers["retry-after"] == "1"
            for path in ("/healthz", "/readyz", "/metrics", "/v1/datasets"):
                assert (await http.get(path)).status_code == 200
            assert await left(http) == before
        for answer in await asyncio.gather(*waiting):
            assert (answer.status_code, answer.json()["charged"]) == (200, True)
        assert before - await left(http) == pytest.approx(3 * RHO, abs=1e-8)


def test_a_crowd_waits_uncharged_and_all_else_is_answered(served: Served) -> None:
    """Nobody's load fails anybody's question: it waits, or is refused, at no cost.

    The one process is held. Three questions wait, a fourth is told to come again, and
    probes and all that is no question are answered meanwhile.
    """
    app = create_app(served.environment)
    app.state.line = Line(2, longest=3)
    app.state.pending = Pending(app.state.line)
    asyncio.run(crowd(app, served))
    app.state.line.close()


def client_of(url: str) -> httpx.Client:
    """A connection as nobody."""
    return httpx.Client(base_url=url, timeout=60)


def closed(connection: socket.socket) -> bool:
    """Whether the server has closed it, having said nothing."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def test_a_connection_too_many_is_closed(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes no file descriptor from those that are served."""
    monkeypatch.setattr(serving_side, "MOST_CONNECTED", 2)
    with serving(served.environment) as url, client_of(url) as http:
        assert http.get("/healthz").status_code == 200
        place = (urlsplit(url).hostname, urlsplit(url).port)
        with (
            socket.create_connection(place, timeout=30) as second,
            socket.create_connection(place, timeout=30) as third,
        ):
            assert closed(third)
            second.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert second.recv(12) == b"HTTP/1.1 200"
        assert http.get("/healthz").status_code == 200


def test_a_connection_that_asks_nothing_is_closed(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a request holds a connection for a while, and not for ever."""
    monkeypatch.setattr(serving_side, "SILENT_SECONDS", 0.05)
    with serving(served.environment) as url:
        place = (urlsplit(url).hostname, urlsplit(url).port)
        with socket.create_connection(place, timeout=30) as half:
            with suppress(ConnectionError):  # it may be closed before we say anything
                half.sendall(b"GET /healthz HTTP/1.1\r\n")
            assert closed(half)
