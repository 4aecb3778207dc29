"""The manual's page on HTTP has every address and every code."""

import re
from pathlib import Path

import pytest

from privacy.errors import CODES
from tests.ways_in.conftest import Served
from tre.gateway.problems import STATUS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "http.md").read_text(encoding="utf-8")
GATEWAY = "\n".join(
    module.read_text(encoding="utf-8")
    for module in sorted((ROOT / "tre" / "gateway").rglob("*.py"))
)
OWN = re.compile(
    r'(?:[Pp]roblem\(\s*\d{3},\s*|\d{3}: \()"(?P<code>[a-z_]+)"', re.DOTALL
)


@pytest.mark.parametrize(
    "code", sorted({found["code"] for found in OWN.finditer(GATEWAY)})
)
def test_every_code_of_http_is_in_the_manual(code: str) -> None:
    """What HTTP adds to the codes of refusals has its line."""
    assert f"| `{code}` |" in PAGE


def test_statuses_are_of_codes_there_are() -> None:
    """No status waits for a code that nothing raises."""
    assert set(STATUS) <= set(CODES)


def test_every_address_is_in_the_manual(served: Served) -> None:
    """The page names each method and path of the OpenAPI document, and no other."""
    with served.http(None) as http:
        paths = http.get("/v1/openapi.json").json()["paths"]
    there = {
        f"{method.upper()} {path}"
        for path, methods in paths.items()
        for method in methods
    }
    named = set(re.findall(r"`((?:DELETE|GET|POST) /[^`]+)`", PAGE))
    assert named == there
