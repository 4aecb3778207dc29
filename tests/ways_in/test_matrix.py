"""Who may do what, over every address and every command there is.

Each line of a matrix names all who are let in; everybody else is turned away, and the
tests fail when an address or a command has no line.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from privacy.errors import Refused
from privacy.policy import GATEWAY
from tests.documentation.test_commands import whole
from tests.enclave.clocks import reopened
from tests.ways_in.conftest import Said, Served
from tests.ways_in.world import (
    MEMBER,
    RESEARCHER,
    STEWARD,
    package,
    write_dataset,
    write_project,
)
from tre.environment import Environment
from tre.governance.policies import policy_text
from tre.governance.roles import Role
from tre.governance.scopes import EVERY_USE

PUBLIC = "the public"
ITS_RESEARCHER = "a researcher of the project"
ITS_STEWARD = "a steward of the dataset"
ROLES = {role.value for role in Role}
SOMEBODY = ROLES | {ITS_RESEARCHER, ITS_STEWARD}
EVERYBODY = SOMEBODY | {PUBLIC}
ADMINISTRATOR = {"administrator"}
COUNT = {"sql": "SELECT COUNT(*) AS n FROM people"}
FORM: dict[str, Any] = {
    **dict.fromkeys(("title", "what", "why", "for_whom"), "Something."),
    "files": [{"path": "t.md", "kind": "text", "content": "Tm9uZS4="}],
}
MAY_SEE = {ITS_RESEARCHER, "output-checker", "auditor", "administrator"}
TURNED_AWAY = {
    *("not_authenticated", "not_permitted", "not_in_scope", "separation_of_duties"),
    *(
        "unknown_release",
        "unknown_question",
        "unknown_token",
        "unknown_submission",
    ),  # there, and not for them to know of
}


@dataclass(frozen=True)
class Line:
    """An address or a command, and all who are let in."""

    let_in: set[str]
    path: str = ""
    body: Mapping = field(default_factory=dict)
    words: tuple[str, ...] = ()


def at(path: str, let_in: set[str], **body) -> Line:
    """A line of the addresses."""
    return Line(let_in, path=path, body=body)


ADDRESSES = {
    "POST /v1/projects/{project}/explain": at(
        "/v1/projects/pay/explain", {ITS_RESEARCHER}, **COUNT
    ),
    "POST /v1/projects/{project}/explanations": at(
        "/v1/projects/pay/explanations", {ITS_RESEARCHER}, questions=[COUNT["sql"]]
    ),
    "POST /v1/projects/{project}/queries": at(
        "/v1/projects/pay/queries", {ITS_RESEARCHER}, **COUNT
    ),
    "GET /v1/projects/{project}/queries/{ticket}": at(
        "/v1/projects/pay/queries/{ticket}", {ITS_RESEARCHER}
    ),
    "GET /v1/projects/{project}/budget": at(
        "/v1/projects/pay/budget", {ITS_RESEARCHER}
    ),
    "GET /v1/releases/{release}": at("/v1/releases/{release}", {ITS_RESEARCHER}),
    "GET /v1/datasets": at("/v1/datasets", SOMEBODY),
    "GET /v1/datasets/{name}": at("/v1/datasets/people", SOMEBODY),
    "POST /v1/datasets": at("/v1/datasets", {ITS_STEWARD}, **package()),
    "GET /v1/catalogue": at("/v1/catalogue", EVERYBODY),
    "GET /v1/catalogue/{name}": at("/v1/catalogue/people", EVERYBODY),
    "GET /v1/me": at("/v1/me", SOMEBODY),
    "GET /v1/tokens": at("/v1/tokens", SOMEBODY),
    "POST /v1/tokens": at("/v1/tokens", set(), hours=1),  # sessions make tokens
    "DELETE /v1/tokens/{token}": at("/v1/tokens/{own_token}", SOMEBODY),
    "POST /v1/session/end": at("/v1/session/end", SOMEBODY),
    "POST /v1/session": at("/v1/session", EVERYBODY),
    "POST /v1/enrolment": at("/v1/enrolment", EVERYBODY),
    "POST /v1/enrolment/accept": at("/v1/enrolment/accept", EVERYBODY),
    "GET /v1/sign-in": at("/v1/sign-in", EVERYBODY),
    "GET /v1/sign-in/back": at("/v1/sign-in/back", EVERYBODY),
    "GET /v1/submissions": at("/v1/submissions", SOMEBODY),
    "POST /v1/projects/{project}/submissions": at(
        "/v1/projects/pay/submissions", {ITS_RESEARCHER}, **FORM
    ),
    "GET /v1/submissions/{submission}": at("/v1/submissions/{submission}", MAY_SEE),
    "GET /v1/submissions/{submission}/files/{name}": at(
        "/v1/submissions/{submission}/files/t.md", MAY_SEE
    ),
    "GET /v1/submissions/{submission}/package": at(
        "/v1/submissions/{submission}/package", MAY_SEE
    ),
    "POST /v1/submissions/{submission}/revisions": at(
        "/v1/submissions/{submission}/revisions", {ITS_RESEARCHER}, **FORM
    ),
    "POST /v1/submissions/{submission}/votes": at(
        "/v1/submissions/{submission}/votes",
        {"output-checker"},
        verdict="approve",
        reason="Why not.",
    ),
    "POST /v1/submissions/{submission}/return": at(
        "/v1/submissions/{submission}/return", {"output-checker"}, reason="Why not."
    ),
    "POST /v1/submissions/{submission}/withdraw": at(
        "/v1/submissions/{submission}/withdraw", {ITS_RESEARCHER}
    ),
    "POST /v1/submissions/{submission}/take-in": at(
        "/v1/submissions/{inward}/take-in", {ITS_STEWARD}
    ),
    "GET /v1/register": at("/v1/register", EVERYBODY),
    "GET /v1/register/algorithm": at("/v1/register/algorithm", EVERYBODY),
    "GET /v1/register/used": at("/v1/register/used?agency=Nobody", EVERYBODY),
    "GET /v1/audit/checkpoint": at("/v1/audit/checkpoint", EVERYBODY),
    "GET /v1/audit/checkpoint.txt": at("/v1/audit/checkpoint.txt", EVERYBODY),
    "GET /v1/audit/key": at("/v1/audit/key", EVERYBODY),
    "GET /v1/audit/inclusion": at("/v1/audit/inclusion?position=1", EVERYBODY),
    "GET /v1/audit/consistency": at("/v1/audit/consistency?earlier=1", EVERYBODY),
    "GET /healthz": at("/healthz", EVERYBODY),
    "GET /readyz": at("/readyz", EVERYBODY),
    "GET /metrics": at("/metrics", EVERYBODY),
}


def name_of(actor: str) -> str:
    """The id of whoever stands for an actor of the matrix."""
    known = {ITS_RESEARCHER: RESEARCHER, ITS_STEWARD: STEWARD}
    return known.get(actor, f"{actor}@elsewhere.example")


def add_actors(environment: Environment) -> None:
    """One person of each role, with no project and no dataset of their own."""
    for role in sorted(ROLES):
        controller = "Department of Elsewhere" if role == "steward" else None
        environment.add_person(name_of(role), roles=[role], controller=controller)


@dataclass(frozen=True)
class Place:
    """A served environment with everybody in it, and things that can be asked for."""

    served: Served
    tokens: Mapping[str, str]
    things: Mapping[str, str]

    def own_token(self, actor: str) -> str:
        """The id of another token of somebody's, to be ended."""
        if actor == PUBLIC:
            return "x"
        identity = self.served.environment.identity
        return identity.issue_token(name_of(actor), by="administrator").id

    def code(self, actor: str, address: str) -> str:
        """The code with which somebody is answered at an address; empty if let in."""
        line, method = ADDRESSES[address], address.split()[0]
        token = self.tokens.get(actor, "")
        path = line.path.replace("{own_token}", self.own_token(actor))
        for name, value in self.things.items():
            path = path.replace("{" + name + "}", value)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        body = line.body if method == "POST" else None
        with self.served.http(None) as http:
            answer = http.request(method, path, json=body, headers=headers)
        problem = "problem" in answer.headers.get("content-type", "")
        return answer.json()["code"] if problem else ""


