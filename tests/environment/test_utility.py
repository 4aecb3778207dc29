"""The utility that is promised, against exact answers before any cap or clamp."""

from __future__ import annotations

import numpy as np
import pytest

from tests.bench.utility import laboratory, measured, numbers


@pytest.mark.statistical
@pytest.mark.parametrize("measure", ["pure", "zcdp"])
def test_answers_are_as_near_as_promised(measure: str) -> None:
    """Counts and sums within 0.5%, averages of small groups within 15%, by median."""
    for figure, error in measured(measure, times=20):
        assert error <= figure.limit, (figure.name, error)


@pytest.mark.statistical
def test_averages_over_some_rows_are_covered() -> None:
    """Where rows are left out, intervals have the exact answer 94 in 100 times."""
    question = "SELECT grp, AVG(pay) AS x FROM earnings GROUP BY grp"
    with laboratory("zcdp") as lab:
        assert "drawn by lot" in " ".join(lab.explain(question, epsilon=1.0).words)
        exact = numbers(lab.exact(question)["x"])
        drawn = lab.draws(question, epsilon=1.0, times=40)
    low, high = (numbers(drawn[f"x_{end}"]).reshape(40, -1) for end in ("low", "high"))
    assert ((low <= exact) & (exact <= high)).mean() >= 0.94


@pytest.mark.statistical
@pytest.mark.parametrize("measure", ["pure", "zcdp"])
def test_what_is_cut_off_is_covered(measure: str) -> None:
    """Where totals are clipped and values cut off, errors fall and intervals cover."""
    by = "SELECT {}, {}(pay) AS x FROM earnings GROUP BY 1"
    with laboratory(measure, skewed=True) as lab:
        for question, said, most in (
            (by.format("grp", "SUM"), "clips what a person's rows", 0.2),
            (by.format("grp", "AVG"), "AVG(pay) tells values", 0.2),
        ):
            assert said in " ".join(lab.explain(question, epsilon=1.0).words)
            exact = numbers(lab.exact(question)["x"])
            drawn = lab.draws(question, epsilon=1.0, times=40)
            value, low, high = (
                numbers(drawn[f"x{end}"]).reshape(40, -1)
                for end in ("", "_low", "_high")
            )
            assert ((low <= exact) & (exact <= high)).mean() >= 0.94
            assert np.median(np.abs(value / exact - 1)) <= most
