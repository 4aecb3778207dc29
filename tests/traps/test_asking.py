"""Traps 1, 10 to 13, 15, 20, 24 to 28, 32 and 38: questions from asking to release."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from privacy.compile import compile_plan
from privacy.errors import Refused
from privacy.secondary import secondary
from tests.language.example import CATALOGUE, LOCATION, compiled, planned
from tests.mechanics.questions import PEOPLE, ROWS, priced, question, regions
from tre.lab import Lab

ROOT = Path(__file__).parents[2]
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


def test_trap_1_nothing_is_summed_in_floats() -> None:
    """What an engine sums or divides is whole numbers, whatever the column."""
    sql = compiled("SELECT SUM(pay), AVG(pay * rent), VAR_POP(rent) FROM earnings")
    assert not {"DOUBLE", "FLOAT", "REAL", "DECIMAL"} & set(sql.upper().split())


def test_trap_10_rows_of_nobody_are_dropped(lab: Lab) -> None:
    """A row without a person is in no answer, and has no person to its name."""
    assert lab.links().column("person").null_count >= 10
    (n,) = lab.ask(COUNT, epsilon=1_000).to_arrow().column("n").to_pylist()
    assert n <= 303


def test_trap_11_which_rows_survive_a_bound_is_drawn_afresh() -> None:
    """Of equal rows others are kept in another publication: order decides nothing."""
    table = pa.table({"id": ["one"] * 40, "cost": [float(n) for n in range(40)]})
    kept = set()
    for _ in range(4):
        with Lab({"visits": table}, PACKAGE, epsilon=1e9, policy="none") as opened:
            sql = "SELECT SUM(cost) AS total FROM visits"
            (total,) = opened.ask(sql, epsilon=1e6).to_arrow()["total"].to_pylist()
            kept.add(round(float(total)))
    assert len(kept) > 1


def test_trap_12_nothing_is_taken_from_the_data_to_plan() -> None:
    """A plan and its statement follow from the catalogue alone."""
    plan = planned("SELECT region, AVG(pay) FROM earnings GROUP BY region")
    assert compile_plan(plan, {"earnings": LOCATION}).sql
    assert CATALOGUE.tables["earnings"].rows_per_person == 4


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
    first = lab.ask(COUNT, epsilon=0.25)
    after = lab.remaining().rho
    again = lab.ask(COUNT, epsilon=0.25)
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


def test_trap_28_budgets_are_of_projects_and_populations() -> None:
    """No budget is anybody's who asks: what asks is not in the price."""
    text = (ROOT / "privacy" / "price.py").read_text(encoding="utf-8")
    names = {
        node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)
    }
    assert not {"person", "user", "researcher"} & names


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