def inward_files() -> list[dict]:
    """A public table and its manifest, as they come in."""
    manifest = package()
    manifest["name"] = "codes"
    (resource,) = manifest["resources"]
    resource |= {"name": "codes", "path": "codes.csv", "tre": {"privacy_unit": "none"}}
    resource["schema"] = {"fields": [{"name": "code", "type": "string"}]}
    texts = {"codes.json": json.dumps(manifest), "codes.csv": "code\na\n"}
    kinds = {"codes.json": "manifest", "codes.csv": "table"}
    return [
        {"path": n, "kind": kinds[n], "content": b64encode(text.encode()).decode()}
        for n, text in texts.items()
    ]


@pytest.fixture(scope="module")
def place(served: Served) -> Place:
    """Everybody has a token for every use; a release and a ticket are there."""
    add_actors(served.environment)
    tokens = {
        actor: served.environment.identity.issue_token(
            name_of(actor), by="administrator", scopes=EVERY_USE
        ).secret
        for actor in sorted(SOMEBODY)
    }
    with served.http() as http:
        queries = "/v1/projects/pay/queries"
        release = http.post(queries, json=COUNT).json()["id"]
        fresh = {**COUNT, "fresh": True}
        with served.environment._parts.gate.enclave.seat():
            later = http.post(queries, json=fresh, headers={"Prefer": "wait=0"})
        form = {**FORM, "files": [{**FORM["files"][0], "releases": [release]}]}
        made = http.post("/v1/projects/pay/submissions", json=form).json()["id"]
        body = {**FORM, "direction": "in", "files": inward_files()}
        inward = http.post("/v1/projects/pay/submissions", json=body).json()["id"]
    ticket = later.headers["location"].rpartition("/")[2]
    things = {"release": release, "ticket": ticket, "submission": made}
    things["inward"] = inward
    return Place(served, tokens, things)


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_lets_in_those_of_its_line(place: Place, address: str) -> None:
    """Everybody in the matrix's line is let in, and nobody else."""
    let_in = {
        actor
        for actor in sorted(EVERYBODY)
        if place.code(actor, address) not in TURNED_AWAY
    }
    assert let_in == ADDRESSES[address].let_in


