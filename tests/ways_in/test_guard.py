"""What stands around every request lets nothing of an accident out."""

import asyncio
import json
import logging
from pathlib import Path

import httpx
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from connectors.errors import Invalid
from privacy.errors import Refused
from tests.ways_in.world import CANARY
from tre.gateway.events import LOGGER
from tre.gateway.guard import Guard
from tre.gateway.inbox import folder_name, inbox_of, opened_inbox
from tre.gateway.metrics import Metrics
from tre.gateway.pending import wait_preferred
from tre.gateway.problems import LARGEST_BODY


async def measures(request: Request) -> PlainTextResponse:
    """An application that reads all it is sent."""
    return PlainTextResponse(str(len(await request.body())))


APP = Starlette(routes=[Route("/measures", measures, methods=["POST"])])


async def breaks(_scope: Scope, _receive: Receive, _send: Send) -> None:
    """An application with a fault that holds a value."""
    raise ValueError(f"could not convert {CANARY}")


async def breaks_late(scope: Scope, receive: Receive, send: Send) -> None:
    """An application whose fault shows when its answer has begun."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await breaks(scope, receive, send)


def send(method: str, path: str, app=APP, **more) -> tuple[httpx.Response, Metrics]:
    """One request through the guard, and what it counted."""
    metrics = Metrics()

    async def go() -> httpx.Response:
        transport = httpx.ASGITransport(Guard(app, metrics))
        async with httpx.AsyncClient(
            transport=transport, base_url="http://localhost"
        ) as http:
            return await http.request(method, path, **more)

    return asyncio.run(go()), metrics


def test_a_fault_is_a_problem_without_a_trace(caplog: pytest.LogCaptureFixture) -> None:
    """The reader sees code `failed`; the log has the kind and place, not the text."""
    with caplog.at_level(logging.INFO):
        answer, _ = send("GET", "/", app=breaks)
    assert answer.status_code == 500
    assert answer.json()["code"] == "failed"
    lines = [each.getMessage() for each in caplog.records if each.name == LOGGER]
    events = [json.loads(line) for line in lines]
    broke = next(event for event in events if event["event"] == "broke")
    assert broke["error"] == "ValueError"
    assert broke["at"].startswith("test_guard.py:")
    assert CANARY not in answer.text + "".join(lines)


def test_an_answer_that_has_begun_is_broken_off() -> None:
    """A fault after the first bytes ends the connection: no answer looks whole."""
    with pytest.raises(ValueError, match="could not convert"):
        send("GET", "/", app=breaks_late)


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_has_a_limit(announced: bool) -> None:
    """One byte too many is refused, whether or not its length was announced."""
    body = b"x" * LARGEST_BODY

    async def pieces():
        yield body
        yield b"x"

    assert send("POST", "/measures", content=body)[0].text == str(LARGEST_BODY)
    content = body + b"x" if announced else pieces()
    assert send("POST", "/measures", content=content)[0].status_code == 413


def test_answers_are_not_kept_or_guessed_at() -> None:
    """No cache keeps an answer, and no browser guesses what it is."""
    answer, _ = send("POST", "/measures", content=b"x")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_counters_have_few_labels() -> None:
    """Paths and methods nobody serves are counted as one."""
    _, metrics = send("BREW", "/" + CANARY)
    assert 'method="other",route="unmatched",status="404"' in metrics.text()
    assert CANARY not in metrics.text()


@pytest.mark.parametrize(
    "path",
    ["/etc/passwd", "../people.csv", "a/../../b", "link/b", "", "a\0b", ["a", "../b"]],
)
def test_a_manifest_reads_only_the_inbox(tmp_path: Path, path: object) -> None:
    """Absolute paths, steps upwards and links that lead out are invalid."""
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "link").symlink_to(tmp_path)
    with pytest.raises(Invalid, match=r"resources\[0\]\.path: expected a path inside"):
        opened_inbox(inbox, {"resources": [{"path": path}]})


def test_what_is_inside_is_let_through(tmp_path: Path) -> None:
    """Paths inside pass; what is no path at all is left to the manifest's rules."""
    resources = [{"path": "a/b.csv"}, {"path": ["a", "b"]}, {"path": 3}, {}, 3]
    for manifest in ({"resources": resources}, {"resources": "x"}, {}):
        assert opened_inbox(tmp_path, manifest) == tmp_path.resolve()


def test_a_server_without_an_inbox_takes_no_files() -> None:
    """Without a folder of its own, nothing on the machine is read."""
    with pytest.raises(Refused, match="takes no files"):
        inbox_of(None, "Department of Examples")


CONTROLLERS = st.text(min_size=1, max_size=20) | st.sampled_from(
    [".", "..", "%2E", "a/b", "a%2Fb", "A", "a", "Ministry of Ω", "a\0"]
)


@given(CONTROLLERS, CONTROLLERS)
def test_a_folder_is_one_controllers(one: str, other: str) -> None:
    """No two controllers share a folder, and none has a path for a name."""
    assume(not any("\ud800" <= each <= "\udfff" for each in one + other))
    names = folder_name(one), folder_name(other)
    assert (names[0] == names[1]) == (one == other)
    assert all(Path("x", name).parent == Path("x") for name in names)
    assert not any(name.startswith(".") or "\0" in name for name in names)


def test_the_inbox_opens_the_controllers_own_folder(tmp_path: Path) -> None:
    """A controller's folder is found by its exact name and no other."""
    (tmp_path / "Health").mkdir()
    (tmp_path / "a.csv").touch()
    assert inbox_of(tmp_path, "Health") == tmp_path / "Health"
    for name in ("health", "a.csv", "..", ".", "Health/", "Defence"):
        with pytest.raises(Refused, match="takes no files of"):
            inbox_of(tmp_path, name)


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        (None, None),
        ("respond-async", None),
        ("wait=3", 3),
        ("respond-async, wait = 2", 2),
        ("wait=99999", 60),
        ("await=3", None),
        ("wait=-1", None),
    ],
)
def test_how_long_a_reader_waits(prefer: str | None, seconds: float | None) -> None:
    """`wait` is whole seconds, and at most a minute."""
    assert wait_preferred(prefer) == seconds
