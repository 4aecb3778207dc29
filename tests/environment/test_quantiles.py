"""Quantiles through the whole path: types, intervals, order and noise."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from privacy.errors import Refused
from tests.environment.world import REGIONS
from tre.lab import Lab

PACKAGE: dict[str, Any] = {
    "name": "jobs",
    "tre": {"controller": "Lab", "legal_basis": "None", "population": "residents"},
    "resources": [
        {
            "name": "jobs",
            "tre": {"privacy_unit": "person", "rows_per_person": 3},
            "schema": {
                "fields": [
                    {
                        "name": "id",
                        "type": "integer",
                        "tre": {"role": "identifier", "kind": "local-id"},
                    },
                    {
                        "name": "region",
                        "constraints": {"enum": [*REGIONS, "east"], "required": True},
                    },
                    {
                        "name": "age",
                        "type": "integer",
                        "constraints": {"minimum": 0, "maximum": 120},
                    },
                    {
                        "name": "pay",
                        "type": "number",
                        "constraints": {"minimum": 0, "maximum": 10_000},
                        "tre": {"decimals": 2},
                    },
                    {
                        "name": "began",
                        "type": "date",
                        "constraints": {
                            "minimum": "1950-01-01",
                            "maximum": "2020-12-31",
                        },
                    },
                ]
            },
        }
    ],
}
FIRST = datetime.date(1990, 1, 1)
ASKED = (
    "SELECT region, MEDIAN(pay) AS middle, QUANTILE_DISC(age, 0.2) AS young,"
    " MAX(age) AS oldest, MIN(pay) AS least, MEDIAN(began) AS began"
    " FROM jobs GROUP BY region"
)


def jobs(people: int) -> pa.Table:
    """1 to 3 rows a person."""
    drawn = np.random.default_rng(5)
    ids = np.repeat(np.arange(people), drawn.integers(1, 4, people))
    days = drawn.integers(0, 9_000, len(ids))
    return pa.table(
        {
            "id": ids,
            "region": np.array(REGIONS)[drawn.integers(0, 3, len(ids))],
            "age": drawn.integers(16, 80, len(ids)),
            "pay": np.round(drawn.lognormal(6, 0.7, len(ids)).clip(1, 9_000), 2),
            "began": [FIRST + datetime.timedelta(days=int(day)) for day in days],
        }
    )


def near(exact: Any, low: Any, high: Any) -> bool:
    """Whether an interval is no farther off than it is wide.

    One in twenty may not hold the exact answer; hardly one in a million is so far off.
    """
    return bool(low - (high - low) <= exact <= high + (high - low))


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """A laboratory of 900 people without certificates, and with budget to spare."""
    with Lab({"jobs": jobs(900)}, PACKAGE, epsilon=1e6, policy="none") as lab:
        yield lab


def test_exact_quantiles_are_the_textbooks(lab: Lab) -> None:
    """Per region, as pandas has them, in the column's own type; NULL of nobody."""
    exact = lab.exact(ASKED).to_pandas().set_index("region")
    frame = jobs(900).to_pandas()
    for region, rows in frame.groupby("region"):
        pay = np.sort(rows["pay"])
        assert float(exact.loc[region, "middle"]) == pytest.approx(
            np.median(pay), abs=0.006
        )
        assert exact.loc[region, "young"] == np.quantile(
            rows["age"], 0.2, method="inverted_cdf"
        )
        assert exact.loc[region, "oldest"] == rows["age"].max()
        assert float(exact.loc[region, "least"]) == pytest.approx(pay[0])
    assert exact.loc["east"].isna().all()


def test_a_quantile_has_its_columns_type(lab: Lab) -> None:
    """Numbers, decimals and dates, with intervals of the same type around them."""
    table = lab.ask(ASKED, epsilon=5.0).to_arrow()
    exact = lab.exact(ASKED)
    for name in ("middle", "young", "oldest", "least", "began"):
        kinds = {table.schema.field(f"{name}{end}").type for end in ("", "_low")}
        assert kinds == {exact.schema.field(name).type}
        for low, value, high in zip(
            *(table[f"{name}{end}"].to_pylist() for end in ("_low", "", "_high")),
            strict=True,
        ):
            assert low <= value <= high