def test_every_address_has_a_line(served: Served) -> None:
    """No address is left out of the matrix."""
    with served.http(None) as http:
        paths = http.get("/v1/openapi.json").json()["paths"]
    there = {
        f"{method.upper()} {path}"
        for path, methods in paths.items()
        for method in methods
    }
    assert there == set(ADDRESSES)


def act(let_in: set[str], *words: str) -> Line:
    """A line of the commands that act for somebody."""
    return Line(let_in, words=words)


OPERATOR = Line({"whoever holds the home"})
VERSIONS = count()
BUDGET = ("--epsilon", "1", "--delta", "1e-6", "--until", "2099-01-01")
ON_PAY = ("--project", "pay")
ON_RESIDENTS = ("--population", "residents")
COMMANDS = {
    "population create": act(ADMINISTRATOR, "{new}", *BUDGET),
    "person add": act(ADMINISTRATOR, "{new}", "--role", "auditor"),
    "organisation add": act(ADMINISTRATOR, "{new}"),
    "person affiliate": act(ADMINISTRATOR, MEMBER, "{organisation}"),
    "person qualify": act(
        ADMINISTRATOR,
        *(MEMBER, "training", "--until", "2099-01-01", "--reference", "On paper."),
    ),
    "person disqualify": act(ADMINISTRATOR, MEMBER, "training", "--reason", "Why."),
    "person invite": act(ADMINISTRATOR, MEMBER),
    "token issue": act(ADMINISTRATOR | {"committee-member"}, MEMBER),
    "token list": act(ADMINISTRATOR | {"committee-member"}, MEMBER),
    "token revoke": act(ADMINISTRATOR | {"committee-member"}, "{token}"),
    "provider set": act(
        ADMINISTRATOR, "ftp://nowhere", "--client", "c", "--audience", "a"
    ),
    "provider remove": act(ADMINISTRATOR),
    "provider link": act(ADMINISTRATOR, "subject", MEMBER),
    "provider unlink": act(ADMINISTRATOR, "subject"),
    "dataset onboard": act({ITS_STEWARD, "administrator"}, "{manifest}"),
    "condition set": act({ITS_STEWARD}, "people", "{conditions}"),
    "condition lift": act({ITS_STEWARD}, "people"),
    "project amend": act({ITS_RESEARCHER}, "{amended}"),
    "project pin": act({ITS_RESEARCHER}, "{active}", "people", "people/1"),
    "project withdraw-amendment": act({ITS_RESEARCHER}, "{active}"),
    "project propose": act({"researcher", ITS_RESEARCHER}, "{project}"),
    "project approve": act({"committee", "committee-member", ITS_STEWARD}, "{fresh}"),
    "project suspend": act(
        {"committee", "committee-member", ITS_STEWARD, "administrator"},
        *("{active}", "--reason", "Why not."),
    ),
    "project resume": act({"committee", "committee-member"}, "{active}"),
    "project withdraw-approval": act(
        {"committee", "committee-member", ITS_STEWARD}, "{active}"
    ),
    "project close": act(
        {"committee", "committee-member", ITS_RESEARCHER, "administrator"},
        *("{fresh}", "--outcome", "Done."),
    ),
    "incident record": act(
        {"committee", "committee-member", "auditor", "administrator"},
        *("--summary", "Nothing happened."),
    ),
    "incident resolve": act(
        {"committee", "committee-member", "auditor", "administrator"},
        *("0123456789ab", "--outcome", "Nothing was done."),
    ),
    "backup": act(ADMINISTRATOR, "{out}", "--passphrase-file", "{passphrase}"),
    "audit publish": act(ADMINISTRATOR, "--to", ""),
    "key rotate": act(ADMINISTRATOR, "landing"),
    "key protect": act(ADMINISTRATOR),
    "key destroy": act(ADMINISTRATOR, "nothing", "--for-good"),
    "linkage review": act({"linker"}, "{out}", *ON_RESIDENTS),
    "linkage decide": act({"linker"}, "{decisions}", *ON_RESIDENTS),
    "linkage apply": act({"linker", "administrator"}, *ON_RESIDENTS),
    "linkage rotate": act({"linker", "administrator"}, *ON_RESIDENTS),
    "policy set": act(
        {"committee", "committee-member"}, "{policy}", "--reason", "Stricter."
    ),
    "policy confirm": act({"committee", "committee-member"}, "0" * 64),
    "review submit": act({ITS_RESEARCHER}, "{form}", *ON_PAY),
    "review resubmit": act({ITS_RESEARCHER}, "{submission}", "{form}"),
    "review list": act(SOMEBODY | {"committee-member"}),
    "review show": act(MAY_SEE, "{submission}"),
    "review fetch": act(MAY_SEE, "{submission}", "note.md", "-o", "{out}"),
    "review vote": act(
        {"output-checker"}, "{submission}", "approve", "--reason", "Fine."
    ),
    "review return": act({"output-checker"}, "{submission}", "--reason", "No."),
    "review withdraw": act({ITS_RESEARCHER}, "{submission}"),
    "review package": act(MAY_SEE, "{submission}", "-o", "{out}"),
    "review take-in": act({ITS_STEWARD}, "{inward}"),
    "release export": act({ITS_RESEARCHER}, "{release}", "-o", "{out}"),
    "explain": act({ITS_RESEARCHER}, COUNT["sql"], *ON_PAY),
    "query": act({ITS_RESEARCHER}, COUNT["sql"], *ON_PAY),
    "synthesise": act(
        {ITS_RESEARCHER}, "people", "--columns", "region,pay", "--explain", *ON_PAY
    ),
    **dict.fromkeys(
        (
            *("init", "dataset check", "dataset list", "dataset show", "doctor"),
            "dataset dummy",
            *("dataset withdraw", "optout import", "optout apply", "encode"),
            "optout late",
            *("organisation list", "condition show", "project due", "register"),
            *("project show", "provider show", "budget", "evaluate", "policy show"),
            *("audit verify", "audit checkpoint", "audit key", "audit inclusion"),
            *("audit consistency", "release verify", "restore", "key list"),
            *("serve", "demo"),
        ),
        OPERATOR,
    ),
}
ACTORS = SOMEBODY | {"committee-member", "a stranger"}


