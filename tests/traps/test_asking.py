"""Traps 1, 10 to 13, 15, 20, 24 to 28, 31 to 34, 38: from asking to release."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import hypothesis.strategies as st
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given

from privacy.errors import Failed, Refused
from privacy.secondary import secondary
from tests.control import world as worlds
from tests.control.world import NOW, World
from tests.language.example import compiled, planned
from tests.language.test_spec import ACCEPTED
from tests.laws.relations import engine, fill
from tests.laws.test_limits import worst
from tests.mechanics.questions import PEOPLE, ROWS, priced, question, regions
from tre.enquiry import admitted
from tre.lab import PROJECT, RESEARCHER, Lab
from tre.ledger.account import Kind
from tre.ledger.outcome import find_repeat
from tre.ledger.question import Asked
from tre.manifest import load, public_tables
from tre.releases import Content, publish

ROOT = Path(__file__).parents[2]
NOTHING: dict[str, list[dict[str, object]]] = {"jobs": [], "people": [], "regions": []}
COUNT = "SELECT COUNT(*) AS n FROM visits"
PACKAGE = {
    "name": "visits",
    "title": "Visits",
    "tre": {
        "controller": "Department of Examples",
        "legal_basis": "Digital Economy Act 2017, section 64",
        "population": "residents",
    },
    "resources": [
        {
            "name": "visits",
            "path": "visits.csv",
            "tre": {"privacy_unit": "person", "rows_per_person": 2},
            "schema": {
                "fields": [
                    {"name": "id", "tre": {"role": "identifier", "kind": "local-id"}},
                    {
                        "name": "cost",
                        "type": "number",
                        "constraints": {"minimum": 0, "maximum": 100},
                        "tre": {"decimals": 2},
                    },
                ]
            },
        }
    ],
}


def visits() -> pa.Table:
    """300 people with a visit each, one with twenty, ten visits of nobody."""
    ids = [*map(str, range(300)), *["many"] * 20, *[None] * 10]
    cost = [float("nan"), None, *[50.0] * 328]
    return pa.table({"id": ids, "cost": cost})


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """A laboratory of those visits, without certificates."""
    with Lab({"visits": visits()}, PACKAGE, epsilon=1e6, policy="none") as opened:
        yield opened


@pytest.mark.parametrize("threads", [1, 2])
def test_trap_1_nothing_is_summed_in_floats(threads: int) -> None:
    """Every figure of every question of the manual is a whole number to the engine."""
    database = engine()
    database.execute(f"SET threads = {threads}")
    counted = [each for each in ACCEPTED if planned(each).components]
    for sql in counted:
        keys = len(planned(sql).query.keys)
        figures = database.execute(compiled(sql)).description[keys:]
        kinds = {str(each[1]) for each in figures}
        assert kinds <= {"HUGEINT", "BIGINT", "INTEGER"}, sql


def test_trap_1_the_order_of_rows_moves_no_figure() -> None:
    """Values far apart add up to the same, whichever comes first."""
    far = [2**62, 1, -(2**62), 3, 2**40, -5]
    rows = [{**row, "huge": value} for row, value in zip(worst() * 2, far, strict=True)]
    sql = compiled("SELECT SUM(CLAMP(huge, -1e15, 1e15)), COUNT(*) FROM earnings")
    database, found = engine(), set()
    for ordered in (rows, rows[::-1], rows[3:] + rows[:3]):
        fill(database, {**NOTHING, "earnings": ordered})
        found.add(database.execute(sql).fetchone())
    assert len(found) == 1


def test_trap_10_rows_of_nobody_are_dropped(lab: Lab) -> None:
    """A row without a person is in no answer, and has no person to its name."""
    assert lab.links().column("person").null_count >= 10
    (n,) = lab.ask(COUNT, epsilon=1_000).to_arrow().column("n").to_pylist()
    assert n <= 303


def test_trap_11_which_rows_survive_a_bound_is_drawn_afresh() -> None:
    """Of equal rows others are kept in another publication: order decides nothing."""
    costs = [
        round(0.06 * n**2, 2) for n in range(40)
    ]  # few pairs of which add up to the same
    table = pa.table({"id": ["one"] * 40, "cost": costs})
    kept = set()
    for _ in range(4):
        with Lab({"visits": table}, PACKAGE, epsilon=1e9, policy="none") as opened:
            sql = "SELECT SUM(cost) AS total FROM visits"
            (total,) = opened.ask(sql, epsilon=1e8).to_arrow()["total"].to_pylist()
            kept.add(round(float(total) / 0.06))
    assert len(kept) > 1


def test_trap_12_nothing_is_taken_from_the_data_to_plan(lab: Lab) -> None:
    """What is known of a table is its manifest, however far the rows are from it.

    All costs are 50, nobody has more than twenty rows, most have one, and there are
    some three hundred people: none of it is in bounds, cap, ledger or δ. What is
    known of rows per person was measured with noise, and paid for.
    """
    gate = lab._parts.gate
    admission = admitted(gate, Asked(PROJECT, RESEARCHER, COUNT, "epsilon=1"))
    (there,) = admission.catalogue.tables.values()
    (said,) = public_tables(load(PACKAGE))
    assert replace(there, profile=None, granted=said.granted) == said
    assert (there.columns[0].domain.lower, there.columns[0].domain.upper) == (0, 10_000)
    assert there.rows_per_person == 2
    assert lab.ask(COUNT, epsilon=1).loss.delta == 0.5e-6


def test_trap_13_nan_does_not_enter(lab: Lab) -> None:
    """A number that is none is rejected, or missing: no answer shows it."""
    table = lab.ask("SELECT SUM(cost) AS total FROM visits", epsilon=1_000).to_arrow()
    (total,) = table.column("total").to_pylist()
    assert np.isfinite(float(total))


def test_trap_15_a_missing_number_stays_in_its_bucket(lab: Lab) -> None:
    """Buckets keep NULL apart, so that a filter on one changes no count of rows."""
    key = "WIDTH_BUCKET(cost, 0, 100, 2)"
    sql = f"SELECT {key} AS b, COUNT(*) AS n FROM visits GROUP BY b"
    found = lab.exact(sql).to_pydict()
    assert None in found["b"]
    (rows,) = lab.exact(COUNT).column("n").to_pylist()
    assert sum(found["n"]) == rows


def test_trap_20_a_total_less_its_siblings_gives_nothing_hidden() -> None:
    """Where margins are the sums of their cells, no figure is hidden alone."""
    mask = np.zeros((1, 6), dtype=bool)
    mask[0, 2] = True
    whole = np.zeros((1, 1), dtype=bool)
    found = secondary({(0,): mask, (): whole}, (6,))
    assert found[0,].sum() >= 2


def test_trap_24_and_25_a_question_is_paid_for_once_and_first(lab: Lab) -> None:
    """Charged when answered, and a repeat is the same release at no charge."""
    before = lab.remaining().rho
    first = lab.ask(COUNT, epsilon=0.24)
    after = lab.remaining().rho
    again = lab.ask(COUNT, epsilon=0.24)
    assert after < before
    assert first.charged
    assert not again.charged
    assert again.to_arrow().equals(first.to_arrow())
    assert lab.remaining().rho == after


def test_trap_26_another_draw_is_another_release(lab: Lab) -> None:
    """Asking afresh is charged again, whatever the first answer was."""
    before = lab.remaining().rho
    lab.ask(COUNT, epsilon=0.25, fresh=True)
    assert lab.remaining().rho < before


def test_trap_28_what_one_researcher_spends_no_other_has(world: World) -> None:
    """A budget is its project's, and its population's: nobody has one of their own."""
    left = world.account(Kind.PROJECT, "pathways").left_nano
    world.reserve(left - 10, "SELECT 1", person=worlds.RESEARCHER)
    with pytest.raises(Refused) as caught:
        world.reserve(11, "SELECT 2", person=worlds.COLLEAGUE)
    assert caught.value.code == "budget_exhausted"
    world.reserve(10, "SELECT 2", person=worlds.COLLEAGUE)


@given(st.lists(st.tuples(st.integers(1, 40), st.booleans()), max_size=12))
def test_trap_28_however_spending_is_chosen_the_sum_is_the_filter(
    asked: list[tuple[int, bool]],
) -> None:
    """Each price may follow from all answers before: what is held to is their sum."""
    with TemporaryDirectory() as folder:
        world = worlds.activated(
            Path(folder) / "control.db",
            researchers=[worlds.RESEARCHER, worlds.COLLEAGUE],
        )
        whole = world.account(Kind.PROJECT, "pathways").left_nano
        step, spent = whole // 100, 0
        for number, (parts, colleague) in enumerate(asked):
            person = worlds.COLLEAGUE if colleague else worlds.RESEARCHER
            fits = spent + parts * step <= whole
            with nullcontext() if fits else pytest.raises(Refused):
                world.reserve(parts * step, f"SELECT {number}", person=person)
                spent += parts * step
        assert world.account(Kind.PROJECT, "pathways").left_nano == whole - spent
        world.control.close()


def test_trap_31_an_answer_is_reused_for_the_same_question_of_the_same_project(
    world: World,
) -> None:
    """Same plan, data versions, policy and spending; no other project has a hit."""
    reserved = world.reserve(1)
    kept = publish(world.control, reserved, {}, Content("text/csv", b"n\n1\n"), NOW).id
    worlds.propose(world, name="another", researchers=[worlds.RESEARCHER])
    worlds.approve(world, "another")
    same = world.question()
    others = (
        world.question("SELECT 2"),
        world.question(spending="rho=0.2"),
        world.question(project="another"),
        replace(same, versions=("people/2",)),
        replace(same, policy_hash="other"),
    )
    with world.control.reading() as connection:
        assert find_repeat(connection, same) == kept
        colleagues = world.question(person=worlds.COLLEAGUE)
        assert find_repeat(connection, colleagues) == kept
        assert all(find_repeat(connection, each) is None for each in others)


@pytest.fixture
def broken(lab: Lab) -> Iterator[Lab]:
    """A laboratory whose published files are destroyed before anything is asked.

    It has the other one's profile, which is a figure like any: noised and public.
    """
    same = lab.profiles()
    with Lab(
        {"visits": visits()}, PACKAGE, epsilon=1e6, policy="none", profiles=same
    ) as opened:
        for path in (opened._folder / "home" / "zones" / "research").rglob("*"):
            if path.is_file():
                path.write_bytes(b"nothing of use")
        yield opened


def test_traps_33_and_34_prices_need_no_data_and_failures_are_alike(
    lab: Lab, broken: Lab
) -> None:
    """Without its files a question is priced and explained as with them.

    Asked, it fails: after the charge, and in the words of every failure.
    """
    for sql in (COUNT, "SELECT SUM(cost) AS total FROM visits"):
        there, gone = (each.explain(sql, epsilon=1) for each in (lab, broken))
        assert (there.noise, there.columns) == (gone.noise, gone.columns)
        assert there.loss == gone.loss
        before = broken.remaining().rho
        with pytest.raises(Failed) as caught:
            broken.ask(sql, epsilon=1)
        assert str(caught.value) == str(Failed())
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__
        assert before - broken.remaining().rho == pytest.approx(there.loss.rho)


@pytest.mark.parametrize("rows", [1, 3, 8])
def test_trap_32_groups_are_no_parallel_composition_of_people(rows: int) -> None:
    """Somebody with several rows may be in several groups, and the noise knows it."""
    cost = priced(question(PEOPLE, ROWS, keys=(regions(5),), rows_per_person=rows))
    moved = {each.statistic.name: each.l1 for each in cost.plan.components}
    assert max(moved.values()) == rows
    assert all(each <= rows for each in moved.values())


def test_trap_38_no_plan_or_model_is_unpickled() -> None:
    """Nothing that is read back can be code."""
    for path in [*ROOT.glob("privacy/**/*.py"), *ROOT.glob("tre/**/*.py")]:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            names = (
                [each.name for each in node.names]
                if isinstance(node, ast.Import)
                else []
            )
            assert not {"pickle", "marshal", "shelve", "dill"} & set(names), path


BAD = {
    "not SQL": "SELEC COUNT(*) FROM visits",
    "no table": "SELECT COUNT(*) FROM visit",
    "no column": "SELECT SUM(costs) FROM visits",
    "other types": "SELECT COUNT(*) FROM visits WHERE cost = 'much'",
    "stacked": "SELECT COUNT(*) FROM visits; SELECT COUNT(*) FROM visits",
    "deep": f"SELECT SUM({'(' * 80}cost{')' * 80}) FROM visits",
    "long": "SELECT COUNT(*) FROM visits" + " " * 2**20,
    "wide": f"SELECT {', '.join(['COUNT(*)'] * 600)} FROM visits",
    "endless": "WITH RECURSIVE r AS (SELECT * FROM visits) SELECT COUNT(*) FROM r",
    "a file": "SELECT COUNT(*) FROM read_csv('/etc/passwd')",
}


@pytest.mark.parametrize("sql", BAD.values(), ids=BAD)
def test_trap_24_what_is_refused_costs_nothing(lab: Lab, sql: str) -> None:
    """No text that is refused is charged, or answered with a trace of the machine."""
    before = lab.remaining()
    with pytest.raises(Refused) as caught:
        lab.ask(sql, epsilon=0.5)
    assert lab.remaining() == before
    assert "Traceback" not in str(caught.value)
    assert caught.value.suggestion
