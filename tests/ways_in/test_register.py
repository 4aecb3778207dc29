"""The public register over HTTP: pages for people, JSON and a feed for programs."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.ways_in.conftest import Served
from tests.ways_in.pages import outline
from tests.ways_in.test_airlock import browsing
from tests.ways_in.world import RESEARCHER
from tre.register.pages import index_page
from tre.register.register import written

COUNT = {"sql": "SELECT COUNT(*) AS ann FROM people WHERE born > 1970 -- Ann"}
PAGES = (
    "/register",
    "/register/projects/pay",
    "/register/used",
    "/register/used?agency=Department+of+Examples&since=&until=",
    "/register/used?agency=Nobody&since=1999&until=2000",
    "/register/algorithm",
)


@pytest.fixture(scope="module")
def asked(served: Served) -> Served:
    """A question answered, one refused, and an incident with its end."""
    with served.http() as http:
        assert http.post("/v1/projects/pay/queries", json=COUNT).status_code == 200
        refused = {"sql": "SELECT id FROM people"}
        assert http.post("/v1/projects/pay/queries", json=refused).status_code == 422
    made = served.environment.record_incident("A drill.", project="pay")
    served.environment.resolve_incident(made, outcome="It went well.")
    return served


@pytest.mark.parametrize("path", PAGES)
def test_pages_need_no_account_and_no_script(asked: Served, path: str) -> None:
    """A page has one heading, a language, named tables, and nothing from elsewhere."""
    with asked.http(None) as http:
        said = http.get(path)
        assert said.status_code == 200
        tags = outline(said.text)
        names = [tag for tag, _ in tags]
        assert names.count("table") == sum("tabindex" in one for _, one in tags) - (
            "found" in {one.get("id") for _, one in tags}
        )
        assert ("a", {"class": "skip", "href": "#main"}) in tags
        inputs = [at for at, tag in enumerate(names) if tag == "input"]
        assert all(names[at - 1] == "label" for at in inputs)
        assert "default-src 'none'" in said.headers["content-security-policy"]
        for _, attributes in tags:
            for place in filter(None, map(attributes.get, ("href", "src", "action"))):
                assert place.startswith(("/", "#"))
                assert "#" in place or http.get(place).status_code == 200, place


def test_the_register_is_there_without_a_token(asked: Served) -> None:
    """The project is there, with its question masked and its refusal counted."""
    with asked.http(None) as http:
        said = http.get("/v1/register")
        assert said.content == written(asked.environment.register())
        page = http.get("/register/projects/pay").text
    (found,) = [each for each in said.json()["projects"] if each["name"] == "pay"]
    shown = "SELECT COUNT(*) AS name1 FROM people WHERE born > 1970"
    assert [each["question"] for each in found["questions"]] == [shown]
    assert found["refusals"] == {"not_a_question": 1}
    assert "born &gt; 1970" in page
    assert RESEARCHER not in said.text + page
    assert "It went well." in [each["outcome"] for each in said.json()["incidents"]]


def test_the_feed_is_one(asked: Served) -> None:
    """It is Atom, and says what happened last."""
    with asked.http(None) as http:
        said = http.get("/register/feed.atom")
    assert said.headers["content-type"].startswith("application/atom+xml")
    assert ET.fromstring(said.content).tag == "{http://www.w3.org/2005/Atom}feed"
    assert "It went well." in said.text


def test_the_transparency_record_is_public(asked: Served) -> None:
    """It has both tiers of the standard."""
    with asked.http(None) as http:
        record = http.get("/v1/register/algorithm").json()
    assert set(record) == {"standard", "tier_1", "tier_2"}


def test_data_like_mine_is_looked_up(asked: Served) -> None:
    """By agency, column and year; what is no name of the register finds nothing."""
    controller = {"agency": "Department of Examples"}
    with asked.http(None) as http:

        def names(**said: str) -> list[str]:
            answer = http.get("/v1/register/used", params=said)
            return [each["name"] for each in answer.json()]

        assert names(**controller) == ["pay", "pure"]
        assert names(**controller, column="pay", since="2000") == ["pay"]
        assert names(**controller, until="2000") == []
        assert names(agency="x0") == names(agency="Zaphenath-Paneah") == []
        wrong = http.get("/v1/register/used", params={"since": "soon"})
        assert (wrong.status_code, wrong.json()["code"]) == (400, "invalid_request")


def test_an_unknown_project_is_not_found(asked: Served) -> None:
    """Its page is a problem with a code."""
    with asked.http(None) as http:
        said = http.get("/register/projects/nothing")
    assert (said.status_code, said.json()["code"]) == (404, "unknown_project")


def test_the_register_is_written_from_a_terminal(tre, asked, tmp_path: Path) -> None:
    """As files, the same bytes as over HTTP; in words; and incidents with their end."""
    said = tre("register", "-o", tmp_path, "--json")
    assert said.status == 0
    with asked.http(None) as http:
        assert (tmp_path / "register.json").read_bytes() == http.get(
            "/v1/register"
        ).content
        feed = http.get("/register/feed.atom").content
        assert (tmp_path / "feed.atom").read_bytes() == feed
        page = http.get("/register/projects/pay").content
        assert (tmp_path / "projects" / "pay.html").read_bytes() == page
    assert len(json.loads(said.out)) == 7
    assert "A drill." in tre("register").out
    made = json.loads(tre("incident", "record", "--summary", "Again.", "--json").out)
    assert tre("incident", "resolve", made["incident"], "--outcome", "So.").status == 0
    assert tre("incident", "resolve", made["incident"], "--outcome", "So.").status == 3


@pytest.mark.slow
@pytest.mark.seen("chromium")
def test_no_table_of_the_register_is_wider_than_a_page(asked: Served) -> None:
    """At 1,000 pixels nothing is scrolled sideways, whatever was spent and happened."""
    with asked.http(None) as http:
        document = http.get("/v1/register").json()
        style = http.get("/register/style.css").text
    dataset, period = document["datasets"][0], document["populations"][0]["periods"][0]
    period["spent"] = {"rho": "1.234567891", "of_rho": "4.712345678"}
    since = {"rho": "1.269135782", "epsilon": "9.236"}
    document["populations"][0]["since_the_beginning"] = since
    dataset["history"][-1]["what"] = "written anew without people who object"
    with browsing() as browser:
        page = browser.new_page(viewport={"width": 1_000, "height": 900})
        page.set_content(index_page(document))
        page.add_style_tag(content=style)
        found = page.locator(".scroll")
        widths = "all => all.map(one => [one.scrollWidth, one.clientWidth])"
        assert all(wide <= there for wide, there in found.evaluate_all(widths))
        assert found.count() == 5


@pytest.mark.slow
@pytest.mark.seen("chromium")
@pytest.mark.parametrize("path", PAGES)
def test_a_browser_shows_the_pages(asked: Served, path: str, tmp_path: Path) -> None:
    """Chromium renders the page under its own policy, without a complaint."""
    shown = subprocess.run(
        [
            "chromium",
            *("--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"),
            *(f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom"),
            f"{asked.url}{path}",
        ],
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "<h1>" in shown.stdout
    assert not re.findall(r"CONSOLE.*", shown.stderr)
