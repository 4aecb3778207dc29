"""The command line: every command, every exit status, every mistake in words."""

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

from privacy import catalogue
from tests.ways_in.conftest import Said
from tests.ways_in.world import (
    CANARY,
    MEMBER,
    PEOPLE,
    RESEARCHER,
    STEWARD,
    package,
    write_dataset,
    write_project,
)
from tre.cli.program import program

Tre = Callable[..., Said]

COUNT = "SELECT COUNT(*) AS n FROM people"
BY_REGION = "SELECT region, COUNT(*) AS n FROM people GROUP BY region"
AS_RESEARCHER = ("--project", "pay", "--person", RESEARCHER)

BUDGET = ("--epsilon", "10", "--delta", "1e-5")

COMMANDS = """
init
population create
person add
person invite
token issue
token list
token revoke
provider set
provider show
provider remove
provider link
provider unlink
dataset check
dataset onboard
dataset list
dataset show
dataset withdraw
encode
optout import
optout apply
project propose
project approve
project suspend
project resume
project withdraw-approval
project close
project show
policy show
policy set
policy confirm
explain
query
synthesise
budget
review submit
review resubmit
review list
review show
review fetch
review vote
review return
review withdraw
review package
review take-in
audit verify
audit checkpoint
audit key
audit inclusion
audit consistency
audit publish
release verify
release export
backup
restore
evaluate
serve
demo
""".strip().splitlines()

HEAVY = {
    *("alembic", "cryptography", "duckdb", "fastapi", "numpy", "opendp", "pandas"),
    *("pyarrow", "pydantic", "rich", "sqlalchemy", "sqlglot", "uvicorn"),
}


def command_named(name: str):
    """The command of a name such as `dataset show`."""
    found: Any = typer.main.get_command(program)
    for word in name.split():
        found = found.commands[word]
    return found


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str, tre: Tre) -> None:
    """Each command of the manual is there and has help."""
    said = tre(*name.split(), "--help")
    assert said.status == 0
    assert command_named(name).help.splitlines()[0] in said.out


NOTES = {"audit checkpoint", "audit consistency", "audit inclusion", "audit key"}
"""What prints a signed note or a key, as files are handed on."""


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - {"serve", "demo"}))
def test_every_command_has_the_common_options(name: str) -> None:
    """Each takes --home, but what needs none; each that prints a result, --json."""
    command = command_named(name)
    options = {option for each in command.params for option in each.opts}
    assert "--home" in options or name == "release verify"
    assert "--json" in options or name in NOTES


def test_help_imports_nothing_heavy() -> None:
    """`tre --help` is quick: it loads no library that answers questions."""
    code = f"import tre.cli.run, sys; print(sorted({HEAVY!r} & set(sys.modules)))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert loaded.stdout == "[]\n"


def test_the_whole_story(tmp_path: Path, tre: Tre) -> None:
    """From an empty folder to an answer, each step with status 0."""
    home = ("--home", tmp_path / "home")
    data = write_dataset(tmp_path)
    plan = write_project(tmp_path, "mine", epsilon=4.0)
    controller = ("--controller", "Department of Examples")
    budget = (*BUDGET, "--until", "2099-12-31")
    for words in (
        ("init",),
        ("population", "create", "residents", *budget),
        ("person", "add", RESEARCHER, "--role", "researcher"),
        ("person", "add", STEWARD, "--role", "steward", "auditor", *controller),
        ("person", "add", MEMBER, "--role", "committee", "--role", "auditor"),
        ("dataset", "check", data),
        ("dataset", "onboard", data, "--person", STEWARD),
        ("project", "propose", plan, "--person", RESEARCHER),
        ("project", "approve", "mine", "--person", MEMBER),
        ("project", "approve", "mine", "--person", STEWARD),
        ("explain", BY_REGION, "--project", "mine", "--person", RESEARCHER),
        ("query", BY_REGION, "--project", "mine", "--person", RESEARCHER),
        ("budget", "--project", "mine"),
        ("audit", "verify"),
        ("project", "close", "mine", "--outcome", "Done.", "--person", RESEARCHER),
    ):
        said = tre(*words, *home)
        assert said.status == 0, (words, said)
        assert CANARY not in said.out + said.err
    said = tre("query", COUNT, *home, "--project", "mine", "--person", RESEARCHER)
    assert said.status == 3


