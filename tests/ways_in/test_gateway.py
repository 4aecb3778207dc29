"""The HTTP interface as its readers meet it: a real server on this machine."""

import io
import json
from concurrent.futures import ThreadPoolExecutor

import httpx
import pyarrow as pa
import pytest
from pyarrow import csv, parquet

from tests.ways_in.conftest import Served
from tests.ways_in.world import (
    CANARY,
    MEMBER,
    PEOPLE,
    RESEARCHER,
    STEWARD,
    package,
    write_dataset,
)

COUNT = "SELECT COUNT(*) AS n FROM people"
BY_REGION = "SELECT region, COUNT(*) AS n FROM people GROUP BY region"
QUERIES = "/v1/projects/pay/queries"
EXPLAIN = "/v1/projects/pay/explain"
EXPLANATIONS = "/v1/projects/pay/explanations"
BUDGET = "/v1/projects/pay/budget"
PROBLEM = "application/problem+json"


def assert_problem(answer: httpx.Response, status: int, code: str) -> dict:
    """The answer is a problem of this kind; its body comes back."""
    body = answer.json()
    assert (answer.status_code, body["code"]) == (status, code), body
    assert answer.headers["content-type"] == PROBLEM
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    return body


def test_a_question_is_answered_and_charged(http: httpx.Client) -> None:
    """The release has its rows, their intervals, its loss and a receipt."""
    before = http.get(BUDGET).json()["left"]["rho"]
    answer = http.post(QUERIES, json={"sql": BY_REGION, "epsilon": 1})
    release = answer.json()
    assert answer.status_code == 200
    assert release["charged"] is True
    assert [column["name"] for column in release["columns"]] == [
        "region",
        "n",
        "n_low",
        "n_high",
        "n_status",
    ]
    london = next(row for row in release["rows"] if row["region"] == "London")
    assert london["n_low"] <= london["n"] <= london["n_high"]
    assert abs(london["n"] - PEOPLE / 2) < 100
    assert release["receipt"]["signature"]
    after = http.get(BUDGET).json()["left"]["rho"]
    assert before - after == pytest.approx(release["loss"]["rho"], abs=2e-9)


def test_few_people_are_not_shown(http: httpx.Client) -> None:
    """A row of three people stays, without its values."""
    release = http.post(QUERIES, json={"sql": BY_REGION, "epsilon": 3}).json()
    few = next(row for row in release["rows"] if row["region"] == "North East")
    assert few["n_status"] == "suppressed:frequency"
    assert few["n"] is few["n_low"] is few["n_high"] is None


def test_a_release_is_read_again_in_every_format(http: httpx.Client) -> None:
    """Where `Content-Location` points, the same table is there, uncharged."""
    asked = http.post(QUERIES, json={"sql": BY_REGION, "epsilon": 0.9})
    place = asked.headers["content-location"]
    again = http.get(place).json()
    assert again == asked.json() | {"charged": False}
    for accept, read in FORMATS.items():
        answer = http.get(place, headers={"Accept": accept})
        assert answer.headers["content-type"].startswith(accept)
        table = read(io.BytesIO(answer.content))
        assert table.column("n").to_pylist() == [row["n"] for row in again["rows"]]


FORMATS = {
    "text/csv": csv.read_csv,
    "application/vnd.apache.parquet": parquet.read_table,
    "application/vnd.apache.arrow.stream": (
        lambda source: pa.ipc.open_stream(source).read_all()
    ),
}


def test_a_repeat_costs_nothing(http: httpx.Client) -> None:
    """The same question is answered by the same release; `fresh` draws another."""
    question = {"sql": COUNT, "epsilon": 0.7}
    first = http.post(QUERIES, json=question).json()
    again = http.post(QUERIES, json=question).json()
    fresh = http.post(QUERIES, json=question | {"fresh": True}).json()
    assert (again["id"], again["charged"]) == (first["id"], False)
    assert fresh["id"] != first["id"]
    assert fresh["charged"]


