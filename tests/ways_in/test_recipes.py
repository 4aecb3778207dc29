"""The recipes of the manual for curl and R run as they are written."""

import csv
import io
import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.ways_in.conftest import Served
from tests.ways_in.world import REGIONS, RESEARCHER
from tre.client import Client
from tre.gateway.formats import as_csv

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "notebook.md"
CURL = re.findall(r"```sh\n# ([^\n]+)\n(curl .*?)```", PAGE.read_text(), re.DOTALL)
HTTP = re.findall(
    r"```sh\n(curl .*?)```",
    (PAGE.parents[1] / "reference" / "http.md").read_text(),
    re.DOTALL,
)
COUNTS = "SELECT region, COUNT(*) AS n FROM people GROUP BY region"
R = re.findall(r"```r\n(.*?)```", PAGE.read_text(), re.DOTALL)


def ran(command: list[str], served: Served, **changed: str) -> str:
    """What a program prints that is told where and who; it must succeed."""
    told = {"TRE_URL": served.url, "TRE_TOKEN": served.tokens[RESEARCHER]}
    done = subprocess.run(
        command, env=os.environ | told | changed, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def recipe(about: str) -> str:
    """The recipe for curl that begins so."""
    return next(code for words, code in CURL if words.startswith(about))


@pytest.mark.seen("curl")
def test_curl_asks_and_gets_a_table(served: Served) -> None:
    """The answer is CSV with a row for each public region and its interval."""
    rows = [
        *csv.DictReader(io.StringIO(ran(["bash", "-c", recipe("a question")], served)))
    ]
    assert [row["region"] for row in rows] == REGIONS
    assert set(rows[0]) == {
        *("region", "people", "people_low", "people_high", "people_status")
    }


@pytest.mark.seen("curl")
def test_curl_is_told_the_price_and_the_budget(served: Served) -> None:
    """What is explained keeps its margin; what is left is three numbers."""
    told = json.loads(ran(["bash", "-c", recipe("what it would cost")], served))
    assert told["columns"][0]["margin"] <= 20
    left = json.loads(ran(["bash", "-c", recipe("what the project")], served))
    assert set(left["left"]) == {"rho", "epsilon", "delta"}


@pytest.mark.seen("curl")
def test_curl_shows_why_it_was_refused(served: Served) -> None:
    """A refusal ends with status 22 and says its code."""
    code = recipe("a question").replace("COUNT(*)", "pay")
    told = {"TRE_URL": served.url, "TRE_TOKEN": served.tokens[RESEARCHER]}
    done = subprocess.run(
        ["bash", "-c", code], env=os.environ | told, capture_output=True, text=True
    )
    assert done.returncode == 22
    assert json.loads(done.stdout)["code"]


@pytest.mark.seen("curl")
def test_the_page_on_http_shows_what_works(
    served: Served, client: Client, tmp_path: Path
) -> None:
    """Its question is answered, and its submission of that answer is taken in."""
    release = client.ask(COUNTS, project="pay", epsilon=2.0)
    (tmp_path / "table.csv").write_bytes(as_csv(release))
    there = {
        "http://127.0.0.1:8000": served.url,
        "/pathways/": "/pay/",
        "8f72de61": release.id,
    }
    said = []
    for code in HTTP:
        for words, meant in there.items():
            code = code.replace(words, meant)
        command = ["bash", "-c", f"cd {tmp_path}; {code}"]
        told = ran(command, served, TOKEN=served.tokens[RESEARCHER])
        said.append(json.loads(told))
    answered, taken = said
    assert answered["columns"][0]["name"] == "n"
    assert taken["state"] == "submitted"


@pytest.mark.slow
@pytest.mark.seen("Rscript")
def test_r_asks_and_gets_a_data_frame(served: Served) -> None:
    """The recipe prints a row for each region, with intervals."""
    (code,) = R
    said = ran(["Rscript", "-e", code], served)
    assert "pay_low" in said
    assert all(region in said for region in REGIONS)
