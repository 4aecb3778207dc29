"""The airlock over HTTP: for programs in JSON, for people as pages without a script."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pyotp
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, sync_playwright

from tests.ways_in.conftest import Served
from tests.ways_in.pages import outline
from tests.ways_in.world import RESEARCHER, STEWARD
from tre.airlock.package import verify_package
from tre.gateway.asking import SESSION_COOKIE

CHECKERS = [f"checker{number}@example.org" for number in (1, 2, 3)]
PASSWORD = "correct horse battery"
COUNTS = {"sql": "SELECT region, COUNT(*) AS n FROM people GROUP BY region"}


@dataclass(frozen=True)
class Place:
    """A served environment with checkers and accounts, and a release to carry."""

    served: Served
    release: str
    table: bytes
    secrets: dict[str, str]

    def body(self, **changes) -> dict:
        """A submission of the release's own table."""
        file = {
            "path": "table.csv",
            "kind": "table",
            "releases": [self.release],
            "content": b64encode(self.table).decode(),
        }
        words = {name: f"The {name}." for name in ("what", "why", "for_whom")}
        return {"title": "Where people live", **words, "files": [file], **changes}

    def submitted(self) -> str:
        """A new submission's id."""
        with self.served.http() as http:
            said = http.post("/v1/projects/pay/submissions", json=self.body())
        assert said.status_code == 201, said.text
        assert said.headers["location"].endswith(said.json()["id"])
        return said.json()["id"]

    def code(self, person: str) -> str:
        """What somebody signs in with, once.

        It is the next step's, which counts already: enrolling used up this one's. So
        no step may end at a wrong moment.
        """
        clock = self.served.environment._parts.clock
        return pyotp.TOTP(self.secrets[person]).at(clock(), counter_offset=1)

    def session(self, person: str) -> str:
        """The session in which somebody signed in by the page, once."""
        if person not in _SESSIONS:
            said = {"person": person, "password": PASSWORD, "code": self.code(person)}
            origin = {"Origin": self.served.url}
            url = f"{self.served.url}/airlock/sign-in"
            answer = httpx.post(url, data=said, headers=origin, timeout=60)
            assert answer.status_code == 303, answer.text
            _SESSIONS[person] = _cookie(answer)
        return _SESSIONS[person]

    def signed_in(self, person: str) -> httpx.Client:
        """A browser without scripts, in which somebody has signed in."""
        cookie = {"Cookie": f"{SESSION_COOKIE}={self.session(person)}"}
        return httpx.Client(base_url=self.served.url, timeout=60, headers=cookie)


_SESSIONS: dict[str, str] = {}


def _cookie(answer: httpx.Response) -> str:
    """The session a page set: for this site alone, out of scripts' reach."""
    said = answer.headers["set-cookie"]
    assert said.startswith(f"{SESSION_COOKIE}=")
    assert all(word in said for word in ("HttpOnly", "Secure", "Path=/", "SameSite"))
    return said.partition("=")[2].partition(";")[0]


@pytest.fixture(scope="module")
def place(served: Served) -> Place:
    """One for all of this module."""
    _SESSIONS.clear()
    environment = served.environment
    for checker in CHECKERS:
        environment.add_person(checker, roles=["output-checker"])
        served.tokens[checker] = environment.issue_token(checker)
    secrets = {}
    for person in (RESEARCHER, STEWARD, *CHECKERS):
        desk = environment.identity
        invitation = desk.invite(person, by="administrator").secret
        uri = desk.enrolment(invitation, address="here").uri
        secret = parse_qs(urlsplit(uri).query)["secret"][0]
        code = pyotp.TOTP(secret).at(environment._parts.clock())
        desk.enrol(invitation, PASSWORD, code, address="here")
        secrets[person] = secret
    with served.http() as http:
        asked = http.post("/v1/projects/pay/queries", json={**COUNTS, "rho": 0.5})
    assert asked.status_code == 200, asked.text
    release = asked.json()
    sink = io.StringIO()
    shown = ("region", "n", "n_low", "n_high")
    rows = csv.DictWriter(sink, shown, extrasaction="ignore")
    rows.writeheader()
    rows.writerows(release["rows"])
    return Place(served, release["id"], sink.getvalue().encode(), secrets)