def test_a_retry_is_not_charged_again(http: httpx.Client) -> None:
    """An `Idempotency-Key` returns the first outcome, and fits one body only."""
    key = {"Idempotency-Key": "c8a1"}
    question = {"sql": COUNT, "epsilon": 0.6, "fresh": True}
    first = http.post(QUERIES, json=question, headers=key).json()
    again = http.post(QUERIES, json=question, headers=key).json()
    assert (again["id"], again["charged"]) == (first["id"], False)
    other = http.post(QUERIES, json=question | {"sql": BY_REGION}, headers=key)
    assert_problem(other, 422, "idempotency_conflict")


def test_an_answer_may_be_polled_for(http: httpx.Client, served: Served) -> None:
    """`Prefer: wait=0` answers 202 with a place where the release will be."""
    question = {"sql": COUNT, "epsilon": 0.5, "fresh": True}
    with served.environment._parts.gate.enclave.seat():  # so that it cannot be there
        later = http.post(QUERIES, json=question, headers={"Prefer": "wait=0"})
    assert (later.status_code, later.content) == (202, b"")
    while (answer := http.get(later.headers["location"])).status_code == 202:
        pass
    assert answer.json()["rows"][0]["n_status"] == "ok"


def test_nothing_is_polled_for_once_leave_is_taken_back(
    http: httpx.Client, served: Served
) -> None:
    """A place to poll gives no release that its own address would not give."""
    question = {"sql": COUNT, "epsilon": 0.45, "fresh": True}
    with served.environment._parts.gate.enclave.seat():
        later = http.post(QUERIES, json=question, headers={"Prefer": "wait=0"})
    while http.get(later.headers["location"]).status_code == 202:
        pass
    served.environment.suspend("pay", reason="A complaint.", person=MEMBER)
    try:
        assert http.get(later.headers["location"]).status_code == 404
    finally:
        served.environment.resume("pay", person=MEMBER)


def test_a_patient_reader_is_answered_at_once(http: httpx.Client) -> None:
    """Within the time it prefers to wait, the answer is the release itself."""
    headers = {"Prefer": "wait=30"}
    answer = http.post(QUERIES, json={"sql": COUNT, "epsilon": 0.4}, headers=headers)
    assert answer.json()["charged"]


def test_a_refusal_that_is_polled_for_is_the_same(http: httpx.Client) -> None:
    """What a question is refused for does not depend on how it is waited for."""
    question = {"sql": "SELECT pay FROM people"}
    at_once = http.post(QUERIES, json=question)
    waiting = http.post(QUERIES, json=question, headers={"Prefer": "wait=30"})
    assert at_once.json() == waiting.json()


def test_explaining_spends_nothing(http: httpx.Client) -> None:
    """An explanation leaves the budget as it was."""
    before = http.get(BUDGET).json()
    answer = http.post(EXPLAIN, json={"sql": BY_REGION, "epsilon": 0.5})
    assert answer.status_code == 200
    assert answer.json()
    assert http.get(BUDGET).json() == before


def test_a_list_is_explained_with_its_refusals(http: httpx.Client) -> None:
    """Each question has its explanation or its refusal, and the list its price."""
    before = http.get(BUDGET).json()
    body = {"questions": [BY_REGION, "SELECT pay FROM people"], "parts": [2, 1]}
    batch = http.post(EXPLANATIONS, json=body | {"epsilon": 0.5})
    assert batch.status_code == 200
    first, other = batch.json()["questions"]
    assert first["explanation"]["columns"]
    assert other["explanation"] is None
    assert other["refusal"]["code"]
    assert batch.json()["affordable"]
    assert http.get(BUDGET).json() == before
    assert_problem(http.post(EXPLANATIONS, json=body | {"parts": [1]}), 422, "spending")


def test_a_refusal_names_clause_and_suggestion(http: httpx.Client) -> None:
    """A wrong name is answered with the text it concerns and the nearest name."""
    body = assert_problem(
        http.post(QUERIES, json={"sql": "SELECT SUM(pai) AS s FROM people"}),
        422,
        "unknown_column",
    )
    assert (body["clause"], body["suggestion"]) == ("pai", "pay")


