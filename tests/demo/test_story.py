"""The demo's story can be told: its cast, projects and questions fit each other."""

from contextlib import nullcontext
from datetime import date
from pathlib import Path

import pytest
import yaml

from connectors.errors import Invalid
from privacy.bind import bind
from privacy.catalogue import Catalogue
from privacy.errors import Refused
from privacy.parse import parse
from tre.demo.cast import BUDGETS, PROJECTS, RESEARCHER, STEWARDS
from tre.demo.questions import IN_VAIN, LAST, QUESTIONS, REPEATED, REWRITTEN, TO_GO_ON
from tre.demo.story import Stage, tell
from tre.governance.application import read_application
from tre.manifest import load, public_tables

DEMO = Path(__file__).parents[2] / "tre" / "demo"
ASKED = (*QUESTIONS, LAST, REPEATED.written(REWRITTEN), *TO_GO_ON)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    """Every table of the demo, all columns granted."""
    manifests = map(load, sorted((DEMO / "packages").glob("*.yaml")))
    tables = [table for manifest in manifests for table in public_tables(manifest)]
    return Catalogue("any", {table.name: table for table in tables})


@pytest.mark.parametrize("name", PROJECTS)
def test_every_project_can_be_proposed(name: str) -> None:
    """Each project is complete, its researcher's, and on a population there is."""
    text = (DEMO / "projects" / f"{name}.yaml").read_text(encoding="utf-8")
    application = read_application(yaml.safe_load(text))
    assert application.blank() is None
    assert application.name == name
    assert application.researchers == (RESEARCHER,)
    assert application.population in BUDGETS
    assert set(PROJECTS[name]) <= set(STEWARDS)
    assert application.until > date(2029, 1, 1)


@pytest.mark.parametrize("question", ASKED, ids=lambda question: question.sql)
def test_every_question_is_accepted(question, catalogue: Catalogue) -> None:
    """What the demo asks is in the language, and in a project there is."""
    assert question.project in PROJECTS
    assert bind(parse(question.sql), catalogue).aggregates


@pytest.mark.parametrize(
    ("question", "code"),
    [(IN_VAIN[0], "not_a_question"), (IN_VAIN[1], "unbounded")],
    ids=["a row query", "an unbounded sum"],
)
def test_what_is_asked_in_vain_is_refused(question, code, catalogue) -> None:
    """The refusals that the demo shows are the ones it means."""
    with pytest.raises(Refused) as refused:
        bind(parse(question.sql), catalogue)
    assert refused.value.code == code
    assert refused.value.suggestion


def test_the_demo_leaves_other_folders_alone(tmp_path: Path) -> None:
    """A folder with something else in it is refused, and nothing in it changes."""
    (tmp_path / "thesis.txt").write_text("mine")
    silent = Stage(
        say=lambda *_: None,
        counted=lambda _: [],
        released=lambda *_: [],
        progress=lambda: nullcontext(lambda *_: None),
    )
    with pytest.raises(Invalid):
        tell(tmp_path, silent)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