def test_every_command_has_a_line() -> None:
    """No command is left out of the matrix."""
    assert {name.removeprefix("tre ") for name in whole()} == set(COMMANDS)


@pytest.fixture(scope="module")
def peopled(home: Path) -> Path:
    """The copied home, with everybody in it."""
    with Environment.open(home) as environment, suppress(Refused):
        add_actors(environment)  # unless the addresses' half has
    return home


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [name for name, line in COMMANDS.items() if line is not OPERATOR]
)
def test_a_command_lets_in_those_of_its_line(
    peopled: Path, tre: Callable[..., Said], tmp_path: Path, name: str
) -> None:
    """Everybody in the matrix's line is let in, and nobody else."""
    things = thing_after_thing(peopled, tmp_path)
    let_in = set()
    for actor in sorted(ACTORS):
        person = MEMBER if actor == "committee-member" else name_of(actor)
        made = next(things)
        words = [made.get(word.strip("{}"), word) for word in COMMANDS[name].words]
        said = tre(*name.split(), *words, "--person", person, "--json")
        code = json.loads(said.err)["code"] if said.status in {1, 3} else ""
        assert said.status != 2, said.err
        if code not in TURNED_AWAY:
            let_in.add(actor)
    assert let_in == COMMANDS[name].let_in


def thing_after_thing(home: Path, folder: Path) -> Iterator[dict[str, str]]:
    """Names that nothing has, and things that nobody has done anything to yet."""
    manifest = write_dataset(folder / "data")
    passphrase = folder / "passphrase"
    passphrase.write_text("a passphrase")
    decisions = folder / "decisions.csv"
    decisions.write_text("pair,decision\n")
    conditions = folder / "conditions.yaml"
    conditions.write_text("purposes: [research]")
    release = asked_once(home)
    number = 0
    while True:
        number += 1
        fresh = f"fresh-{folder.name[-8:].strip('_-').lower()}-{number}"
        with Environment.open(home) as environment:
            token = environment.issue_token(MEMBER)
            environment.add_organisation(fresh)
            for name in (fresh, f"{fresh}-active"):
                file = write_project(folder / f"{number}", name)
                environment.propose(file, person=RESEARCHER)
            environment.approve(f"{fresh}-active", person=MEMBER)
            environment.approve(f"{fresh}-active", person=STEWARD)
            form = write_form(folder, release)
            outward, inward = (
                environment.submit(each, project="pay", person=RESEARCHER)["id"]
                for each in (form, write_form(folder, None))
            )
        yield {
            "new": f"new-{number}",
            "passphrase": str(passphrase),
            "conditions": str(conditions),
            "decisions": str(decisions),
            "organisation": fresh,
            "amended": str(write_project(folder / f"a{number}", fresh, epsilon=1.0)),
            "token": token.split("_")[1],
            "manifest": str(manifest),
            "project": str(write_project(folder / f"q{number}", f"{fresh}-more")),
            "fresh": fresh,
            "active": f"{fresh}-active",
            "form": str(form),
            "submission": outward,
            "inward": inward,
            "release": release,
            "policy": str(write_policy(folder, number)),
            "out": str(folder / f"out-{number}"),
        }


