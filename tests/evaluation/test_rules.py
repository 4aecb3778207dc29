"""Baselines give out what their profiles say, of the same rows."""

from typing import Any

import pyarrow as pa
import pytest

from tests.evaluation.conftest import package, people
from tre.evaluation.plan import Asking
from tre.evaluation.rules import published
from tre.evaluation.truth import truth
from tre.lab import Lab


@pytest.fixture(scope="module")
def lab():
    """A laboratory of the small survey."""
    with Lab({"people": people()}, package(), epsilon=1e9, policy="none") as opened:
        yield opened


def given(lab: Lab, name: str, select: str) -> Any:
    """What a profile gives out, by cell and column."""
    sql = f"SELECT {select} FROM people GROUP BY region"
    known = truth(lab, Asking(name="q", words="?", sql=sql))
    table = published(name, known)
    cells, columns = (table[each].to_pylist() for each in ("cell", "column"))
    return dict(
        zip(zip(cells, columns, strict=True), table["value"].to_pylist(), strict=True)
    )


def test_the_exact_answer_knows_how_many_rows_are_behind_it(lab) -> None:
    """Rows behind each cell are its count."""
    sql = "SELECT region, COUNT(*) AS n FROM people GROUP BY region"
    table = truth(lab, Asking(name="q", words="?", sql=sql)).table
    assert table["exact"].to_pylist() == table["rows"].to_pylist()
    assert pa.compute.sum(table["rows"]).as_py() == 1_500


def test_counts_are_suppressed_and_rounded_as_each_system_does(lab) -> None:
    """Seven people: hidden, shown as 0, or shown as they are."""
    n = ("west", "n")
    assert given(lab, "unprotected", "region, COUNT(*) AS n")[n] == 7
    assert given(lab, "acro", "region, COUNT(*) AS n")[n] is None
    assert given(lab, "opensafely", "region, COUNT(*) AS n")[n] is None
    assert given(lab, "bunny", "region, COUNT(*) AS n")[n] == 0
    assert given(lab, "datashield", "region, COUNT(*) AS n")[n] == 7
    assert given(lab, "midpoint6", "region, COUNT(*) AS n")[n] == 9


def test_totals_that_one_row_holds_are_hidden(lab) -> None:
    """The west's total is one person's; the north's is not."""
    found = given(lab, "sdctable", "region, SUM(pay) AS total, AVG(pay) AS mean")
    assert found["west", "total"] is None
    assert found["west", "mean"] is None
    assert found["north", "total"] is not None


def test_what_is_computed_of_figures_follows_them(lab) -> None:
    """A ratio of a hidden count is hidden; of rounded counts it is their ratio."""
    select = "region, COUNT_IF(age > 65) / COUNT(*) AS share, COUNT(*) AS n"
    assert given(lab, "acro", select)["west", "share"] is None
    rounded = given(lab, "opensafely", select)
    parts = given(lab, "opensafely", "region, COUNT_IF(age > 65) AS old, COUNT(*) AS n")
    north = parts["north", "old"] / parts["north", "n"]
    assert rounded["north", "share"] == pytest.approx(north)


def test_other_statistics_are_hidden_by_their_counts(lab) -> None:
    """A median of seven is hidden where a count of seven is."""
    assert given(lab, "acro", "region, MEDIAN(pay) AS x")["west", "x"] is None
    assert given(lab, "datashield", "region, MEDIAN(pay) AS x")["west", "x"] > 0
