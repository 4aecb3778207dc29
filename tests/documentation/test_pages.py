"""What the pages say is so: their code runs, their links lead somewhere."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from sybil import Document, Example
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser

from docs.generate import pages
from tre.airlock.form import form_of
from tre.evaluation.plan import read_plan
from tre.governance.application import read_application
from tre.manifest import load

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *sorted((ROOT / "docs").rglob("*.md"))]
ALONE = [page for page in PAGES if page.parent.name != "tutorials"]
"""Lessons go on where the one before them ended: `test_lessons` runs them."""

LINK = re.compile(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)")


def named(page: Path) -> str:
    """A page's path, as the name of its test."""
    return page.relative_to(ROOT).as_posix()


def check_description(example: Example) -> None:
    """Read a YAML fence as the kind of file that it is."""
    described = yaml.safe_load(example.parsed)
    if "questions" in described or "extends" in described:
        read_plan(described)
        return
    if "for_whom" in described:
        form_of(described)
    elif "criteria" in described:
        read_application(described)
    else:
        load(described, base=ROOT)


PARSERS = (PythonCodeBlockParser(), CodeBlockParser("yaml", check_description))


@pytest.mark.parametrize("page", ALONE, ids=named)
def test_what_a_page_shows_runs(page: Path) -> None:
    """Every Python fence runs; a YAML fence is a file that can be read."""
    for example in Document.parse(str(page), *PARSERS).examples():
        example.evaluate()


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere(page: Path) -> None:
    """Every link to a file of ours names one that exists."""
    targets = LINK.findall(page.read_text(encoding="utf-8"))
    assert not [target for target in targets if not (page.parent / target).exists()]


def test_generated_pages_are_current() -> None:
    """`make docs` would change nothing."""
    stale = [
        named(path)
        for path, text in pages().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    assert not stale, "run `make docs`"


def test_the_manual_is_made_without_a_warning(tmp_path: Path) -> None:
    """Every page is in the manual, every reference in it leads somewhere."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "sphinx"),
            *("--quiet", "--fail-on-warning", "--keep-going"),
            *("-d", tmp_path / "doctrees", "-c", ROOT / "docs"),
            *(ROOT, tmp_path / "site"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "site" / "docs" / "index.html").exists()