def test_a_release_is_printed_with_intervals_cost_and_rest(tre: Tre) -> None:
    """Values, intervals, why a cell is hidden, what it cost, what is left."""
    said = tre("query", BY_REGION, *AS_RESEARCHER, "--epsilon", "3")
    lines = said.out.splitlines()
    assert lines[0].split() == ["region", "n", "95%", "interval"]
    london = next(line for line in lines if line.startswith("London"))
    assert " to " in london
    hidden = next(line for line in lines if line.startswith("North East"))
    assert "suppressed:frequency" in hidden
    assert "suppressed:frequency: too few people may stand behind it." in lines
    assert any(line.startswith("Cost: ρ = ") for line in lines)
    assert any(line.startswith("Left: ρ = ") for line in lines)


def test_a_repeat_is_said_to_cost_nothing(tre: Tre) -> None:
    """The second time the earlier release is printed, and named."""
    words = ("query", COUNT, *AS_RESEARCHER, "--share", "1%")
    first = json.loads(tre(*words, "--json").out)
    assert f"Cost: nothing, this was answered before. Release {first['id']}." in (
        tre(*words).out
    )
    fresh = json.loads(tre(*words, "--fresh", "--json").out)
    assert fresh["charged"]
    assert fresh["id"] != first["id"]


def test_json_is_one_document(tre: Tre) -> None:
    """With --json, stdout is the release and what is left, and nothing else."""
    said = tre("query", BY_REGION, *AS_RESEARCHER, "--rho", "0.01", "--json")
    assert said.status == 0, said.err
    document = json.loads(said.out)
    assert {"id", "charged", "loss", "receipt", "columns", "rows", "left"} <= set(
        document
    )
    assert document["loss"]["rho"] <= 0.01
    assert said.err == ""


def test_a_pure_budget_is_said_in_epsilon(tre: Tre) -> None:
    """A pure project's costs and rest are ε alone."""
    person = ("--project", "pure", "--person", RESEARCHER)
    said = tre("query", COUNT, *person, "--epsilon", "0.5")
    assert "Cost: ε = 0.5." in said.out
    assert "Left: ε = 4.5." in said.out
    assert "ε = " in tre("budget", "--project", "pure").out


