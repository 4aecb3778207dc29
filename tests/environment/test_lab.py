"""The laboratory drives the real gateway, and knows what the truth is."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from connectors.errors import Invalid
from privacy.errors import Refused
from privacy.profile import Profile
from tests.environment.world import REGIONS
from tre.lab import Lab

PACKAGE: dict[str, Any] = {
    "name": "earnings",
    "tre": {"controller": "Lab", "legal_basis": "None", "population": "residents"},
    "resources": [
        {
            "name": "earnings",
            "tre": {"privacy_unit": "person", "rows_per_person": 3},
            "schema": {
                "fields": [
                    {
                        "name": "id",
                        "type": "integer",
                        "tre": {"role": "identifier", "kind": "local-id"},
                    },
                    {"name": "region", "constraints": {"enum": [*REGIONS, "east"]}},
                    {
                        "name": "pay",
                        "type": "number",
                        "constraints": {"minimum": 0, "maximum": 1000},
                        "tre": {"decimals": 2, "out_of_range": "clamp"},
                    },
                ]
            },
        }
    ],
}
BY_REGION = (
    "SELECT region, COUNT(*) AS n, COUNT(DISTINCT person_id) AS people,"
    " SUM(pay) AS total, AVG(pay) AS pay FROM earnings GROUP BY region"
)


def earnings(people: int) -> pa.Table:
    """1 to 3 rows a person."""
    drawn = np.random.default_rng(11)
    ids = np.repeat(np.arange(people), drawn.integers(1, 4, people))
    return pa.table(
        {
            "id": ids,
            "region": np.array(REGIONS)[drawn.integers(0, 3, len(ids))],
            "pay": np.round(drawn.uniform(0, 1000, len(ids)), 2),
        }
    )


@pytest.fixture(scope="module")
def table() -> pa.Table:
    """A table of 900 people."""
    return earnings(900)


@pytest.fixture(scope="module")
def lab(table: pa.Table) -> Iterator[Lab]:
    """A laboratory without certificates, and with all the budget there is."""
    with Lab({"earnings": table}, PACKAGE, epsilon=1e6, policy="none") as lab:
        yield lab


def test_exact_answers_are_the_tables_own(lab: Lab, table: pa.Table) -> None:
    """Every public key has its row; sums are exact decimals, means of nothing NULL."""
    exact = lab.exact(BY_REGION).to_pandas().set_index("region")
    frame = table.to_pandas()
    for region, rows in frame.groupby("region"):
        assert exact.loc[region, "n"] == len(rows)
        assert exact.loc[region, "people"] == rows["id"].nunique()
        assert float(exact.loc[region, "total"]) == pytest.approx(rows["pay"].sum())
        assert exact.loc[region, "pay"] == pytest.approx(rows["pay"].mean())
    assert exact.loc["east", "n"] == 0
    assert np.isnan(exact.loc["east", "pay"])
    assert list(lab.exact(BY_REGION).column_names) == [
        "region",
        "n",
        "people",
        "total",
        "pay",
    ]


def test_exact_answers_know_no_cap_or_clamp() -> None:
    """They are of the tables as brought: before rows are dropped or values moved."""
    brought = pa.table(
        {"id": [1] * 5, "region": ["north"] * 5, "pay": [5000.0, 1, 1, 1, 1]}
    )
    with Lab({"earnings": brought}, PACKAGE, policy="none") as lab:
        (row,) = lab.exact(
            "SELECT COUNT(*) AS n, SUM(pay) AS s, COUNT(DISTINCT person_id) AS p"
            " FROM earnings"
        ).to_pylist()
        assert (row["n"], float(row["s"]), row["p"]) == (5, 5004.0, 1)
        published = lab.ask("SELECT COUNT(*) AS n FROM earnings", epsilon=9.0)
        assert published.to_arrow()["n"][0].as_py() < 5 + 10


def test_a_key_may_be_called_a_status() -> None:
    """Its values are no verdicts, whatever its name ends in."""
    package = copy.deepcopy(PACKAGE)
    fields = package["resources"][0]["schema"]["fields"]
    fields[1] = {"name": "marital_status", "constraints": {"enum": ["one", "two"]}}
    table = earnings(90).rename_columns(["id", "marital_status", "pay"])
    with Lab({"earnings": table}, package) as lab:
        release = lab.ask(
            "SELECT marital_status, COUNT(*) AS n FROM earnings GROUP BY 1",
            epsilon=1.0,
        )
    assert release.to_arrow().column_names[0] == "marital_status"
    assert sum(release.receipt["body"]["disclosure"].values()) == 3


def test_filtered_aggregates_are_of_the_rows_kept(lab: Lab, table: pa.Table) -> None:
    """FILTER and COUNT_IF are what the same condition in WHERE gives."""
    (row,) = lab.exact(
        "SELECT COUNT(DISTINCT person_id) FILTER (WHERE pay > 900) AS rich,"
        " COUNT_IF(pay > 900) AS n, SUM(pay) FILTER (WHERE pay > 900) AS total,"
        " AVG(pay) FILTER (WHERE pay < 0) AS nobody FROM earnings"
    ).to_pylist()
    frame = table.to_pandas()
    rich = frame[frame["pay"] > 900]
    assert (row["rich"], row["n"]) == (rich["id"].nunique(), len(rich))
    assert float(row["total"]) == pytest.approx(rich["pay"].sum())
    assert row["nobody"] is None


def test_exact_spreads_are_the_textbooks(lab: Lab, table: pa.Table) -> None:
    """Variances, correlations and regressions are what numpy says of the tables."""
    (row,) = lab.exact(
        "SELECT VAR_POP(pay) AS v, STDDEV_SAMP(pay) AS s, CORR(pay, pay * pay) AS r,"
        " REGR_SLOPE(pay, pay * pay) AS b, VAR_SAMP(pay) FILTER (WHERE pay < 0) AS no"
        " FROM earnings"
    ).to_pylist()
    pay = table["pay"].to_numpy()
    assert row["v"] == pytest.approx(pay.var())
    assert row["s"] == pytest.approx(pay.std(ddof=1))
    assert row["r"] == pytest.approx(np.corrcoef(pay, pay**2)[0, 1])
    assert row["b"] == pytest.approx(np.polyfit(pay**2, pay, 1)[0], rel=1e-5)
    assert row["no"] is None


def test_released_spreads_cover_the_exact_ones(lab: Lab) -> None:
    """Nineteen in twenty intervals have the exact answer in them, in every region."""
    question = (
        "SELECT region, VAR_POP(pay) AS v, STDDEV_SAMP(pay) AS s,"
        " REGR_INTERCEPT(pay, pay * pay) AS a FROM earnings GROUP BY region"
    )
    exact = lab.exact(question).to_pandas().set_index("region")
    drawn = lab.draws(question, times=400, epsilon=20.0).to_pandas()
    for region in REGIONS:
        rows = drawn[drawn["region"] == region]
        for name in ("v", "s", "a"):
            truth = exact.loc[region, name]
            low = rows[f"{name}_low"].fillna(-np.inf) <= truth + 1e-6
            high = rows[f"{name}_high"].fillna(np.inf) >= truth - 1e-6
            assert (low & high).mean() > 0.86  # 95%, and chance of one in 10⁸


def test_links_say_whose_each_row_is(lab: Lab, table: pa.Table) -> None:
    """Rows of one identifier are of one person, and of no other."""
    links = lab.links().to_pandas()
    assert list(links.columns) == ["resource", "row", "person"]
    assert links["row"].tolist() == list(range(table.num_rows))
    pairs = set(zip(table["id"].to_pylist(), links["person"], strict=True))
    assert len(pairs) == links["person"].nunique() == len(set(table["id"].to_pylist()))


def test_draws_are_many_answers_at_many_prices(lab: Lab) -> None:
    """One table with the draw in front; the budget falls by as many prices."""
    before = lab.remaining().rho
    price = lab.explain(BY_REGION, epsilon=0.5).loss.rho
    drawn = lab.draws(BY_REGION, epsilon=0.5, times=20)
    assert drawn.column_names[0] == "draw"
    assert drawn["draw"].to_pylist() == [d for d in range(20) for _ in range(5)]
    assert before - lab.remaining().rho == pytest.approx(20 * price, rel=1e-6)
    (once,) = lab.draws("SELECT COUNT(*) FROM earnings", rho=1, times=1).to_pylist()
    assert once["draw"] == 0


def test_what_does_not_fit_is_invalid(table: pa.Table) -> None:
    """Unknown policies, tables without a resource and the other way round."""
    with pytest.raises(Invalid):
        Lab({"earnings": table}, PACKAGE, policy="off")
    with pytest.raises(Invalid):
        Lab({"people": table}, PACKAGE)
    with pytest.raises(Invalid):
        Lab({"earnings": table, "people": table}, PACKAGE)
    with pytest.raises(Invalid):
        Lab({"earnings": table.drop_columns(["pay"])}, PACKAGE)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM earnings",
        "SELECT SUM(nothing) FROM earnings",
        "SELECT pay, COUNT(*) FROM earnings GROUP BY pay",
    ],
)
def test_refusals_do_not_depend_on_rows(sql: str) -> None:
    """Empty, tiny and full tables refuse alike, and answer in the same shape."""
    told, shapes = set(), set()
    profiles: Mapping[str, Profile] | None = None
    for people in (0, 1, 500):
        with Lab({"earnings": earnings(people)}, PACKAGE, profiles=profiles) as lab:
            profiles = lab.profiles()  # of the first, which planned by noise alone
            with pytest.raises(Refused) as refusal:
                lab.ask(sql, epsilon=1.0)
            told.add((refusal.value.code, refusal.value.message))
            release = lab.ask(BY_REGION, epsilon=1.0)
            table = release.to_arrow()
            keys = tuple(table["region"].to_pylist())
            shapes.add((table.schema.to_string(), keys, release.loss))
    assert len(told) == 1
    assert len(shapes) == 1


@pytest.mark.statistical
@pytest.mark.parametrize(
    ("stretch", "fits"), [(0.8, False), (1.0, True), (1.25, False)]
)
def test_what_is_released_has_the_noise_that_was_priced(
    lab: Lab, stretch: float, fits: bool
) -> None:
    """Through the whole path: the priced scale fits, nearby scales do not."""
    sql = "SELECT COUNT(*) AS n FROM earnings"
    truth = lab.exact(sql)["n"][0].as_py()
    rho = 0.005
    scale = stretch * (3**2 / (2 * rho)) ** 0.5
    drawn = lab.draws(sql, rho=rho, times=20_000)["n"].to_numpy() - truth
    edges = np.arange(-100, 101, 10) + 0.5
    observed = np.histogram(drawn, [-np.inf, *edges, np.inf])[0]
    chances = np.diff([0.0, *stats.norm.cdf(edges / scale), 1.0])
    fit = stats.chisquare(observed, chances * len(drawn)).pvalue
    assert fits == (fit > 1e-6)


@pytest.mark.statistical
@pytest.mark.parametrize("measure", ["zcdp", "pure"])
def test_intervals_cover(table: pa.Table, measure: str) -> None:
    """94% to 96% of the 95% intervals hold the exact answer on the published table."""
    clean = table.set_column(
        2, "pay", pa.array(np.clip(table["pay"].to_numpy(), 0, 1000))
    )
    with Lab(
        {"earnings": clean}, PACKAGE, epsilon=1e6, policy="none", measure=measure
    ) as lab:
        exact = lab.exact(BY_REGION).to_pandas().head(3)
        drawn = lab.draws(BY_REGION, epsilon=2.0, times=6_000).to_pandas()
    drawn = drawn[drawn["region"].isin(REGIONS)].merge(
        exact, on="region", suffixes=("", "_true")
    )
    for name in ("n", "people", "total", "pay"):
        low, high, true = (
            drawn[f"{name}{end}"].astype(float) for end in ("_low", "_high", "_true")
        )
        covered = ((low <= true + 1e-9) & (true - 1e-9 <= high)).mean()
        assert 0.938 <= covered <= 0.965, (name, covered)