def asked_once(home: Path) -> str:
    """A release of the project's that can be cited."""
    with reopened(home) as environment:
        return environment.ask(COUNT["sql"], project="pay", person=RESEARCHER).id


def write_policy(folder: Path, number: int) -> Path:
    """A policy of a version that has not been in force."""
    policy = replace(GATEWAY, version=1000 + next(VERSIONS))
    file = folder / f"policy-{number}.yaml"
    file.write_text(policy_text(policy))
    return file


def write_form(folder: Path, release: str | None) -> Path:
    """A form to carry a note out that cites a release, or a public table in."""
    context = {
        "title": "A note",
        "what": "A note.",
        "why": "To show.",
        "for_whom": "Us.",
    }
    if release is None:
        (folder / "areas.csv").write_text("area\nWales\n")
        (folder / "areas.json").write_text(json.dumps(AREAS))
        files = [
            {"path": "areas.json", "kind": "manifest"},
            {"path": "areas.csv", "kind": "table"},
        ]
        form = {**context, "direction": "in", "files": files}
    else:
        (folder / "note.md").write_text("It was counted.\n")
        cited = {"path": "note.md", "kind": "text", "releases": [release]}
        form = {**context, "files": [cited]}
    file = folder / f"form-{form.get('direction', 'out')}.json"
    file.write_text(json.dumps(form))
    return file


AREAS = {
    "name": "areas",
    "title": "Areas",
    "tre": {
        "controller": "Department of Examples",
        "legal_basis": "Open data",
        "population": "residents",
    },
    "resources": [
        {
            "name": "areas",
            "path": "areas.csv",
            "tre": {"privacy_unit": "none"},
            "schema": {
                "fields": [{"name": "area", "constraints": {"enum": ["Wales"]}}]
            },
        }
    ],
}
