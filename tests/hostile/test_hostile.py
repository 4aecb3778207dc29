"""Whatever is tried, it ends in a refusal or a uniform failure, and shows nothing.

The attacks are the files beside this one, a category each.
"""

from __future__ import annotations

import asyncio
import codecs
import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import pytest
import yaml

from privacy.errors import CODES, Failed, Refused
from tests.environment.world import CANARY, CONTROLLER, package, rows
from tre.gateway.address import PublicAddress
from tre.gateway.app import create_app
from tre.lab import RESEARCHER, Lab

Gateway: TypeAlias = tuple[Callable[..., httpx.Response], dict[str, str]]

HERE = Path(__file__).parent
STEWARD = "steward"
JSON = {"Content-Type": "application/json"}
"""What every body is said to be: what is said to be another is refused unread."""
UNREAD = "body: expected a JSON object."
SECRETS = (
    *(CANARY, "root:x:", "4711.25", "duckdb", "sqlite3", "Traceback", "/tre/"),
    *("Value error", "Input should"),
)
"""What no answer to an attack may hold: values, files, libraries, places."""


def sql_attacks() -> Iterator[tuple[str, str]]:
    """Every attack in SQL, with its category and line."""
    for file in sorted((HERE / "sql").glob("*.txt")):
        lines = file.read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines, start=1):
            text = line
            if file.name.endswith(".escaped.txt"):
                text = codecs.decode(line, "unicode_escape")
            elif file.name.endswith(".py.txt"):
                text = eval(line, {})  # noqa: S307 (our own data: texts too long for a file)
            yield f"{file.name.partition('.')[0]}:{number}", text


def http_attacks() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every attack over HTTP, with its category and number."""
    whole = yaml.safe_load((HERE / "http.yaml").read_text(encoding="utf-8"))
    for category, attacks in whole.items():
        for number, attack in enumerate(attacks, start=1):
            yield f"{category}:{number}", attack


SQL = dict(sql_attacks())
HTTP = dict(http_attacks())


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """A laboratory with canaries in every column that nobody may see."""
    with Lab({"people": rows()}, package(), epsilon=1e6) as lab:
        yield lab


@pytest.fixture(scope="module")
def gateway(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """The real application around it, and the tokens of those who attack."""
    environment = lab._environment
    tokens = {
        "TOKEN": environment.issue_token(RESEARCHER, person=RESEARCHER),
        "STEWARD": environment.issue_token(STEWARD, person=STEWARD),
    }
    inbox = tmp_path_factory.mktemp("inbox")
    (inbox / CONTROLLER).mkdir()
    app = create_app(
        environment,
        inbox=inbox,
        address=PublicAddress("https://testserver"),
    )
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    client = httpx.AsyncClient(transport=transport, base_url="https://testserver")
    with asyncio.Runner() as runner:
        yield lambda *said, **more: runner.run(client.request(*said, **more)), tokens


CATEGORIES = {
    *("file-readers", "settings", "catalogue-tables", "extensions", "stacking"),
    *("comments", "macros", "error-channels", "timing-channels"),
    *("resource-exhaustion", "recursion", "unicode", "header-and-token-abuse"),
    *("path-traversal", "mass-assignment", "ssrf-through-sources"),
}
"""What is tried: each a file of questions, or a part of the requests."""


def test_there_are_at_least_three_hundred() -> None:
    """The corpus does not shrink unnoticed, and every category has its attacks."""
    tried = Counter(name.partition(":")[0] for name in (*SQL, *HTTP))
    assert set(tried) == CATEGORIES
    assert tried.total() >= 300
    assert min(tried.values()) >= 15
    assert len({*SQL.values()}) == len(SQL)
    assert len({json.dumps(each) for each in HTTP.values()}) == len(HTTP)


@pytest.mark.parametrize("name", SQL)
def test_no_text_of_a_question_gets_anything_out(lab: Lab, name: str) -> None:
    """It is refused under a documented code or fails, quoting no value, uncharged."""
    before = lab.remaining()
    with pytest.raises((Refused, Failed)) as ended:
        lab.ask(SQL[name], epsilon=0.1)
    error = ended.value
    if isinstance(error, Refused):
        assert error.code in CODES
        assert lab.remaining() == before
        said = f"{error.message} {error.suggestion} {error.clause}"
        own = SQL[name]  # what somebody typed may be said back to them, cut short
        assert not [each for each in SECRETS if each in said and each not in own]
        assert len(said) < 1000
    else:
        assert str(error) == Failed.message


@pytest.mark.parametrize("name", HTTP)
def test_no_request_gets_anything_out(gateway: Gateway, name: str) -> None:
    """It is answered with a problem of ours in the 400s, or never leaves the client."""
    request, tokens = gateway
    attack = HTTP[name]
    method, path = attack["send"]
    headers = {
        key: _filled(value, tokens)
        for key, value in {**JSON, **attack.get("headers", {})}.items()
    }
    try:
        answer = request(
            method,
            _filled(path, tokens),
            headers=headers,
            content=_body(attack),
        )
    except (httpx.InvalidURL, httpx.LocalProtocolError, ValueError):
        return
    assert 400 <= answer.status_code < 500, answer.text[:300]
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(answer.json()) >= {"code", "detail", "status"}
    if isinstance(attack.get("json"), dict):
        assert answer.json()["detail"] != UNREAD
    assert not [secret for secret in SECRETS if secret in answer.text]
    assert not [token for token in tokens.values() if token in answer.text]


def _filled(text: str, tokens: dict[str, str]) -> str:
    for name, token in tokens.items():
        text = text.replace(name, token)
    return text


def _body(attack: dict[str, Any]) -> bytes | None:
    """The request's body, however the attack says it."""
    if "repeat" in attack:
        piece, times = attack["repeat"]
        return str(piece * times).encode()
    if "text" in attack:
        return str(attack["text"]).encode()
    if "manifest" in attack or "source" in attack:
        return json.dumps(_manifest(attack)).encode()
    return json.dumps(attack["json"]).encode() if "json" in attack else None


def _manifest(attack: dict[str, Any]) -> dict[str, Any]:
    """A manifest like any other, but for where its rows come from."""
    whole = package("stolen")
    (resource,) = whole["resources"]
    if "source" in attack:
        del resource["path"]
        resource["tre"]["source"] = attack["source"]
    else:
        resource.update(attack["manifest"])
    return whole
