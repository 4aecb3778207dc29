"""What a steward is told before publication: on a terminal, and as a page."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from axe_playwright_python.sync_playwright import Axe

from tests.ways_in.conftest import Said, Served
from tests.ways_in.pages import outline
from tests.ways_in.test_airlock import browsing
from tests.ways_in.test_catalogue import NAME
from tests.ways_in.world import CANARY, package, write_dataset

Tre = Callable[..., Said]


def _changed(folder: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """The dataset of people, with one thing said differently."""
    file = write_dataset(folder)
    document = copy.deepcopy(package())
    change(document)
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    return file


def _fields(document: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = document["resources"][0]["schema"]["fields"]
    return found


MISTAKES: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "a misspelt key": (
        lambda said: said["resources"][0]["tre"].update(rows_per_persn=1),
        "resources[0].tre.rows_per_persn: unknown key: is it rows_per_person?",
    ),
    "a text for a number": (
        lambda said: said["resources"][0]["tre"].update(rows_per_person="1"),
        "resources[0].tre.rows_per_person: expected a whole number",
    ),
    "a file that is not there": (
        lambda said: said["resources"][0].update(path="peple.csv"),
        "peple.csv: there is no such file",
    ),
    "a table twice": (
        lambda said: said["resources"].append(said["resources"][0]),
        "resources[1].name: expected each name once",
    ),
    "a column that the file has not": (
        lambda said: _fields(said).append({"name": "ward"}),
        "resources[0].schema.fields[5].name: people.csv has no column of this name",
    ),
    "a column that nobody declared": (
        lambda said: _fields(said).pop(2),
        "people.csv: column 3 is not in the manifest's schema: declare it, with drop",
    ),
    "another delimiter": (
        lambda said: said["resources"][0].update(dialect={"delimiter": ";"}),
        "people.csv: has one column, which is not in the manifest's schema: is "
        "dialect.delimiter another?",
    ),
    "bounds of a text": (
        lambda said: _fields(said)[2].update(constraints={"minimum": 1}),
        "constraints.minimum: is not for a list of values, nor for type string",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_with_its_place(
    tre: Tre, tmp_path: Path, mistake: str
) -> None:
    """A wrong manifest fails by where it is wrong, by the rule, and no value."""
    change, message = MISTAKES[mistake]
    said = tre("dataset", "check", _changed(tmp_path, change))
    assert said.status == 1
    assert message in " ".join(said.err.split())
    assert CANARY not in said.out + said.err


def test_what_the_catalogue_would_refuse_is_told(tre: Tre, tmp_path: Path) -> None:
    """A population that there is not is found before a dataset is handed in."""
    nowhere = _changed(tmp_path, lambda said: said["tre"].update(population="nowhere"))
    said = tre("dataset", "check", nowhere)
    assert said.status == 0
    told = " ".join(said.out.split())
    assert "tre.population: there is no population nowhere: as it is, the" in told
    assert "contradicts" not in tre("dataset", "check", write_dataset(tmp_path)).out


def test_a_report_is_its_stewards_alone(tre: Tre, tmp_path: Path) -> None:
    """The page can be read by nobody else, though it was there before for all."""
    page = tmp_path / "report.html"
    page.touch(mode=0o644)
    said = tre("dataset", "check", write_dataset(tmp_path), "--report", page)
    assert said.status == 0
    assert page.stat().st_mode & 0o777 == 0o600
    assert CANARY not in page.read_text(encoding="utf-8")
    outline(page.read_text(encoding="utf-8"))


def test_a_report_has_no_address(served: Served) -> None:
    """Exact figures are for whoever has the machine: nothing over HTTP gives them."""
    with served.http(None) as http:
        paths = http.get("/v1/openapi.json").json()["paths"]
    assert "/v1/datasets" in paths
    assert not [path for path in paths if "check" in path.replace("checkpoint", "")]


@pytest.mark.slow
@pytest.mark.seen("chromium")
def test_a_report_is_for_everybody(tre: Tre, tmp_path: Path) -> None:
    """Chromium shows it with its pictures, and axe finds nothing in its way."""
    page = tmp_path / "report.html"
    tre("dataset", "check", write_dataset(tmp_path), "--report", page)
    _shown_to_everybody(page.as_uri(), tmp_path / "report.png")


@pytest.mark.slow
@pytest.mark.seen("chromium")
@pytest.mark.parametrize(
    "path",
    [
        *("/catalogue", f"/catalogue/{NAME}"),
        *("/register", "/register/projects/pay", "/register/used"),
    ],
)
def test_public_pages_are_for_everybody(
    served: Served, tmp_path: Path, path: str
) -> None:
    """Chromium shows each page under its policy, and axe finds nothing in its way."""
    _shown_to_everybody(served.url + path, tmp_path / "page.png")


def _shown_to_everybody(address: str, picture: Path) -> None:
    with browsing() as browser:
        page = browser.new_page(bypass_csp=True)
        page.goto(address)
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        complaints: list[str] = []
        page = browser.new_page()
        page.on("console", lambda said: complaints.append(said.text))
        page.goto(address)
        page.screenshot(path=picture, full_page=True)
    assert [one for one in complaints if "404" not in one] == []  # there is no icon