def page_token(page: str) -> str:
    """What the forms of a page send back."""
    found = re.search(r'name="csrf" value="([0-9a-f]+)"', page)
    assert found is not None
    return found[1]


def test_a_table_is_carried_out_over_http(place: Place) -> None:
    """Submitted, judged by two who do not see each other, and taken, verified."""
    made = place.submitted()
    with (
        place.served.http(CHECKERS[0]) as first,
        place.served.http(CHECKERS[1]) as second,
        place.served.http() as researcher,
    ):
        yes = {"verdict": "approve", "reason": "Every figure is released."}
        seen = first.get(f"/v1/submissions/{made}").json()
        assert set(seen["may"]) == {"vote", "return"}
        held = first.get(f"/v1/submissions/{made}/files/table.csv")
        assert held.text.split() == place.table.decode().split()
        assert held.headers["content-disposition"].startswith("attachment")
        assert first.post(f"/v1/submissions/{made}/votes", json=yes).status_code == 200
        assert second.get(f"/v1/submissions/{made}").json()["votes"] == []
        again = first.post(f"/v1/submissions/{made}/votes", json=yes)
        assert (again.status_code, again.json()["code"]) == (422, "already_voted")
        done = second.post(f"/v1/submissions/{made}/votes", json=yes).json()
        assert done["state"] == "approved"
        assert len(done["votes"]) == 2
        package = researcher.get(f"/v1/submissions/{made}/package")
        assert package.headers["content-type"] == "application/zip"
        found = verify_package(package.content, place.served.environment.log.key)
        assert found["files"] == ["table.csv"]
        ids = [each["id"] for each in researcher.get("/v1/submissions").json()]
        assert made in ids


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"files": []}, "invalid_request"),
        ({"title": ""}, "invalid"),
        ({"more": "x"}, "invalid_request"),
        ({"file": {"content": "not base64!"}}, "invalid"),
        ({"file": {"path": "../table.csv"}}, "invalid"),
        ({"file": {"path": "a/table.csv"}}, "invalid"),
        ({"file": {"kind": "spreadsheet"}}, "invalid"),
        ({"file": {"releases": []}}, "form"),
        ({"file": {"releases": ["0" * 20]}}, "form"),
        ({"file": {"content": b64encode(b"region,n\nWales,1\n").decode()}}, "form"),
    ],
)
def test_what_is_wrong_in_a_form_is_refused_over_http(
    place: Place, changes: dict, code: str
) -> None:
    """By name, before any checker has to look."""
    body = place.body()
    if "file" in changes:
        body["files"][0] |= changes["file"]
    else:
        body |= changes
    with place.served.http() as http:
        said = http.post("/v1/projects/pay/submissions", json=body)
    assert said.json()["code"] == code, said.text
    assert said.status_code in (400, 422)
    assert "table.csv" not in {one.name for one in Path().iterdir()}


def test_files_may_be_larger_than_questions_and_not_without_end(place: Place) -> None:
    """Sixteen MiB where files are carried, one elsewhere."""
    with place.served.http() as http:
        body = place.body(what="x" * (2 << 20))
        said = http.post("/v1/projects/pay/submissions", json=body)
        assert said.json()["code"] == "invalid"
        body = place.body(what="x" * (17 << 20))
        said = http.post("/v1/projects/pay/submissions", json=body)
        assert said.status_code == 413
        said = http.post("/v1/projects/pay/explain", json={"sql": "x" * (2 << 20)})
        assert said.status_code == 413


def test_strangers_are_sent_to_sign_in(place: Place) -> None:
    """Every page but that one; and a wrong code is told on it."""
    with place.served.http(None) as http:
        for path in ("/airlock", "/airlock/new", "/airlock/0123"):
            said = http.get(path)
            assert (said.status_code, said.headers["location"]) == (
                303,
                "/airlock/sign-in",
            )
        outline(http.get("/airlock/sign-in").text)
        wrong = {"person": CHECKERS[2], "password": "no", "code": "000000"}
        origin = {"Origin": place.served.url}
        said = http.post("/airlock/sign-in", data=wrong, headers=origin)
        assert said.status_code == 401
        assert "is not right" in said.text
        assert PASSWORD not in said.text


