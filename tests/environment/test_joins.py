"""Joins through the real gateway: linked datasets, public tables, and their budgets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pytest
from scipy import stats
from sqlalchemy import select

from connectors.errors import Invalid
from privacy.errors import Refused
from tests.environment.world import (
    COMMITTEE,
    PEOPLE,
    REGIONS,
    RESEARCHER,
    STEWARD,
    furnished,
    package,
    project,
    rows,
)
from tests.language.example import bound_query
from tre.control.tables import account
from tre.environment import Environment
from tre.governance.catalogue import Version
from tre.lab import Lab
from tre.planning import versions_read
from tre.release import Release

SAME_AGE = (
    "SELECT COUNT(DISTINCT person_id) AS people FROM people JOIN ages USING (person_id)"
    " WHERE people.age = ages.age"
)
TRE = {"controller": "Lab", "legal_basis": "None", "population": "residents"}
ID = {
    "name": "id",
    "type": "integer",
    "tre": {"role": "identifier", "kind": "local-id"},
}
WHERE = {"name": "region", "constraints": {"enum": [*REGIONS, "east"]}}


def amount(name: str, maximum: int) -> dict[str, Any]:
    """A whole number that is never missing."""
    bounds = {"required": True, "minimum": 0, "maximum": maximum}
    return {"name": name, "type": "integer", "constraints": bounds}


def resource(
    name: str, unit: dict[str, Any], *fields: dict[str, Any], **schema: Any
) -> dict[str, Any]:
    """One table of a manifest."""
    return {"name": name, "tre": unit, "schema": {"fields": [*fields], **schema}}


COUNTRY = {"name": "country", "constraints": {"enum": ["up", "down"]}}
PACKAGE = {
    "name": "linked",
    "tre": TRE,
    "resources": [
        resource("homes", {"privacy_unit": "person", "rows_per_person": 2}, ID, WHERE),
        resource(
            "pays",
            {"privacy_unit": "person", "rows_per_person": 3},
            ID,
            amount("pay", 100),
        ),
        resource(
            "places", {"privacy_unit": "none"}, WHERE, COUNTRY, primaryKey="region"
        ),
    ],
}
PLACES = pa.table({"region": [*REGIONS, "east"], "country": ["up", "down", "up", "up"]})


def linked(people: int) -> dict[str, pa.Table]:
    """People of whom some have homes, some pay, and most both."""
    drawn = np.random.default_rng(5)
    homes = np.repeat(np.arange(people), drawn.integers(0, 3, people))
    pays = np.repeat(np.arange(people), drawn.integers(0, 4, people))
    return {
        "homes": pa.table(
            {"id": homes, "region": np.array(REGIONS)[drawn.integers(0, 3, len(homes))]}
        ),
        "pays": pa.table({"id": pays, "pay": drawn.integers(0, 101, len(pays))}),
        "places": PLACES,
    }


@pytest.fixture(scope="module")
def tables() -> dict[str, pa.Table]:
    """What is brought to the laboratory."""
    return linked(500)


@pytest.fixture(scope="module")
def lab(tables: dict[str, pa.Table]) -> Iterator[Lab]:
    """A laboratory with linked tables and a public one."""
    with Lab(tables, PACKAGE, epsilon=1e6, policy="none") as lab:
        yield lab


QUESTIONS = {
    "SELECT region, COUNT(*) AS n, SUM(pay) AS s, COUNT(DISTINCT person_id) AS p"
    " FROM homes JOIN pays USING (person_id) GROUP BY region": 6,
    "SELECT region, COUNT(*) AS n, SUM(pay) AS s, COUNT(DISTINCT person_id) AS p"
    " FROM homes LEFT JOIN pays USING (person_id) GROUP BY region": 6,
    "SELECT country, COUNT(*) AS n, COUNT(*) AS s, COUNT(DISTINCT person_id) AS p"
    " FROM homes JOIN places USING (region) GROUP BY country": 2,
    "WITH rich AS (SELECT person_id, pay FROM pays WHERE pay > 50)"
    " SELECT country, COUNT(*) AS n, SUM(pay) AS s, COUNT(DISTINCT person_id) AS p"
    " FROM homes JOIN rich USING (person_id) JOIN places USING (region)"
    " GROUP BY country": 6,
}


@pytest.mark.parametrize(("sql", "cap"), QUESTIONS.items())
def test_joins_are_those_of_the_tables_as_brought(lab: Lab, sql: str, cap: int) -> None:
    """A release is the exact answer of the linked tables, but for its noise."""
    exact, told = lab.exact(sql), lab.ask(sql, rho=1e5).to_arrow()
    for name, apart in (("n", 1), ("s", 25), ("p", 1)):
        pairs = zip(exact[name].to_pylist(), told[name].to_pylist(), strict=True)
        assert all(abs((true or 0) - (noised or 0)) <= apart for true, noised in pairs)
    assert f"at most {cap} rows" in lab.explain(sql, rho=1.0).bounds


def test_exact_joins_agree_with_pandas(lab: Lab, tables: dict[str, pa.Table]) -> None:
    """The laboratory's own exact answer is what any other tool would say."""
    homes, pays = (tables[name].to_pandas() for name in ("homes", "pays"))
    joined = homes.merge(pays, on="id").groupby("region")["pay"].agg(["size", "sum"])
    exact = lab.exact(next(iter(QUESTIONS))).to_pandas().set_index("region")
    for region, row in joined.iterrows():
        assert exact.loc[region, "n"] == row["size"]
        assert int(exact.loc[region, "s"]) == row["sum"]