@pytest.mark.parametrize("route", [QUERIES, EXPLAIN])
@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "body.sql: this is required."),
        ({"sql": ""}, "body.sql: expected some text."),
        ({"sql": 3}, "body.sql: expected text."),
        ({"sql": COUNT, "epsilom": 1}, "body.epsilom: there is no such field here."),
        ({"sql": COUNT, "epsilon": "1"}, "body.epsilon: expected a number."),
        ({"sql": COUNT, "epsilon": True}, "body.epsilon: expected a number."),
        ([], "body: expected a JSON object."),
        ("SELECT", "body: expected a JSON object."),
    ],
)
def test_a_malformed_body_is_named(
    http: httpx.Client, route: str, body: object, said: str
) -> None:
    """Unknown, missing and mistyped fields are refused by their path and the rule."""
    problem = assert_problem(http.post(route, json=body), 400, "invalid_request")
    assert problem["detail"] == said


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff",
        b"[" * 100_000,
        b'{"sql": "\\ud800"}',
        b'{"sql": "SELECT", "epsilon": 1' + b"0" * 5_000 + b"}",
    ],
)
def test_hostile_bodies_are_problems(http: httpx.Client, content: bytes) -> None:
    """What is not JSON, or not text, is a 4xx and never a fault."""
    headers = {"Content-Type": "application/json"}
    answer = http.post(QUERIES, content=content, headers=headers)
    assert_problem(answer, answer.status_code, answer.json()["code"])
    assert answer.status_code in {400, 422}


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-1", "0", "1e-30"])
def test_amounts_that_cannot_be_spent_are_refused(
    http: httpx.Client, number: str
) -> None:
    """Zero, negative, infinite and undefined amounts are refused before any charge."""
    content = f'{{"sql": "{COUNT}", "epsilon": {number}}}'
    headers = {"Content-Type": "application/json"}
    answer = http.post(QUERIES, content=content, headers=headers)
    assert_problem(answer, 422, "spending")


def test_a_key_for_retries_is_a_word(http: httpx.Client) -> None:
    """An `Idempotency-Key` of other characters is refused by name."""
    headers = {"Idempotency-Key": "a b"}
    answer = http.post(QUERIES, json={"sql": COUNT}, headers=headers)
    assert_problem(answer, 422, "invalid_key")


def test_many_ask_at_once(served: Served, http: httpx.Client) -> None:
    """Each of a dozen simultaneous questions is answered and charged once."""
    before = http.get(BUDGET).json()["left"]["rho"]
    question = {"sql": COUNT, "rho": 1e-3, "fresh": True}

    def ask(_: int) -> dict:
        with served.http() as own:
            return own.post(QUERIES, json=question).json()

    with ThreadPoolExecutor(12) as pool:
        releases = list(pool.map(ask, range(12)))
    assert len({release["id"] for release in releases}) == 12
    spent = sum(release["loss"]["rho"] for release in releases)
    left = http.get(BUDGET).json()["left"]["rho"]
    assert before - left == pytest.approx(spent, abs=2e-8)


def test_a_body_that_is_too_long_is_refused(http: httpx.Client) -> None:
    """Both the server and the language have a limit, and say so."""
    answer = http.post(QUERIES, json={"sql": "x" * 2_000_000})
    assert_problem(answer, 413, "too_large")
    answer = http.post(QUERIES, json={"sql": "x" * 70_000})
    assert_problem(answer, 422, "too_long")


def test_the_format_is_agreed_before_the_charge(http: httpx.Client) -> None:
    """An Accept that cannot be met is refused, and costs nothing."""
    before = http.get(BUDGET).json()
    headers = {"Accept": "image/png"}
    answer = http.post(QUERIES, json={"sql": COUNT, "fresh": True}, headers=headers)
    assert_problem(answer, 406, "not_acceptable")
    assert http.get(BUDGET).json() == before


