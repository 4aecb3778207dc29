"""Every pair's counts are measured as any question's, and nothing else is asked."""

from __future__ import annotations

import ast
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import tre.synthesis
from privacy.accounting import Measure
from privacy.bound import bound
from privacy.catalogue import Catalogue
from privacy.levels import level
from privacy.plan import plan
from privacy.policy import POLICIES
from privacy.teach import understand
from tests.synthesis.conftest import CAP, COLUMNS, package, visits
from tests.synthesis.test_columns import VISITS
from tre.lab import Lab
from tre.synthesis.asked import blocks
from tre.synthesis.columns import categories
from tre.synthesis.marginals import marginals

ALLOWED = ("tre.synthesis", "tre.release", "tre.svg", "tre.templates")
(BLOCK,) = blocks("visits", categories(VISITS, COLUMNS, 6))
SQL = BLOCK.sql


def test_one_person_moves_each_measured_table_by_the_cap() -> None:
    """Each pair is measured by itself with Δ₁ = Δ₂² = C, and the total with 1."""
    query = understand(SQL, Catalogue("people", {"visits": VISITS}))
    for measure in Measure:
        planned = level(plan(bound(query), POLICIES["gateway"]), measure)
        moved = {each.keys: (each.l1, each.l2_squared) for each in planned.components}
        pairs = [*combinations(range(len(COLUMNS)), 2)]
        assert moved.pop(()) == (1, 1)
        assert moved == dict.fromkeys(pairs, (CAP, CAP))
        assert sum(each.weight for each in planned.components) == 1


def test_people_with_one_row_each_are_told_pair_by_pair_too() -> None:
    """Under a cap of 1 every pair is measured by itself, and nothing adds up."""
    alone = replace(VISITS, rows_per_person=1)
    query = understand(SQL, Catalogue("people", {"visits": alone}))
    planned = level(plan(bound(query), POLICIES["gateway"]), Measure.ZCDP)
    assert not any(each.adds_up for each in planned.told)
    pairs = [*combinations(range(len(COLUMNS)), 2), ()]
    assert {each.keys: each.l1 for each in planned.components} == dict.fromkeys(
        pairs, 1
    )


def test_neighbours_differ_by_the_cap_in_every_pair() -> None:
    """Without one of some people each exact table moves by C at most, and does."""
    table = visits(20)
    with Lab({"visits": table}, package()) as lab:
        whole = counts(lab.exact(SQL))
    kept = pa.array([each != "7" for each in table["id"].to_pylist()])
    with Lab({"visits": table.filter(kept)}, package()) as lab:
        fewer = counts(lab.exact(SQL))
    for marginal, exact in whole.items():
        assert 0 < np.abs(exact - fewer[marginal]).sum() <= CAP


def counts(answer: pa.Table) -> dict[int, np.ndarray]:
    """The counts of each grouping set, by its bits; cells in their order."""
    bits, n = answer["marginal"].to_numpy(), answer["n"].to_numpy()
    return {int(each): n[bits == each] for each in np.unique(bits)}


def test_the_answer_is_read_pair_by_pair(lab: Lab) -> None:
    """Exact counts laid out by pair are those of asking for each pair alone."""
    exact = lab.exact(SQL)
    whole = exact.append_column("n_low", exact["n"]).append_column("n_high", exact["n"])
    found = marginals([(BLOCK, whole)], len(COLUMNS))
    assert 1_000 < found.total <= 2_000
    assert [each.columns for each in found.pairs] == [*combinations(range(4), 2)]
    people = "COUNT(DISTINCT person_id) AS n"
    alone = lab.exact(f"SELECT region, open, {people} FROM visits GROUP BY 1, 2")
    pair = next(each for each in found.pairs if each.columns == (0, 2))
    told = {
        (region, opened): n
        for region, opened, n in zip(*alone.to_pydict().values(), strict=True)
    }
    for one, region in enumerate(found.values[0]):
        for other, opened in enumerate(found.values[2]):
            assert pair.counts[one, other] == told[region, opened]


def test_synthesis_sees_releases_and_nothing_else() -> None:
    """No module of it imports what touches data, or answers exactly."""
    for path in Path(next(iter(tre.synthesis.__path__))).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            module = node.module if isinstance(node, ast.ImportFrom) else None
            if (module or "").startswith("tre."):
                assert str(module).startswith(ALLOWED), module


@pytest.mark.statistical
def test_intervals_of_the_noised_counts_cover(lab: Lab) -> None:
    """Nineteen in twenty, from both sides, over all cells that are shown."""
    exact = lab.exact(SQL)["n"].to_numpy()
    drawn = lab.draws(SQL, epsilon=4.0, times=200)
    low, high = (
        drawn[f"n_{end}"].to_numpy().reshape(200, -1) for end in ("low", "high")
    )
    shown = ~np.isnan(low)
    held = ((low <= exact) & (exact <= high))[shown].mean()
    assert 0.93 < held < 0.985