def test_a_question_may_come_from_a_pipe(
    tre: Tre, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`-` reads the question from standard input."""
    question = tmp_path / "question.sql"
    question.write_text(COUNT)
    with question.open() as pipe:
        monkeypatch.setattr(sys, "stdin", pipe)
        assert tre("query", "-", *AS_RESEARCHER).status == 0


def test_an_explanation_spends_nothing(tre: Tre) -> None:
    """It gives error and price, in words and as JSON, and leaves the budget."""
    before = tre("budget", "--project", "pay", "--json").out
    words = ("explain", BY_REGION, *AS_RESEARCHER, "--margin", "±20")
    assert "Half the error would cost" in tre(*words).out
    document = json.loads(tre(*words, "--json").out)
    assert document["columns"][0]["margin"] <= 20
    assert tre("budget", "--project", "pay", "--json").out == before


def test_a_margin_that_is_too_dear_is_answered_with_one_that_is_not(tre: Tre) -> None:
    """Explain and query name the same margin, and it is accepted."""
    total = "SELECT SUM(pay) AS total FROM people"
    asked = ("explain", total, *AS_RESEARCHER, "--margin")
    told, refused = tre(*asked, "1"), tre("query", *asked[1:], "1")
    assert "which does not cover this" in told.out
    assert refused.status == 3
    (margin,) = re.findall(r"margin=(\d+)", refused.err)
    assert f"With margin={margin} the project could pay for it." in told.out
    assert "does not cover" not in tre(*asked, margin).out
    units = tre(*asked, "20 people")
    assert units.status == 2
    assert "in each figure's own unit" in " ".join(units.err.split())


def test_a_list_of_questions_is_explained_together(tre: Tre, tmp_path: Path) -> None:
    """Several questions, or a file of them, share one price by their parts."""
    file = tmp_path / "study.sql"
    file.write_text(f"{BY_REGION};\n{COUNT}\n  WHERE region = 'London;';  \n")
    words = ("explain", *AS_RESEARCHER, "--file", str(file), "--epsilon", "0.5")
    said = tre(*words, "--parts", "3,1").out
    assert "1. SELECT" in said
    assert "Together: " in said
    batch = json.loads(tre(*words, "--parts", "3,1", "--json").out)
    first, other = (each["explanation"]["loss"]["rho"] for each in batch["questions"])
    assert first == pytest.approx(3 * other, rel=1e-3)
    two = json.loads(tre("explain", BY_REGION, COUNT, *AS_RESEARCHER, "--json").out)
    assert [each["sql"] for each in two["questions"]] == [BY_REGION, COUNT]
    assert tre("explain", *AS_RESEARCHER).status == 2
    assert tre(*words, "--parts", "3,x").status == 2
    assert tre("explain", *AS_RESEARCHER, "--file", "nowhere.sql").status == 2


def test_a_budget_says_what_it_would_buy(tre: Tre) -> None:
    """A project's or population's rest is given with the counts it would pay for."""
    said = tre("budget", "--population", "residents")
    assert said.out.startswith("residents has ρ = ")
    assert "± 10" in said.out
    every = json.loads(tre("budget", "--json").out)
    one = json.loads(tre("budget", "--population", "residents", "--json").out)
    assert every == {"populations": [one]}
    assert one["left"]["rho"] > 0


def test_the_catalogue_is_printed(tre: Tre) -> None:
    """Datasets, their tables, columns, bounds and keys: public facts."""
    assert "people" in tre("dataset", "list").out
    shown = tre("dataset", "show", "people")
    for fact in ("Department of Examples", "region", "London", "100000"):
        assert fact in shown.out.replace(",", "")
    assert "forename" not in shown.out


def test_a_project_is_printed(tre: Tre) -> None:
    """Its state, purpose, approvals and budget."""
    said = tre("project", "show", "pay")
    for fact in ("active", "Who earns what?", MEMBER, STEWARD, RESEARCHER):
        assert fact in said.out
    assert json.loads(tre("project", "show", "pay", "--json").out)["name"] == "pay"


def test_a_project_is_suspended(tre: Tre) -> None:
    """Stopped by a member of the committee, with a reason, it asks no more."""
    said = tre("project", "suspend", "pure", "--reason", "Late.", "--person", MEMBER)
    assert (said.status, said.out) == (0, "pure is suspended.\n")
    said = tre("project", "resume", "pure", "--person", MEMBER)
    assert (said.status, said.out) == (0, "pure is active.\n")
    said = tre("project", "withdraw-approval", "pure", "--person", MEMBER)
    assert (said.status, said.out) == (0, "pure is suspended.\n")
    said = tre("query", COUNT, "--project", "pure", "--person", RESEARCHER)
    assert "[project_not_active]" in said.err


def test_a_token_is_printed_alone(tre: Tre) -> None:
    """Standard output has the token and nothing else, so that it can be captured."""
    said = tre("token", "issue", RESEARCHER)
    assert said.out.strip().startswith("tre_")
    assert len(said.out.split()) == 1
    assert "once" in said.err


MISTAKES = [
    # words, status, what is said
    (["query"], 2, "Missing argument 'SQL'"),
    (["query", COUNT], 2, "Missing option '--project'"),
    (["query", COUNT, "--project", "pay"], 2, "Missing option '--person'"),
    (["nonsense"], 2, "No such command 'nonsense'"),
    (["query", COUNT, "--nonsense"], 2, "No such option"),
    (["query", COUNT, *AS_RESEARCHER, "--epsilon", "much"], 2, "'much': expected"),
    (["query", COUNT, *AS_RESEARCHER, "--share", "x%"], 2, "expected a share"),
    (
        ["query", COUNT, *AS_RESEARCHER, "--epsilon", "1", "--rho", "1"],
        2,
        "--epsilon and --rho say different things: keep one of them.",
    ),
    (["budget", "--project", "a", "--population", "b"], 2, "keep one of them"),
    (
        ["population", "create", "x", *BUDGET, "--until", "soon"],
        2,
        "'soon': expected a date such as 2027-12-31.",
    ),
    (["serve", "--port", "99999"], 2, "65535"),
    (["query", COUNT, *AS_RESEARCHER, "--epsilon", "0"], 3, "[spending]"),
    (["query", COUNT, *AS_RESEARCHER, "--epsilon", "nan"], 3, "[spending]"),
    (["query", COUNT, *AS_RESEARCHER, "--epsilon", "999"], 3, "[budget_exhausted]"),
    (["query", "SELECT pay FROM people", *AS_RESEARCHER], 3, "try:"),
    (["query", "SELECT SUM(pai) FROM people", *AS_RESEARCHER], 3, "try:   pay"),
    (["query", "SELECT COUNT(* FROM people", *AS_RESEARCHER], 3, "[syntax]"),
    (["query", COUNT, "--project", "pay", "--person", MEMBER], 3, "[not_permitted]"),
    (
        ["query", COUNT, "--project", "no", "--person", RESEARCHER],
        3,
        "[unknown_project]",
    ),
    (["dataset", "show", "nowhere"], 3, "[unknown_dataset]"),
    (["project", "show", "nowhere"], 3, "[unknown_project]"),
    (["budget", "--project", "nowhere"], 3, "[unknown_project]"),
    (["budget", "--population", "nowhere"], 3, "population nowhere"),
    (["token", "issue", "nobody"], 3, "[unknown_person]"),
    (["person", "add", "ann", "--role", "king"], 3, "king"),
    (["person", "add", "ann", "--role", "steward"], 3, "[invalid_person]"),
    (
        ["project", "approve", "pay", "--person", RESEARCHER],
        3,
        "[not_permitted]",
    ),
    (["dataset", "withdraw", "nowhere"], 3, "[unknown_dataset]"),
    (["optout", "import", "nowhere.csv"], 1, "nowhere.csv"),
    (["optout", "apply", "--population", "nowhere"], 3, "[unknown_population]"),
    (["review", "show", "nothing", "--person", STEWARD], 3, "[unknown_submission]"),
    (["evaluate", "nowhere.yaml", "-o", "out"], 1, "nowhere.yaml"),
    (["evaluate", "adult"], 2, "--output"),
    (["dataset", "check", "nowhere.yaml"], 1, "nowhere.yaml"),
    (["dataset", "onboard", "nowhere.yaml"], 1, "nowhere.yaml"),
    (["project", "propose", "nowhere.yaml"], 1, "nowhere.yaml"),
    (["audit", "verify", "--checkpoint", "nowhere.json"], 1, "nowhere.json"),
    (["budget", "--home", "nowhere"], 1, "nowhere: "),
]


@pytest.mark.parametrize(
    ("words", "status", "text"), MISTAKES, ids=[" ".join(m[0]) for m in MISTAKES]
)
def test_a_mistake_has_its_status_and_its_words(
    tre: Tre, words: list[str], status: int, text: str
) -> None:
    """Nothing on stdout; on stderr what is wrong; the contract's exit status."""
    said = tre(*words)
    assert (said.status, said.out) == (status, ""), said
    assert text in said.err
    assert "Traceback" not in said.err


def test_a_refusal_can_be_read_by_a_program(tre: Tre) -> None:
    """With --json, stderr has the error's code and parts as one object."""
    said = tre("query", "SELECT SUM(pai) FROM people", *AS_RESEARCHER, "--json")
    error = json.loads(said.err)
    assert (said.status, said.out) == (3, "")
    assert error["code"] == "unknown_column"
    assert (error["clause"], error["suggestion"]) == ("pai", "pay")


def test_an_environment_is_not_made_twice(tre: Tre, home: Path) -> None:
    """`tre init` on a home that is there changes nothing and fails."""
    said = tre("init")
    assert said.status == 1
    assert str(home) in said.err


def test_a_bad_manifest_names_its_place(tre: Tre, tmp_path: Path) -> None:
    """The path in the manifest and what was expected there."""
    wrong = package()
    wrong["resources"][0]["schema"]["fields"][3]["constraints"]["minimum"] = "young"
    file = tmp_path / "wrong.json"
    file.write_text(json.dumps(wrong))
    said = tre("dataset", "onboard", file, "--person", STEWARD)
    assert said.status == 1
    assert "resources[0].schema.fields[3].constraints.minimum: expected" in said.err


def test_a_table_that_outgrows_its_size_class_is_told(
    tre: Tre, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its steward hears of it when it is published; what is in its class is not named.

    To refuse it would tell everybody how many rows there are.
    """
    manifest = write_dataset(tmp_path)
    said = tre("dataset", "onboard", manifest, "--person", STEWARD)
    assert (said.status, "meant to have" in said.out) == (0, False), said
    monkeypatch.setitem(catalogue._ROWS, catalogue.Size.MEDIUM, PEOPLE - 1)
    said = tre("dataset", "onboard", manifest, "--person", STEWARD)
    assert said.status == 0
    told = " ".join(said.out.split())
    assert "people has more rows than a table of size medium is meant to have" in told


def test_a_check_counts_and_writes_nothing(
    tre: Tre, home: Path, tmp_path: Path
) -> None:
    """Rows and rejects are printed by column and reason, and no value is."""
    manifest = write_dataset(tmp_path)
    with (tmp_path / "people.csv").open("a") as file:
        file.write(f"y1,{CANARY},London,young,10\ny2,{CANARY},London,1890,10\n")
    before = sorted(path for path in home.rglob("*") if "research" in path.parts)
    said = tre("dataset", "check", manifest)
    assert said.status == 0, said
    assert f"{PEOPLE + 2:,}" in said.out
    assert "born" in said.out
    assert "young" not in said.out
    assert CANARY not in said.out
    after = sorted(path for path in home.rglob("*") if "research" in path.parts)
    assert before == after


def test_the_log_verifies_against_a_checkpoint(tre: Tre, tmp_path: Path) -> None:
    """A kept head still fits later; what is not a head is said to be none."""
    kept = tmp_path / "head.json"
    kept.write_text(tre("audit", "checkpoint").out)
    tre("query", COUNT, *AS_RESEARCHER, "--fresh")
    said = tre("audit", "verify", "--checkpoint", kept)
    assert (said.status, said.err) == (0, "")
    assert said.out.startswith("The log stands: ")
    for nonsense in ("{", "[]", '{"size": 3}'):
        kept.write_text(nonsense)
        said = tre("audit", "verify", "--checkpoint", kept)
        assert said.status == 1
        assert said.err == "checkpoint: expected a checkpoint of the log [invalid]\n"


def test_the_program_is_installed() -> None:
    """`tre` is a script of the package, and a program of its own."""
    root = Path(__file__).parents[2]
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    assert project["scripts"] == {"tre": "tre.cli:main"}
    done = subprocess.run(
        [sys.executable, "-m", "tre.cli", "evaluate", "nowhere.yaml", "--advice"],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (1, "")


SYNTHESISE = ("synthesise", "people", "--columns", "region,pay", *AS_RESEARCHER)


def test_synthetic_rows_are_explained_before_they_are_paid(tre: Tre) -> None:
    """Price, error and the one question; nothing is spent."""
    before = tre("budget", "--project", "pay").out
    said = tre(*SYNTHESISE, "--epsilon", "1", "--explain")
    assert said.status == 0
    assert "GROUPING SETS" in said.out
    assert "Together this costs ρ = " in said.out
    assert tre("budget", "--project", "pay").out == before


@pytest.mark.slow
def test_synthetic_rows_are_written_with_what_they_are(
    tre: Tre, tmp_path: Path
) -> None:
    """Rows and a report, under names that say so; a repeat is not charged again."""
    said = tre(*SYNTHESISE, "--epsilon", "1", "--json", "-o", tmp_path)
    assert said.status == 0, said.err
    assert "nobody is in them" in said.err
    report = json.loads((tmp_path / "people.synthetic.json").read_text())
    assert report["label"].startswith("synthetic rows")
    assert report["privacy"]["charged"] is True
    lines = (tmp_path / "people.synthetic.csv").read_text().splitlines()
    assert lines[0] == '"region","pay"'
    assert len(lines) == report["rows"] + 1
    page = (tmp_path / "people.synthetic.html").read_text()
    assert report["privacy"]["releases"][0]["release"] in page
    assert "<script" not in page
    again = tre(*SYNTHESISE, "--epsilon", "1", "--json", "-o", tmp_path)
    assert json.loads(again.out)["privacy"]["charged"] is False


def test_mistakes_with_synthetic_rows_are_told(tre: Tre) -> None:
    """Without a place, and of a column that is not there."""
    assert tre(*SYNTHESISE, "--epsilon", "1").status == 2
    other = ("synthesise", "people", "--columns", "region,shoe", *AS_RESEARCHER)
    refused = tre(*other, "--epsilon", "1", "--explain")
    assert refused.status == 3
    assert "has no column shoe" in refused.err