@pytest.mark.parametrize("token", [None, "x", "tre_x_y", "x" * 5_000])
def test_nothing_private_is_there_without_a_token(
    served: Served, token: str | None
) -> None:
    """Without a valid token every private address answers 401, and nothing else."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    with served.http(None) as http:
        for method, path in [
            ("POST", QUERIES),
            ("POST", EXPLAIN),
            ("GET", BUDGET),
            ("GET", "/v1/releases/x"),
            ("GET", "/v1/datasets"),
            ("GET", "/v1/datasets/people"),
            ("POST", "/v1/datasets"),
            ("GET", "/v1/projects/pay/queries/x"),
        ]:
            body = {"sql": COUNT} if method == "POST" else None
            answer = http.request(method, path, json=body, headers=headers)
            assert_problem(answer, 401, "not_authenticated")
            assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("person", [STEWARD, MEMBER])
def test_other_people_cannot_ask(served: Served, person: str) -> None:
    """Whoever is not a researcher of the project learns nothing through it."""
    with served.http() as researcher:
        release = researcher.post(QUERIES, json={"sql": COUNT}).json()["id"]
    with served.http(person) as http:
        answer = http.post(QUERIES, json={"sql": COUNT})
        assert_problem(answer, 403, "not_permitted")
        answer = http.get(f"/v1/releases/{release}")
        assert_problem(answer, 404, "unknown_release")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/projects/nowhere/budget", 404, "unknown_project"),
        ("GET", "/v1/releases/nothing", 404, "unknown_release"),
        ("GET", "/v1/datasets/nothing", 404, "unknown_dataset"),
        ("GET", "/v1/projects/pay/queries/x", 404, "unknown_question"),
        ("GET", "/v1/nothing", 404, "not_found"),
        ("DELETE", QUERIES, 405, "method_not_allowed"),
    ],
)
def test_what_is_not_there_is_said(
    http: httpx.Client, method: str, path: str, status: int, code: str
) -> None:
    """Unknown names, addresses and methods have statuses and codes of their own."""
    assert_problem(http.request(method, path), status, code)


def test_an_empty_budget_is_a_conflict(served: Served) -> None:
    """A price above what is left is refused, and names what is left."""
    with served.http() as http:
        question = {"sql": COUNT, "epsilon": 500}
        answer = http.post(QUERIES, json=question)
    assert assert_problem(answer, 409, "budget_exhausted")["suggestion"]


def test_a_steward_onboards_from_the_inbox(served: Served) -> None:
    """A new version is published, its counts returned, and asked from then on."""
    write_dataset(served.own_inbox)
    manifest = package() | {"version": "2"}
    with served.http(STEWARD) as http:
        answer = http.post("/v1/datasets", json=manifest)
        assert answer.status_code == 201, answer.text
        facts = http.get(answer.headers["location"]).json()
    assert facts["name"] == "people"
    assert CANARY not in answer.text + json.dumps(facts)


def test_a_bad_manifest_is_named_and_changes_nothing(served: Served) -> None:
    """The path in the manifest and the rule come back, and the catalogue stays."""
    manifest = package()
    manifest["resources"][0]["schema"]["fields"][4]["constraints"] = {"maximun": 3}
    with served.http(STEWARD) as http:
        before = http.get("/v1/datasets").json()
        body = assert_problem(http.post("/v1/datasets", json=manifest), 422, "invalid")
        assert body["path"].startswith("resources[0].schema.fields[4]")
        manifest = package() | {"resources": [{"path": "/etc/passwd"}]}
        assert_problem(http.post("/v1/datasets", json=manifest), 422, "invalid")
        assert http.get("/v1/datasets").json() == before


@pytest.mark.parametrize(
    "changes",
    [
        {"description": "\ud800"},
        {"description": "a\0b"},
        {"licenses": [[[]] * 50]},
        {"version": "9" * 5000},
        {"resources": [{**package()["resources"][0], "encoding": "zlib"}]},
        {"resources": [{**package()["resources"][0], "encoding": "a\0"}]},
        {"tre": {**package()["tre"], "budget": {"epsilon": 1e-300, "delta": 1e-300}}},
    ],
)
def test_no_manifest_breaks_the_server(served: Served, changes: dict) -> None:
    """What a manifest may not hold is the sender's mistake, and said to be."""
    write_dataset(served.own_inbox)
    sent = json.dumps(package() | {"name": "odd"} | changes)
    with served.http(STEWARD) as http:
        headers = {"Content-Type": "application/json"}
        answer = http.post("/v1/datasets", content=sent, headers=headers)
    assert_problem(answer, 422, "invalid")