def test_much_budget_brings_the_exact_quantile(lab: Lab) -> None:
    """With hardly any noise a median is within a bucket of the exact one."""
    asked = "SELECT region, MEDIAN(age) AS m, MIN(age) AS least FROM jobs GROUP BY 1"
    told = lab.ask(asked, rho=1e5).to_pandas().head(3)
    exact = lab.exact(asked).to_pandas().head(3)
    assert np.abs(told["m"] - exact["m"]).max() <= 1
    assert told["least"].tolist() == exact["least"].tolist()


def test_dates_are_sorted_and_compared(lab: Lab) -> None:
    """HAVING and ORDER BY take the median of a date for a date."""
    asked = (
        "SELECT region, MEDIAN(began) AS began FROM jobs GROUP BY region"
        " HAVING MEDIAN(began) > DATE '{}' ORDER BY MEDIAN(began) DESC"
    )
    told = lab.ask(asked.format("1951-01-01"), epsilon=20.0)
    dates = told.to_arrow()["began"].to_pylist()
    assert dates == sorted(dates, reverse=True)
    assert len(dates) >= 3
    assert lab.ask(asked.format("2020-12-31"), epsilon=20.0).to_arrow().num_rows == 0


def test_quantiles_of_few_people_are_suppressed() -> None:
    """Dates, too: a cell without a certificate shows nothing of its quantile."""
    with Lab({"jobs": jobs(60)}, PACKAGE, epsilon=100.0) as lab:
        told = lab.ask(ASKED, epsilon=20.0).to_pandas().set_index("region")
    assert told.loc["east", "began_status"] == "suppressed:frequency"
    assert told.loc["east", ["began", "began_low", "middle"]].isna().all()


def test_quantiles_of_each_persons_total(lab: Lab) -> None:
    """Of a subquery by person, in which one person moves one row."""
    asked = (
        "SELECT MEDIAN(total) AS m FROM"
        " (SELECT person_id, SUM(pay) AS total FROM jobs GROUP BY person_id) AS p"
    )
    (row,) = lab.ask(asked, epsilon=50.0).to_arrow().to_pylist()
    (exact,) = lab.exact(asked).to_pylist()
    assert near(exact["m"], row["m_low"], row["m_high"])
    assert "0.5" in "".join(lab.explain(asked, epsilon=1.0).words)


def test_margins_are_for_counts_and_sums(lab: Lab) -> None:
    """No public fact says how far apart the values beside a quantile are."""
    with pytest.raises(Refused) as refused:
        lab.ask("SELECT MEDIAN(pay) FROM jobs", margin=10)
    assert refused.value.code == "margin_depends_on_data"


def test_extremes_say_what_they_are(lab: Lab) -> None:
    """`explain` says that MIN is an extreme quantile, and how many rows are below."""
    (column,) = lab.explain("SELECT MIN(pay) AS m FROM jobs", epsilon=1.0).columns
    assert column.words.startswith("an extreme quantile")
    assert "rows of a group are below" in column.words


@pytest.mark.statistical
@pytest.mark.parametrize("measure", ["zcdp", "pure"])
def test_intervals_cover_the_exact_quantile(measure: str) -> None:
    """At least 94 in 100 of all cells' intervals hold the exact quantile."""
    with Lab(
        {"jobs": jobs(400)}, PACKAGE, epsilon=1e6, policy="none", measure=measure
    ) as lab:
        exact = lab.exact(ASKED).to_pandas().set_index("region").loc[REGIONS]
        drawn = lab.draws(ASKED, epsilon=20.0, times=250).to_pandas()
    drawn = drawn[drawn["region"].isin(REGIONS)]
    for name in ("middle", "young", "oldest", "least", "began"):
        truth = drawn["region"].map(exact[name])
        held = (drawn[f"{name}_low"] <= truth) & (truth <= drawn[f"{name}_high"])
        assert held.mean() >= 0.94, name