def test_another_sites_form_changes_nothing(place: Place) -> None:
    """It cannot sign anybody in, and has no page's token."""
    elsewhere = {"Origin": "https://elsewhere.example"}
    said = {"person": RESEARCHER, "password": PASSWORD, "code": "000000"}
    with place.served.http(None) as http:
        for headers in ({}, elsewhere):
            answer = http.post("/airlock/sign-in", data=said, headers=headers)
            assert answer.status_code == 403
            assert "set-cookie" not in answer.headers
    made = place.submitted()
    with place.signed_in(RESEARCHER) as http:
        for token in ({}, {"csrf": "0" * 64}):
            answer = http.post(f"/airlock/{made}/withdraw", data=token)
            assert answer.status_code == 403
        assert http.get(f"/airlock/{made}").status_code == 200
        page = http.get(f"/airlock/{made}").text
        assert "submitted" in page


def sent_by_page(place: Place, **fields: str) -> tuple[httpx.Response, str]:
    """What the form for a submission answers, with a table; and where it is now."""
    with place.signed_in(RESEARCHER) as http:
        at = fields.pop("at", "/airlock/new")
        page = http.get(at).text
        outline(page)
        words = {"title": "Pages", "what": "w", "why": "y", "for_whom": "f"}
        sent = {"csrf": page_token(page), "project": "pay", "kind0": "table"}
        files = {"file0": ("table.csv", place.table)}
        said = http.post(at, data={**sent, **words, **fields}, files=files)
    return said, said.headers.get("location", "")


def acted(place: Place, person: str, at: str, move: str, **fields: str):
    """What a form on a submission's page answers somebody."""
    with place.signed_in(person) as http:
        page = http.get(at).text
        outline(page)
        return http.post(f"{at}/{move}", data={"csrf": page_token(page), **fields})


def page_of(place: Place, person: str, at: str) -> str:
    """A page, as somebody sees it."""
    with place.signed_in(person) as http:
        page = http.get(at).text
    outline(page)
    return page


def test_a_mistake_is_told_above_the_form(place: Place) -> None:
    """What was filled in is still there; the file has to be chosen again."""
    wrong, _ = sent_by_page(place)
    assert wrong.status_code == 422
    assert "cites what it was made of" in wrong.text
    assert 'value="Pages"' in wrong.text
    assert "It was table.csv" in wrong.text
    outline(wrong.text)
    line, _ = sent_by_page(place, releases0=place.release, columns0="People")
    assert "expected lines such as" in line.text


def test_a_return_on_a_page_keeps_votes_as_drafts(place: Place) -> None:
    """Each for its own checker; nobody sees another's before it counts."""
    first, second, _ = CHECKERS
    made, at = sent_by_page(place, releases0=place.release)
    assert made.status_code == 303, made.text
    said = {"verdict": "approve", "reason": "Good."}
    assert acted(place, first, at, "vote", **said).status_code == 303
    assert "Good." in page_of(place, first, at)
    assert "Good." not in page_of(place, second, at)
    assert "Say what has" in acted(place, second, at, "return", reason=" ").text
    done = acted(place, second, at, "return", reason="Name the year.")
    assert done.status_code == 303
    assert "a draft of yours" in page_of(place, first, at)
    assert "Waiting for you" in page_of(place, RESEARCHER, "/airlock")
    assert place.release in page_of(place, RESEARCHER, f"{at}/revise")
    again, _ = sent_by_page(place, at=f"{at}/revise", releases0=place.release)
    assert again.status_code == 303, again.text


