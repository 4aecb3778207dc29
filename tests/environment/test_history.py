"""What people are told of earlier questions: a warning, and nobody's secret."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.environment.world import (
    COMMITTEE,
    RESEARCHER,
    STEWARD,
    furnished,
    project,
)
from tests.language.steps import at_once
from tre.environment import Environment

OTHER = "other@example.org"
CHECKER = "checker@example.org"
COUNT = "SELECT COUNT(*) AS n FROM people"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    """Two projects of one population: one has asked, the other has not."""
    home, sources = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("data")
    with furnished(home / "tre", sources) as made:
        made.add_person(OTHER, roles=["researcher"])
        made.add_person(CHECKER, roles=["output-checker"])
        other = {"name": "rivals", "researchers": [OTHER]}
        made.propose(project(**other), person=OTHER)
        made.approve("rivals", person=COMMITTEE)
        made.approve("rivals", person=STEWARD)
        yield made


def ask(environment: Environment, sql: str, **said: Any):
    """Ask for the first project."""
    return environment.ask(
        sql, project="pathways", person=RESEARCHER, rho=0.0001, **said
    )


def told(environment: Environment, sql: str) -> tuple[str, ...]:
    """What the other project is told before it spends."""
    found = environment.explain(sql, project="rivals", person=OTHER, rho=0.0001)
    assert all(line in found.words for line in found.history)
    return found.history


def test_a_project_is_warned_before_it_spends_and_on_the_receipt(
    environment: Environment,
) -> None:
    """In the same words, which name the earlier release and what differs."""
    first = ask(environment, f"{COUNT} WHERE pay < 700")
    assert first.history == ()
    near = f"{COUNT} WHERE pay < 700.5"
    before = environment.explain(near, project="pathways", person=RESEARCHER)
    asked = ask(environment, near)
    assert asked.history == before.history
    (line,) = asked.history
    assert first.id in line
    assert "few values of pay" in line
    masked = line.replace(first.id, "")  # whose digits are drawn by lot
    assert "700" not in masked, "a receipt leaves; what it says of others is masked"
    (facts,) = asked.receipt["body"]["history"]
    assert facts["question"] == first.id
    assert facts["kind"] == "little"


def test_a_fresh_draw_is_told_to_be_one(environment: Environment) -> None:
    """Rewritten or not, an average of both answers costs what both did."""
    first = ask(environment, f"{COUNT} WHERE age >= 20")
    again = ask(environment, f"{COUNT} WHERE NOT age < 20", fresh=True)
    assert any(first.id in line and "averaged" in line for line in again.history)


def test_another_project_learns_what_the_register_shows(
    environment: Environment,
) -> None:
    """A question of public values alone is in the register word for word."""
    ask(environment, f"{COUNT} WHERE region = 'north'")
    lines = told(environment, f"{COUNT} WHERE region = 'north'")
    assert any("pathways" in line and "in the register" in line for line in lines)


@pytest.mark.parametrize("guess", ["4711.25", "4711.26", "4711", "9999"])
def test_what_the_register_masks_cannot_be_guessed(
    environment: Environment, guess: str
) -> None:
    """Whoever guesses another project's constant is told the same as who does not."""
    secret = f"{COUNT} WHERE pay < 4711.25"
    ask(environment, secret)
    shown = [each["question"] for each in _questions(environment, "pathways")]
    assert any("pay < …" in each for each in shown)
    assert told(environment, f"{COUNT} WHERE pay < {guess}") == ()


def test_output_checkers_are_told_of_every_question(environment: Environment) -> None:
    """What a release rests on, beside all of the population's, in masked words."""
    ask(environment, f"{COUNT} WHERE pay > 812.5")
    mine = environment.ask(
        f"{COUNT} WHERE pay > 812.75", project="rivals", person=OTHER, rho=0.0001
    )
    form = {
        "title": "A text",
        "what": "What was counted.",
        "why": "To be read.",
        "for_whom": "Everybody.",
        "files": [{"path": "t.md", "kind": "text", "releases": [mine.id]}],
    }
    folder = environment._parts.layout.root
    (folder / "t.md").write_text("Nobody was counted.", encoding="utf-8")
    made = environment.submit(form, project="rivals", person=OTHER, base=folder)
    (folder / "t.md").unlink()
    seen = environment.submission(made["id"], person=CHECKER)["history"]
    (found,) = [each for each in seen if each["kind"] == "little"]
    assert found["release"] == mine.id
    assert found["project"] == "pathways"
    told = [{**each, "release": "-", "question": "-"} for each in seen]
    assert "812" not in str(told)
    own = environment.submission(made["id"], person=OTHER)["history"]
    assert [each for each in own if each["project"] == "pathways"] == []


def test_comparing_with_many_is_little_work(environment: Environment) -> None:
    """What was compared once is remembered: a question more costs its comparison."""
    for low in range(12):
        ask(environment, f"{COUNT} WHERE age > {low} AND region = 'south'")
    sql = f"{COUNT} WHERE age > 50"
    environment.explain(sql, project="pathways", person=RESEARCHER)
    with at_once(40_000):
        environment.explain(sql, project="pathways", person=RESEARCHER)


def _questions(environment: Environment, name: str) -> list[dict[str, Any]]:
    found = environment.register()["projects"]
    (project,) = [each for each in found if each["name"] == name]
    questions: list[dict[str, Any]] = project["questions"]
    return questions


def test_warnings_are_the_same_whoever_is_in_the_data(tmp_path: Path) -> None:
    """Two databases that differ by a person give receipts with the same history."""
    from tests.environment.world import rows, write_source

    said = []
    for name, table in (("with", rows()), ("without", rows().slice(1))):
        (tmp_path / name).mkdir()
        with furnished(tmp_path / name / "home", tmp_path / name) as made:
            made.onboard(write_source(tmp_path / name, table), person=STEWARD)
            asked = [ask(made, sql) for sql in (COUNT, f"{COUNT} WHERE age <> 3")]
            body = [each.receipt["body"]["history"] for each in asked]
            said.append([[_nameless(one) for one in each] for each in body])
    assert said[0] == said[1]
    assert said[0][1][0]["kind"] == "little"


def _nameless(facts: dict[str, Any]) -> dict[str, Any]:
    """Without the release's id, which is drawn, and the sentence that names it."""
    return {name: facts[name] for name in ("kind", "project", "columns")}
