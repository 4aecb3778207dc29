"""Attacks of a plan are those there are, and ask as a researcher does."""

from __future__ import annotations

import ast
from pathlib import Path

import pyarrow as pa
import pytest

import tre.attacks
from connectors.errors import Invalid
from tests.attacks.judging import may_be_chance
from tests.attacks.registered import package, people
from tests.evaluation.conftest import small_plan
from tre.attacks.people import PACKAGE, made_people
from tre.attacks.score import scored
from tre.attacks.suite import ATTACKS
from tre.attacks.target import gateway
from tre.evaluation.attacking import attacked
from tre.evaluation.cell import Family, Method
from tre.evaluation.data import Data, gather
from tre.evaluation.on_register import BY_NAME as ON_REGISTER
from tre.evaluation.on_register import OnRegister
from tre.evaluation.onslaught import BY_NAME, onslaught
from tre.evaluation.plan import ANSWERS, REGISTER, Attacks, Plan, read_plan
from tre.evaluation.plan import ATTACKS as NAMED
from tre.evaluation.site import Site
from tre.evaluation.threats import WORDS
from tre.lab import Lab

PUBLIC = {"tre.attacks", "tre.lab", "tre.profiles", "tre.manifest", "tre.intake.bloom"}
"""What attacks may know of us: a laboratory, other systems' rules, and encodings."""


def test_a_plan_names_every_attack_there_is() -> None:
    """Names, words and functions are of the same attacks."""
    assert tuple(BY_NAME) == ANSWERS
    assert tuple(ON_REGISTER) == REGISTER
    assert len(ATTACKS) == len(ANSWERS)
    assert set(WORDS) == set(NAMED)


def test_attacks_go_through_the_public_interface() -> None:
    """No attack imports anything that a researcher could not reach."""
    for path in Path(next(iter(tre.attacks.__path__))).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "")[:4] == "tre.":
                known = (str(node.module).startswith(each) for each in PUBLIC)
                assert any(known), (path.name, node.module)


@pytest.mark.parametrize("measure", ["zcdp", "pure"])
def test_an_attacker_has_all_of_epsilon_and_no_more(measure: str) -> None:
    """Ten questions cost together what one at that ε does, but for rounding."""
    people = made_people(20, seed=3)
    with Lab({"people": people.table}, PACKAGE, epsilon=100.0, measure=measure) as lab:
        whole = lab.explain("SELECT COUNT(*) AS n FROM people", epsilon=1.0).loss
        before = lab.remaining()
        target = gateway(lab, epsilon=1.0, questions=10)
        for place in range(10):
            target.count(f"code > {place}")
        after = lab.remaining()
    if measure == "zcdp":
        assert 0.95 * whole.rho <= before.rho - after.rho <= whole.rho + 1e-9
    else:
        assert 0.95 <= before.epsilon - after.epsilon <= 1.0 + 1e-9


@pytest.fixture(scope="module")
def site(written: Path, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A plan of five attacks, on exact answers, one system's rules and the gateway."""
    said = small_plan(
        attacks={
            "people": 24,
            "only": [
                *("differencing", "frequency", "known_people"),
                *("register_differencing", "register_attribute"),
            ],
            "data": {
                "table": "people",
                "known": ["age", "region"],
                "secret": "sick = 1",
                "people": 40,
            },
        },
        baselines=["acro"],
        policies=["gateway"],
        epsilons=[1],
    )
    folder = tmp_path_factory.mktemp("attacks")
    return Site(read_plan(said)[0], written.parent, folder)


DATA = Data({"people": people()}, package())
"""People of whom many are alone by what is known of them."""


@pytest.fixture(scope="module")
def scores(site: Site) -> pa.Table:
    """What those attacks achieved."""
    return attacked(site, DATA, 1, lambda *_: None)


def test_rules_on_exact_values_are_seen_to_fail(scores: pa.Table) -> None:
    """Exact answers and small-cell rules fall to differencing, and the gateway not."""
    found = {(s["attack"], s["method"]): s for s in scores.to_pylist()}
    for method in ("unprotected", "acro"):
        assert found["differencing", method]["share"] == 1.0
        assert found["register_differencing", method]["share"] == 1.0
    for name in ("differencing", "register_differencing", "register_attribute"):
        ours = found[name, "gateway"]
        assert (ours["epsilon"], ours["chance"]) == (1.0, 0.5)
        assert may_be_chance(
            scored("", "", hits=ours["hits"], trials=ours["trials"], chance=0.5)
        )
    assert found["frequency", "surnames encoded alone"]["share"] > 0.9
    assert found["frequency", "whole records encoded"]["share"] < 0.5
    assert found["known_people", "whole records encoded"]["share"] > 0.5


def test_scores_are_not_found_twice(site: Site, scores: pa.Table) -> None:
    """A second run reads what is there, and makes again what is missing alone."""
    folder = site.folder / "attacks"
    before = {each: each.stat().st_mtime_ns for each in folder.iterdir()}
    assert len(before) == scores.num_rows == 13
    gone = sorted(before)[0]
    gone.unlink()
    again = attacked(site, DATA, 1, lambda *_: None)
    after = {each: each.stat().st_mtime_ns for each in folder.iterdir()}
    assert after.keys() == before.keys()
    assert [each for each in before if after[each] != before[each]] == [gone]
    assert again.num_rows == scores.num_rows


def test_too_few_who_are_alone_are_named(written: Path) -> None:
    """Where columns leave hardly anybody alone there is nobody to attack."""
    said = {"table": "people", "known": ["region"], "secret": "pay > 500"}
    plan, base = read_plan(small_plan(attacks={"data": said}))
    attacks = plan.attacks
    assert attacks is not None
    assert attacks.data is not None
    data = gather(plan, written.parent, base)
    ours = Method(Family.RULES, "unprotected")
    half = OnRegister(plan, data, attacks.data, ours, None)
    with pytest.raises(Invalid, match=r"attacks\.data\.known: expected columns"):
        next(half.scores(attacks, REGISTER))


@pytest.mark.slow
def test_what_surrounds_an_answer_tells_nothing() -> None:
    """Outcomes, prices and times are alike on neighbours; a rule's refusals are not."""
    plan: Plan = read_plan(small_plan())[0]
    said = Attacks(people=20)
    ours = Method(Family.GATEWAY, "gateway")
    found = dict(onslaught(plan, said, ours, 1.0, ["outcomes", "timing"]))
    assert found["outcomes"].hits == 0
    assert may_be_chance(found["timing"])
    rules = Method(Family.RULES, "acro")
    ((_, refused),) = onslaught(plan, said, rules, None, ["outcomes"])
    assert refused.hits >= 1