def test_a_unique_key_is_enforced_at_publication(
    tables: dict[str, pa.Table],
) -> None:
    """A public table in which two rows share the key is not published at all."""
    twice = pa.concat_tables([PLACES, PLACES.slice(0, 1)])
    with pytest.raises(Invalid) as invalid, Lab({**tables, "places": twice}, PACKAGE):
        pass
    assert invalid.value.path == "resources[2].schema"


@pytest.mark.parametrize("people", [0, 1, 300])
def test_refusals_of_joins_do_not_depend_on_rows(people: int) -> None:
    """Whether a join is refused, and its answer's shape, is the same for any data."""
    with Lab(linked(people), PACKAGE) as lab:
        with pytest.raises(Refused) as refused:
            lab.ask("SELECT COUNT(*) FROM homes, pays", epsilon=1.0)
        assert refused.value.code == "join"
        table = lab.ask(next(iter(QUESTIONS)), epsilon=1.0).to_arrow()
        assert table["region"].to_pylist() == [*REGIONS, "east", None]


def _ages(folder: Path) -> Path:
    """A second dataset about the same people, under the same local ids."""
    kept = ["local", "surname", "age"]
    pacsv.write_csv(rows().select(kept), folder / "ages.csv")
    document = package("ages")
    schema = document["resources"][0]["schema"]
    schema["fields"] = [each for each in schema["fields"] if each["name"] in kept]
    document["tre"]["budget"] = {"epsilon": 5.0, "delta": 1e-7}
    (folder / "ages.json").write_text(json.dumps(document), encoding="utf-8")
    return folder / "ages.json"


def test_a_join_reads_and_charges_every_dataset(tmp_path: Path) -> None:
    """Datasets of one population join by person, at the price and grants of each."""
    (tmp_path / "sources").mkdir()
    both = {"people": ["region", "age"], "ages": ["age"]}
    with furnished(tmp_path / "home", tmp_path / "sources") as environment:
        environment.onboard(_ages(tmp_path / "sources"), person=STEWARD)
        asked = {**project(datasets=both), "name": "joined"}
        environment.propose(asked, person=RESEARCHER)
        environment.approve("joined", person=COMMITTEE)
        environment.approve("joined", person=STEWARD)

        def ask(sql: str) -> Release:
            return environment.ask(
                sql, project="joined", person=RESEARCHER, epsilon=2.0
            )

        before = _charged(environment, "ages")
        release = ask(SAME_AGE)
        (row,) = release.to_arrow().to_pylist()
        assert abs(row["people"] - PEOPLE) < 60
        assert release.loss.rho == pytest.approx(_charged(environment, "ages") - before)
        with pytest.raises(Refused) as refused:
            ask("SELECT COUNT(*) FROM people JOIN ages USING (person_id) WHERE pay > 1")
        assert refused.value.code == "not_granted"


def _charged(environment: Environment, dataset: str) -> float:
    """What the dataset's own account was charged, in ρ."""
    spent = select(account.c.spent_nano).where(account.c.name == dataset)
    with environment._parts.control.reading() as connection:
        found = connection.execute(spent).scalars().all()
    return sum(found) / 1e9


def test_versions_of_two_spines_are_not_joined() -> None:
    """A question reads each version once, and joins those of one spine version only."""
    query = bound_query("SELECT COUNT(*) FROM earnings e JOIN jobs USING (person_id)")
    one = Version("e/1", "e", "1", "file", "key", "1")
    other = Version("j/1", "j", "1", "file", "key", "1")
    current = {"earnings": one, "jobs": other}
    assert versions_read(query, current.__getitem__) == (one, other)
    assert versions_read(query, {"earnings": one, "jobs": one}.__getitem__) == (one,)
    apart = replace(other, spine_version="2")
    with pytest.raises(Refused) as refused:
        versions_read(query, {**current, "jobs": apart}.__getitem__)
    assert refused.value.code == "join"


def test_public_tables_are_of_no_spine() -> None:
    """A public table is joined whatever version of the linkage is in force."""
    query = bound_query("SELECT COUNT(*) FROM earnings JOIN regions USING (region)")
    people = Version("e/1", "e", "1", "file", "key", "1")
    public = Version("r/1", "r", "1", "file", "key", "-")
    found = versions_read(query, {"earnings": people, "regions": public}.__getitem__)
    assert found == (people, public)


@pytest.mark.statistical
@pytest.mark.parametrize(
    ("stretch", "fits"), [(0.8, False), (1.0, True), (1.25, False)]
)
def test_a_join_has_the_noise_of_its_bound(
    lab: Lab, stretch: float, fits: bool
) -> None:
    """The noise of a join is that of the product of caps, and of no other bound."""
    sql = "SELECT COUNT(*) AS n FROM homes JOIN pays USING (person_id)"
    truth = lab.exact(sql)["n"][0].as_py()
    rho = 0.02
    scale = stretch * (6**2 / (2 * rho)) ** 0.5
    drawn = lab.draws(sql, rho=rho, times=20_000)["n"].to_numpy() - truth
    edges = np.arange(-100, 101, 10) + 0.5
    observed = np.histogram(drawn, [-np.inf, *edges, np.inf])[0]
    chances = np.diff([0.0, *stats.norm.cdf(edges / scale), 1.0])
    fit = stats.chisquare(observed, chances * len(drawn)).pvalue
    assert fits == (fit > 1e-6)