def test_checkers_who_differ_are_shown_with_their_reasons(place: Place) -> None:
    """To the third, who decides; then the package is there to be taken."""
    _, at = sent_by_page(place, releases0=place.release)
    for checker, verdict in zip(CHECKERS[:2], ("approve", "reject"), strict=True):
        said = {"verdict": verdict, "reason": f"{checker} says {verdict}."}
        assert acted(place, checker, at, "vote", **said).status_code == 303
    page = page_of(place, CHECKERS[2], at)
    assert all(f"{one} says" in page for one in CHECKERS[:2])
    said = {"verdict": "approve", "reason": "So do I."}
    assert acted(place, CHECKERS[2], at, "vote", **said).status_code == 303
    assert "Take the package" in page_of(place, RESEARCHER, at)
    with place.signed_in(RESEARCHER) as http:
        package = http.get(f"{at}/package").content
    verify_package(package, place.served.environment.log.key)


def test_tables_come_in_over_http(place: Place) -> None:
    """A steward of the project's data judges a public table, and publishes it."""
    manifest = {
        "name": "capitals",
        "tre": {
            "controller": "Department of Examples",
            "legal_basis": "None needed",
            "population": "residents",
        },
        "resources": [
            {
                "name": "capitals",
                "path": "capitals.csv",
                "tre": {"privacy_unit": "none"},
                "schema": {
                    "primaryKey": ["region"],
                    "fields": [
                        {
                            "name": "region",
                            "constraints": {"required": True, "enum": ["Wales"]},
                        }
                    ],
                },
            }
        ],
    }
    texts = {
        "capitals.json": ("manifest", json.dumps(manifest)),
        "capitals.csv": ("table", "region\nWales\n"),
    }
    files = [
        {"path": n, "kind": kind, "content": b64encode(text.encode()).decode()}
        for n, (kind, text) in texts.items()
    ]
    body = place.body(direction="in", files=files)
    with place.served.http() as http:
        made = http.post("/v1/projects/pay/submissions", json=body).json()["id"]
    with place.served.http(STEWARD) as http:
        yes = {"verdict": "approve", "reason": "It is public."}
        judged = http.post(f"/v1/submissions/{made}/votes", json=yes).json()
        assert judged["may"] == ["take-in"]
        taken = http.post(f"/v1/submissions/{made}/take-in", json={})
        assert taken.json()["dataset"] == "capitals"


@pytest.mark.slow
@pytest.mark.seen("chromium")
@pytest.mark.parametrize("path", ["/airlock", "/airlock/new", "{at}", "{at}/revise"])
def test_pages_are_for_everybody(place: Place, path: str, tmp_path: Path) -> None:
    """Chromium shows each page under its policy, and axe finds nothing in its way."""
    _, at = sent_by_page(place, releases0=place.release)
    if "revise" in path:
        acted(place, CHECKERS[0], at, "return", reason="Name the year.")
    reader = CHECKERS[1] if path == "{at}" else RESEARCHER
    cookie = {"Cookie": f"{SESSION_COOKIE}={place.session(reader)}"}
    address = f"{place.served.url}{path.format(at=at)}"
    with browsing() as browser:
        page = browser.new_page(extra_http_headers=cookie, bypass_csp=True)
        page.goto(address)
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        complaints: list[str] = []
        page = browser.new_page(extra_http_headers=cookie)
        page.on("console", lambda said: complaints.append(said.text))
        page.goto(address)
        page.screenshot(path=tmp_path / "page.png", full_page=True)
    assert [one for one in complaints if "404" not in one] == []  # there is no icon


@pytest.mark.slow
@pytest.mark.seen("chromium")
def test_a_browser_without_scripts_signs_in_and_out(place: Place) -> None:
    """By the form, with a cookie that scripts cannot read."""
    with browsing() as browser:
        page = browser.new_page(java_script_enabled=False)
        page.goto(f"{place.served.url}/airlock")
        page.get_by_label("Your name here").fill(STEWARD)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_label("The code that").fill(place.code(STEWARD))
        page.get_by_role("button", name="Sign in").click()
        assert page.get_by_role("heading", name="Submissions").is_visible()
        page.get_by_role("button", name="Sign out").click()
        page.goto(f"{place.served.url}/airlock")
        assert page.get_by_role("heading", name="Sign in").is_visible()


@contextmanager
def browsing() -> Iterator[Browser]:
    """Debian's chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        yield browser
        browser.close()
