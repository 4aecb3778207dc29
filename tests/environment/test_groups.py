"""What publication leaves a person by group: kept, priced, drawn, and told."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from math import sqrt
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from connectors.errors import Invalid
from tre.lab import Lab

YEARS = range(2012, 2020)
CAP = 8
BY_YEAR = "SELECT tax_year, COUNT(*) AS n FROM earnings GROUP BY tax_year"
OF_A_YEAR = "SELECT COUNT(*) AS n, AVG(pay) AS mean FROM earnings WHERE tax_year = 2013"

REQUIRED = {"required": True}
PACKAGE: dict[str, Any] = {
    "name": "earnings",
    "tre": {
        "controller": "Tests",
        "legal_basis": "None needed: the data is made up",
        "population": "residents",
    },
    "resources": [
        {
            "name": "earnings",
            "tre": {
                "privacy_unit": "person",
                "rows_per_person": CAP,
                "group_bounds": [
                    {"by": ["tax_year"], "rows": 1},
                    {"by": ["region"], "groups": 2},
                ],
            },
            "schema": {
                "fields": [
                    {
                        "name": "id",
                        "type": "integer",
                        "tre": {"role": "identifier", "kind": "local-id"},
                    },
                    {
                        "name": "tax_year",
                        "type": "integer",
                        "constraints": {**REQUIRED, "minimum": 2012, "maximum": 2019},
                    },
                    {
                        "name": "region",
                        "constraints": {**REQUIRED, "enum": ["North", "South", "East"]},
                    },
                    {
                        "name": "pay",
                        "type": "integer",
                        "constraints": {**REQUIRED, "minimum": 0, "maximum": 100},
                    },
                ]
            },
        }
    ],
}


def brought() -> pa.Table:
    """Three hundred people with two rows in each of three years, in three regions."""
    rows = [
        (person, year, ("North", "South", "East")[(person + year) % 3], person % 100)
        for person in range(300)
        for year in (2012, 2013, 2014)
        for _ in range(2)
    ]
    names = ("id", "tax_year", "region", "pay")
    return pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """A laboratory whose manifest bounds rows by year, and regions."""
    with Lab({"earnings": brought()}, PACKAGE, epsilon=1e9, policy="none") as made:
        yield made


def test_publication_keeps_what_the_manifest_says(lab: Lab) -> None:
    """One row of a person a year, and of two of their three regions, so two years."""
    found = lab.ask(BY_YEAR, rho=1e6).to_pandas()
    assert found.n.sum() == 600
    people = "SELECT COUNT(DISTINCT person_id) AS n FROM earnings WHERE region = 'East'"
    assert lab.ask(people, rho=1e6).to_pandas().n.sum() < 300


def test_what_is_left_out_is_measured_and_told(lab: Lab) -> None:
    """Of 1,800 rows 1,200 are left out: publication says so, with noise."""
    said = " ".join(lab.explain(BY_YEAR, rho=0.01).words)
    assert "at most 1 of them in one cell" in said
    assert "at most 1 for each tax_year" in said
    assert "those of at most 2 of region" in said
    assert "So noise is for 2.83 of a person's rows, and not for 8" in said
    left = int(said.split("left out about ")[1].split(" of all")[0].replace(",", ""))
    assert left == pytest.approx(1_200, abs=6 * 3 * CAP / sqrt(2 * 0.00025))


def test_one_year_has_noise_for_one_row(lab: Lab) -> None:
    """A condition keeps one value of what is bounded, so a person has one row."""
    said = lab.explain(OF_A_YEAR, rho=0.01).words
    assert any(
        "One person has one row, in one cell. So noise is for 1 " in e for e in said
    )


@pytest.mark.statistical
@pytest.mark.parametrize(
    ("question", "squared"), [(BY_YEAR, 8), ("SELECT COUNT(*) AS n FROM earnings", 64)]
)
def test_noise_is_of_the_size_that_groups_leave(
    lab: Lab, question: str, squared: int
) -> None:
    """Its variance is r·C / 2ρ, and would not fit one a tenth larger or smaller."""
    rho, times = 0.01, 4_000
    drawn = lab.draws(question, rho=rho, times=times)["n"].to_numpy()
    cells = drawn.reshape(times, -1)
    variance = float(np.mean(np.var(cells, axis=0, ddof=1)))
    expected = squared / (2 * rho)
    news = 5 * sqrt(2 / cells.size)
    assert abs(variance / expected - 1) < news
    for stretch in (0.8, 1.25):
        assert abs(variance / (stretch * expected) - 1) > news


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ([{"by": ["year"], "rows": 1}], "published columns"),
        ([{"by": ["id"], "rows": 1}], "published columns"),
        ([{"by": ["region"]}], "rows, groups or both"),
        ([{"by": ["region", "region"], "rows": 1}], "once"),
        ([{"by": ["region"], "rows": 0}], "greater than or equal to 1"),
    ],
)
def test_bounds_are_checked(bounds: list[dict[str, Any]], message: str) -> None:
    """By published columns, each once, of at least one row or group."""
    package = deepcopy(PACKAGE)
    package["resources"][0]["tre"]["group_bounds"] = bounds
    with pytest.raises(Invalid, match=message), Lab({"earnings": brought()}, package):
        pass