def test_only_stewards_onboard(http: httpx.Client, served: Served) -> None:
    """A researcher's manifest is refused."""
    write_dataset(served.own_inbox)
    answer = http.post("/v1/datasets", json=package())
    assert_problem(answer, 403, "not_permitted")


def test_nobody_reads_another_controllers_files(served: Served) -> None:
    """A steward of one controller learns nothing of what another left in the inbox."""
    write_dataset(served.own_inbox)
    environment, other = served.environment, "Department of Elsewhere"
    environment.add_person("elsewhere", roles=["steward"], controller=other)
    token = environment.issue_token("elsewhere")
    manifest = package() | {"name": "probe"}
    manifest["resources"][0]["name"] = "probe"
    with served.http(None) as http:
        http.headers["Authorization"] = f"Bearer {token}"
        answer = http.post("/v1/datasets", json=manifest)
        assert_problem(answer, 403, "not_permitted")
        manifest["tre"]["controller"] = other
        answer = http.post("/v1/datasets", json=manifest)
        assert (
            "folder Department of Elsewhere"
            in assert_problem(answer, 403, "no_inbox")["suggestion"]
        )
        (served.inbox / other).mkdir()
        answer = http.post("/v1/datasets", json=manifest)
        assert (
            assert_problem(answer, 422, "invalid")["detail"] == "there is no such file"
        )
        (served.inbox / other / "people.csv").symlink_to(
            served.own_inbox / "people.csv"
        )
        answer = http.post("/v1/datasets", json=manifest)
        assert "controller's folder" in assert_problem(answer, 422, "invalid")["detail"]


def test_administrators_do_not_have_files_read(served: Served) -> None:
    """Who runs the environment is no steward, and has no controller's files read."""
    write_dataset(served.own_inbox)
    token = served.environment.issue_token("administrator")
    with served.http(None) as http:
        http.headers["Authorization"] = f"Bearer {token}"
        answer = http.post("/v1/datasets", json=package() | {"version": "9"})
    assert_problem(answer, 403, "not_permitted")


def test_the_public_reads_health_head_and_counters(served: Served) -> None:
    """Without a token: health, the log's signed head, counters, the description."""
    with served.http(None) as http:
        assert http.get("/healthz").json() == {"status": "ok"}
        assert http.get("/readyz").json() == {"status": "ready"}
        head = http.get("/v1/audit/checkpoint").json()
        counters = http.get("/metrics").text
    assert served.environment.verify_audit(head).sound
    assert 'route="/healthz",status="200"' in counters
    assert CANARY not in counters


def test_the_description_says_what_is_there(http: httpx.Client) -> None:
    """Every reference of the OpenAPI document leads somewhere, every answer is said."""
    document = http.get("/v1/openapi.json").json()
    named = {
        f"#/components/schemas/{name}" for name in document["components"]["schemas"]
    }
    assert set(_references(document)) <= named
    for path, methods in document["paths"].items():
        for operation in methods.values():
            assert operation["summary"], path
            assert PROBLEM in operation["responses"]["default"]["content"]
            assert "422" not in operation["responses"]


def _references(node: object) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [each for value in node.values() for each in _references(value)]
    if isinstance(node, list):
        return [each for value in node for each in _references(value)]
    return []


def test_answers_carry_no_identifier(served: Served, http: httpx.Client) -> None:
    """The names in the linkage zone are in no answer, right or wrong."""
    with served.http(STEWARD) as steward:
        answers = [
            steward.get("/v1/datasets"),
            http.post(EXPLAIN, json={"sql": BY_REGION}),
            http.post(QUERIES, json={"sql": "SELECT forename FROM people"}),
            http.post(QUERIES, json={"sql": BY_REGION}),
        ]
    assert CANARY not in "".join(answer.text for answer in answers)
    assert RESEARCHER in served.tokens
