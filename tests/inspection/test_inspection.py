"""What a steward is told before publication: found where it is, and not elsewhere."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from itertools import combinations
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from privacy import catalogue
from tests.intake.support import Register, new_zones
from tre.gateway.wire import plain
from tre.inspection.drift import _index, combined, drifted
from tre.inspection.inspect import report
from tre.inspection.kept import forget_summary, keep_summary, recall_summary
from tre.inspection.page import page_of
from tre.inspection.report import Finding, Level, Report
from tre.intake import Publication, Zones, onboard
from tre.intake.publication import Shares
from tre.manifest import DeliveryKind, load

TODAY = date(2026, 11, 25)
CANARY = "CANARYVALUE"
NHS = ("9434765919", "9434765870", "4010232137")
ORDER = re.compile(r"\d+$")


@pytest.fixture(scope="module")
def zones(tmp_path_factory: pytest.TempPathFactory) -> Zones:
    """The zones of one environment."""
    return new_zones(tmp_path_factory.mktemp("home"))


def _resource(
    name: str, fields: list[Mapping[str, Any]], **unit: Any
) -> dict[str, Any]:
    return {
        "name": name,
        "path": f"{name}.parquet",
        "tre": unit or {"privacy_unit": "row"},
        "schema": {"fields": [dict(one) for one in fields]},
    }


def _looked(
    zones: Zones, folder: Path, *tables: tuple[dict[str, Any], Mapping[str, Any]]
) -> Report:
    """The report on tables of these resources and columns."""
    for resource, columns in tables:
        pq.write_table(pa.table(dict(columns)), folder / resource["path"])
    document = {
        "name": "looked",
        "tre": {"controller": "D", "legal_basis": "L", "population": "residents"},
        "resources": [resource for resource, _ in tables],
    }
    return report(load(document, folder), zones, TODAY)


def _rules(found: Report, column: str | None = None) -> set[str]:
    return {
        one.rule for one in found.findings if column is None or one.column == column
    }


VISITS = {
    "id": [*"11112", *"22333", None],
    "year": [2010, 2010, 2010, 2011, 2010, 2011, 2012, 2010, 2010, 2011, 2010],
}
"""Past a row a year: two of 1, one of 3. Past two years: one of 2. One is nobody's."""


def test_rows_that_bounds_by_group_leave_out_are_told(zones: Zones, tmp_path) -> None:
    """Each bound by itself, as counted by hand: in findings, on the page, in JSON."""
    fields = [ID, {"name": "year", "type": "integer"}]
    bounds = [{"by": ["year"], "rows": 1}, {"by": ["year"], "groups": 2}]
    unit = {"privacy_unit": "person", "rows_per_person": 8, "group_bounds": bounds}
    visits = _resource("visits", fields, **unit)
    found = _looked(zones, tmp_path, (visits, VISITS))
    persons = found.tables[0].persons
    assert persons is not None
    told = [(each.dropped, each.drawn) for each in persons.bounds]
    assert told == [(3, False), (1, True)]
    shares = [one for one in found.findings if one.rule == "group_bound_drops_rows"]
    assert [one.rows for one in shares] == [3, 1]
    assert "at most 1 for each year drops 3 rows (30.0%)" in shares[0].message
    assert "those of at most 2 of year drops about 1 row (10.0%)" in shares[1].message
    assert "those of at most 2 of year would by itself drop about 1" in page_of(found)
    assert json.loads(json.dumps(plain(found)))["tables"][0]["persons"]["bounds"]


def test_bounds_by_group_that_leave_nothing_out_are_no_finding(
    zones: Zones, tmp_path: Path
) -> None:
    """They are told, with nothing dropped, and nobody is warned of them."""
    unit = {"privacy_unit": "person", "rows_per_person": 8}
    bounds = [{"by": ["year"], "rows": 3}]
    fields = [ID, {"name": "year", "type": "integer"}]
    visits = _resource("visits", fields, **unit, group_bounds=bounds)
    found = _looked(zones, tmp_path, (visits, VISITS))
    persons = found.tables[0].persons
    assert persons is not None
    assert [each.dropped for each in persons.bounds] == [0]
    assert "group_bound_drops_rows" not in _rules(found)


def _the(found: Report, rule: str) -> Finding:
    (finding,) = [one for one in found.findings if one.rule == rule]
    return finding


SUSPECTS = [
    (list(NHS) * 20, "undeclared_identifier", "kind: nhs-number"),
    (
        ["AB 12 34 56 C", "CE123456D", None] * 20,
        "undeclared_identifier",
        "national-ins",
    ),
    (["a@b.org", "c.d@e.co.uk"] * 20, "undeclared_identifier", "kind: email"),
    (["020 7946 0018", "+44 7700 900123"] * 20, "undeclared_identifier", "phone"),
    (["SW1A 1AA", "cf10 1ab"] * 20, "undeclared_identifier", "outward-postcode"),
    (["she was seen again by the same doctor"] * 40, "free_text", "role: free-text"),
    (["ok", "see 943 476 5919", *["ok"] * 40], "identifier_within", "free-text"),
    (["ok", "ask x@y.org", *["ok"] * 40], "identifier_within", "free-text"),
    ([f"r{n}" for n in range(60)], "record_number", "drop: true"),
]


@pytest.mark.parametrize(("values", "rule", "change"), SUSPECTS)
def test_what_looks_like_an_identifier_is_found(
    zones: Zones, tmp_path: Path, values: list[str | None], rule: str, change: str
) -> None:
    """The shape of values tells what a column is, and what the manifest should say."""
    resource = _resource("t", [{"name": "x"}])
    found = _looked(zones, tmp_path, (resource, {"x": values}))
    finding = _the(found, rule)
    assert (finding.table, finding.column) == ("t", "x")
    assert change in finding.change
    shown = json.dumps(plain(found)) + page_of(found)
    assert not any(value in shown for value in values if value and len(value) > 5)


PLAIN = [
    ["North", "South", "North East"] * 20,
    ["1234567890", "1111111112", "1234567891", "9999999998"] * 20,
    ["AB1", "C4", "10/3"] * 20,
]


@pytest.mark.parametrize("values", PLAIN)
def test_what_is_no_identifier_is_left_alone(
    zones: Zones, tmp_path: Path, values: list[str]
) -> None:
    """Names of places, codes, and ten digits with a wrong check digit are none."""
    found = _looked(zones, tmp_path, (_resource("t", [{"name": "x"}]), {"x": values}))
    assert not _rules(found, "x")


def test_what_is_declared_is_not_found(zones: Zones, tmp_path: Path) -> None:
    """An identifier declared as one, and a column that is dropped, are right."""
    fields: list[Mapping[str, Any]] = [
        {"name": "x", "tre": {"role": "identifier", "kind": "nhs-number"}},
        {"name": "email", "tre": {"drop": True}},
        {"name": "n", "type": "integer"},
    ]
    columns = {"x": list(NHS), "email": ["a@b.org"] * 3, "n": [1, 2, 3]}
    found = _looked(zones, tmp_path, (_resource("t", fields), columns))
    assert not any(_rules(found, name) for name in columns)


def test_names_of_columns_speak_too(zones: Zones, tmp_path: Path) -> None:
    """A published column that is named like an identifier is asked about.

    What is proposed keeps the year of a birth, and in three columns drops the day.
    """
    born = {"type": "date"}
    fields: list[Mapping[str, Any]] = [
        {"name": "Surname"},
        *({"name": name, **born} for name in ("DOB", "BIRTH_DATETIME")),
        {"name": "DAY_OF_BIRTH", "type": "integer"},
    ]
    columns = {"Surname": ["A", "B"] * 3, "DAY_OF_BIRTH": [1] * 6}
    columns |= {name: [date(2000, 1, 1)] * 6 for name in ("DOB", "BIRTH_DATETIME")}
    found = _looked(zones, tmp_path, (_resource("t", fields), columns))
    assert "kind: surname" in _the_of(found, "Surname").change
    for name in ("DOB", "BIRTH_DATETIME"):
        change = _the_of(found, name).change
        assert "kind: date-of-birth, derive: {born: {from: year" in change
    (day,) = [one for one in found.findings if one.column == "DAY_OF_BIRTH"]
    assert day.change == "- {name: DAY_OF_BIRTH, tre: {drop: true}}"


def _the_of(found: Report, column: str) -> Finding:
    (finding,) = [one for one in found.findings if one.column == column]
    return finding


BANDS = {"from": "bands", "bands": [10, 20]}
CODES = {"from": "codes", "codes": {"1": "one"}}
AGES = {"from": "age-band", "at": "2026-01-01", "bands": [16, 65]}
YEAR = {"from": "year", "minimum": 1950, "maximum": 2000}
STEP = {"from": "step", "step": 5}
OUTWARD = {"from": "outward-postcode", "enum": ["CF10"]}
OUTSIDE: list[tuple[dict[str, Any], Any, str]] = [
    ({"constraints": {"enum": ["a"]}}, "b", "constraints: {enum: [… and those that"),
    (
        {"type": "integer", "constraints": {"minimum": 0, "maximum": 9}},
        77,
        "tre: {out_of_range: clamp}",
    ),
    (
        {"type": "integer", "tre": {"generalise": BANDS}},
        7,
        "tre: {generalise: {bands: [… from the lowest on]}}",
    ),
    (
        {"tre": {"drop": True, "derive": {"y": CODES}}},
        "2",
        "derive: {y: {codes: {… and those that are missing: …}}}",
    ),
    (
        {"type": "date", "tre": {"drop": True, "derive": {"y": AGES}}},
        date(2020, 1, 1),
        "derive: {y: {bands: [… from the lowest on]}}",
    ),
    (
        {"type": "date", "tre": {"drop": True, "derive": {"y": YEAR}}},
        date(2020, 1, 1),
        "derive: {y: {minimum: …, maximum: …}}",
    ),
    (
        {
            "type": "integer",
            "constraints": {"minimum": 0, "maximum": 9},
            "tre": {"drop": True, "derive": {"y": STEP}},
        },
        77,
        "derive: {y: {out_of_range: clamp}}",
    ),
    (
        {"tre": {"drop": True, "derive": {"y": OUTWARD}}},
        "SW1A 1AA",
        "derive: {y: {enum: [… and those that belong]}}",
    ),
]


@pytest.mark.parametrize(("field", "value", "change"), OUTSIDE)
def test_what_is_out_of_range_is_told_what_would_take_it_in(
    zones: Zones, tmp_path: Path, field: dict[str, Any], value: Any, change: str
) -> None:
    """A list lacks a key, bands their lowest, a number its bounds: each what is so."""
    resource = _resource("t", [{"name": "x", **field}, {"name": "n"}])
    found = _looked(zones, tmp_path, (resource, {"x": [value], "n": ["1"]}))
    assert _the(found, "rejected_range").change.startswith("- {name: x, ")
    assert change in _the(found, "rejected_range").change


def test_what_cannot_be_right_is_found(zones: Zones, tmp_path: Path) -> None:
    """Rejects, repeats, dates, empty columns, unlisted categories and outliers."""
    fields: list[Mapping[str, Any]] = [
        {"name": "n", "type": "integer", "constraints": {"minimum": 0, "maximum": 9}},
        {"name": "start_date", "type": "date"},
        {"name": "end_date", "type": "date"},
        {
            "name": "region",
            "constraints": {"enum": ["North"]},
            "tre": {"out_of_range": "clamp"},
        },
        {"name": "none"},
        {"name": "pay", "type": "integer"},
    ]
    rows = 2_000
    columns: dict[str, list[Any]] = {
        "n": [row % 10 for row in range(rows - 1)] + [77],
        "start_date": [date(2020, 1, 1)] * (rows - 2) + [date(2030, 1, 1)] * 2,
        "end_date": [date(2021, 1, 1)] * rows,
        "region": ["North"] * (rows - 5) + ["Mars"] * 5,
        "none": [None] * rows,
        "pay": [row % 100 for row in range(rows - 1)] + [10**9],
    }
    found = _looked(zones, tmp_path, (_resource("t", fields), columns))
    assert _the(found, "rejected_range").rows == 1
    assert _the(found, "impossible_date").rows == 1
    assert _the(found, "end_before_start").rows == 1
    assert "Mars (5)" in _the(found, "unlisted_category").message
    assert _the(found, "empty_column").change == "- {name: none, tre: {drop: true}}"
    assert _the(found, "repeated_rows").rows > rows - 200
    assert found.counts[0].rejected == 1


PERSON = {"privacy_unit": "person", "rows_per_person": 1}
ID: Mapping[str, Any] = {
    "name": "id",
    "tre": {"role": "identifier", "kind": "local-id"},
}


def test_a_table_that_outgrows_its_size_class_is_found(
    zones: Zones, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The finding says the smallest class that fits; one row fewer is no finding."""
    for size, rows in ((catalogue.Size.SMALL, 5), (catalogue.Size.MEDIUM, 10)):
        monkeypatch.setitem(catalogue._ROWS, size, rows)
    resource = _resource("t", [{"name": "x"}])
    finding = _the(_looked(zones, tmp_path, (resource, {"x": ["a"] * 11})), "outgrown")
    assert (finding.rows, finding.change) == (11, "tre: {size: large}")
    found = _looked(zones, tmp_path, (resource, {"x": ["a"] * 10}))
    assert "outgrown" not in _rules(found)


def test_a_header_that_is_a_row_is_found(zones: Zones, tmp_path: Path) -> None:
    """Names of the package's fields where values should be, or of its own columns."""
    people = _resource("people", [{**ID, "name": "PERSON_ID"}], **PERSON)
    death = _resource(
        "death", [{**ID, "name": "column0"}, {"name": "column1"}], **PERSON
    )
    again = _resource("again", [{**ID, "name": "nr"}, {"name": "sex"}], **PERSON)
    found = _looked(
        zones,
        tmp_path,
        (people, {"PERSON_ID": ["1", "2"]}),
        (death, {"column0": ["PERSON_ID"], "column1": ["CAUSE"]}),
        (again, {"nr": ["1", "NR", "2"], "sex": ["f", "Sex", "m"]}),
    )
    headers = [one for one in found.findings if one.rule == "header_as_row"]
    assert [(one.table, one.rows) for one in headers] == [("death", 1), ("again", 1)]


def test_rows_of_nobody_in_the_register_are_found(zones: Zones, tmp_path: Path) -> None:
    """Local ids that the table of people has not are counted, and not named."""
    people = _resource("people", [ID], **PERSON)
    unit = {"privacy_unit": "person", "rows_per_person": 2}
    stays = _resource("stays", [ID, {"name": "n", "type": "integer"}], **unit)
    ids = ["1", "2", f"{CANARY}9", f"{CANARY}9", f"{CANARY}9", "1", None]
    found = _looked(
        zones,
        tmp_path,
        (people, {"id": ["1", "2", "3"]}),
        (stays, {"id": ids, "n": list(range(7))}),
    )
    assert _the(found, "unknown_person").rows == 3
    told = _the(found, "unknown_person").message
    assert "are of people who are not in the table people, 1 of them" in told
    assert _the(found, "without_person").rows == 1
    persons = found.tables[1].persons
    assert persons is not None
    assert (persons.people, persons.most, persons.dropped) == (3, 3, 1)
    assert _the(found, "cap_drops_rows").rows == 1
    assert CANARY not in json.dumps(plain(found)) + page_of(found)


def _people(seed: int) -> list[tuple[int, ...]]:
    """Up to six people with up to fourteen rows: id, three columns, a sensitive one."""
    draw = Random(seed)  # noqa: S311 - test data
    size = draw.randint(1, 14)
    return [
        (draw.randint(0, 5), *(draw.randint(0, 2) for _ in "abc"), draw.randint(0, 1))
        for _ in range(size)
    ]


BORN = {
    "name": "born",
    "type": "date",
    "tre": {"role": "identifier", "kind": "date-of-birth"},
}


@pytest.mark.parametrize(
    ("wrong", "level", "change"),
    [(1, Level.WARNING, ""), (20, Level.SERIOUS, 'name: born, format: "%d/%m/%Y"')],
)
def test_dates_written_in_another_way_are_serious(
    zones: Zones, tmp_path: Path, wrong: int, level: Level, change: str
) -> None:
    """One wrong date of birth is an error; where many are, the format is."""
    dates = ["31/12/1980"] * wrong + ["1980-12-31"] * (100 - wrong)
    unit = {"privacy_unit": "person", "rows_per_person": 1}
    resource = _resource("t", [ID, BORN, {"name": "n"}], **unit)
    resource["tre"]["link"] = {"identifiers": ["id", "born"]}
    columns = {"id": [f"{n}" for n in range(100)], "born": dates, "n": ["1"] * 100}
    finding = _the(_looked(zones, tmp_path, (resource, columns)), "wrong_identifier")
    assert (finding.rows, finding.level) == (wrong, level)
    assert change in finding.change


@pytest.mark.parametrize("seed", range(6))
def test_risk_is_what_counting_by_hand_gives(
    zones: Zones, tmp_path: Path, seed: int
) -> None:
    """k, uniques, special uniques and l agree with their definitions."""
    rows = _people(seed)
    quasi = [
        {"name": name, "type": "integer", "tre": {"role": "quasi-identifier"}}
        for name in "abc"
    ]
    sensitive = {"name": "s", "type": "integer", "tre": {"role": "sensitive"}}
    unit = {"privacy_unit": "person", "rows_per_person": 99}
    columns = {
        "id": [str(row[0]) for row in rows],
        **{name: [row[at] for row in rows] for at, name in enumerate("abcs", start=1)},
    }
    resource = _resource("t", [ID, *quasi, sensitive], **unit)
    found = _looked(zones, tmp_path, (resource, columns)).tables[0].risk
    assert found is not None
    distinct = {row[:4] for row in rows}
    sizes = Counter(row[1:] for row in distinct)
    assert found.smallest == min(sizes.values())
    assert found.unique == sum(size for size in sizes.values() if size == 1)
    special = _special_by_hand(distinct)
    least = Counter(min(map(len, sets)) for sets in special.values() if sets)
    assert {int(bar.label): bar.rows for bar in found.special} == {
        size: least.get(size, 0) for size in (1, 2, 3)
    }
    for at, bar in enumerate(found.blame):
        assert bar.rows == sum(at in one for sets in special.values() for one in sets)
    (diversity,) = found.diversity
    values: dict[tuple[int, ...], set[int]] = {}
    for row in rows:
        values.setdefault(row[1:4], set()).add(row[4])
    assert diversity.least == min(map(len, values.values()))


def _special_by_hand(
    distinct: set[tuple[int, ...]],
) -> dict[int, set[frozenset[int]]]:
    """Each person's minimal sets of columns on some value of which they are alone."""
    people = {row[0] for row in distinct}
    found: dict[int, set[frozenset[int]]] = {person: set() for person in people}
    for size in (1, 2, 3):
        for chosen in combinations(range(3), size):
            owners: dict[tuple[int, ...], set[int]] = {}
            for row in distinct:
                key = tuple(row[1 + at] for at in chosen)
                owners.setdefault(key, set()).add(row[0])
            for whose in owners.values():
                person = next(iter(whose))
                smaller = any(one < frozenset(chosen) for one in found[person])
                if len(whose) == 1 and not smaller:
                    found[person].add(frozenset(chosen))
    return found


def test_drift_is_told_from_what_was_kept(zones: Zones, tmp_path: Path) -> None:
    """A column whose values moved, and one that went missing, are found; others not."""
    fields: list[Mapping[str, Any]] = [
        {"name": "region", "constraints": {"enum": ["North", "South"]}},
        {
            "name": "pay",
            "type": "integer",
            "constraints": {"minimum": 0, "maximum": 99},
        },
        {"name": "same", "type": "boolean"},
    ]
    resource = _resource("t", fields)
    before: dict[str, list[Any]] = {
        "region": ["North", "South"] * 50,
        "pay": list(range(100)),
        "same": [True, False] * 50,
    }
    pq.write_table(pa.table(before), tmp_path / "t.parquet")
    document = {
        "name": "moving",
        "version": "1",
        "tre": {"controller": "D", "legal_basis": "L", "population": "residents"},
        "resources": [resource],
    }
    manifest = load(document, tmp_path)
    publication = onboard(manifest, zones, Register())
    assert recall_summary(zones, "moving") is None
    keep_summary(zones, publication, DeliveryKind.REPLACE)
    earlier = recall_summary(zones, "moving")
    assert not {"drift", "drift_missing"} & _rules(
        report(manifest, zones, TODAY, earlier)
    )
    after = {**before, "region": ["North"] * 95 + ["South"] * 5}
    after["pay"] = [*range(50), *[None] * 50]
    pq.write_table(pa.table(after), tmp_path / "t.parquet")
    found = report(manifest, zones, TODAY, earlier)
    assert found.earlier == "1"
    assert "drift" in _rules(found, "region")
    assert "drift_missing" in _rules(found, "pay")
    assert not _rules(found, "same")
    forget_summary(zones, "moving")
    assert recall_summary(zones, "moving") is None


def _published(version: str, shares: Shares) -> Publication:
    """A publication of which nothing is there but its shares."""
    named = dict.fromkeys(Publication.__dataclass_fields__)
    said = {"dataset": "added", "version": version, "summaries": {"t": {"x": shares}}}
    return Publication(**{**named, **said})  # type: ignore[arg-type]  # nothing else is read


def test_what_is_added_to_is_compared_with_all_together(zones: Zones) -> None:
    """A delivery beside the last and beside all; a correction changes nothing kept."""
    first, second = Shares(0.0, {"a": 1.0}, 300), Shares(0.5, {"b": 1.0}, 200)
    keep_summary(zones, _published("1", first), DeliveryKind.APPEND)
    keep_summary(zones, _published("2", second), DeliveryKind.APPEND)
    earlier = recall_summary(zones, "added")
    assert earlier is not None
    assert earlier.delivered == {("t", "x"): second}
    together = earlier.together["t", "x"]
    assert (together.rows, together.missing) == (500, 0.2)
    assert dict(together.by_label) == {"a": 0.75, "b": 0.25}
    (drift,) = drifted("t", {"x": second}, earlier)
    assert drift.index == 0 < drift.index_together
    few = Shares(0.0, {"c": 1.0}, 3)
    keep_summary(zones, _published("3", few), DeliveryKind.CORRECT)
    assert recall_summary(zones, "added") == replace(earlier, version="3")
    keep_summary(zones, _published("4", few), DeliveryKind.REPLACE)
    replaced = recall_summary(zones, "added")
    assert replaced is not None
    assert replaced.delivered == replaced.together == {("t", "x"): few}
    forget_summary(zones, "added")


@given(
    st.lists(st.sampled_from(["a", "b", None]), max_size=30),
    st.lists(st.sampled_from(["a", "c", None]), max_size=30),
)
def test_shares_of_both_are_those_of_their_rows(
    one: list[str | None], other: list[str | None]
) -> None:
    """Putting shares together is as good as counting the rows of both."""
    found, counted = combined(_counted(one), _counted(other)), _counted(one + other)
    assert found.rows == counted.rows
    assert found.missing == pytest.approx(counted.missing)
    for label in "abc":
        share = counted.by_label.get(label, 0.0)
        assert found.by_label.get(label, 0.0) == pytest.approx(share)


def _counted(values: list[str | None]) -> Shares:
    present = [value for value in values if value is not None]
    shares = {v: n / len(present) for v, n in Counter(present).items()}
    missing = 1 - len(present) / len(values) if values else 0.0
    return Shares(missing, shares, len(values))


@given(st.dictionaries(st.sampled_from("abc"), st.floats(0, 1), min_size=1))
def test_the_index_is_none_for_no_change_and_never_negative(
    shares: dict[str, float],
) -> None:
    """Equal shares have index 0; any others at least that."""
    assert _index(shares, shares) == 0
    assert _index(shares, {"a": 1.0}) >= 0


def test_the_page_needs_nothing_beside_it(zones: Zones, tmp_path: Path) -> None:
    """No script, no address, every text escaped, whatever a source is called."""
    resource = {**_resource("t", [{"name": "x"}]), "title": "<script>alert(1)</script>"}
    found = _looked(zones, tmp_path, (resource, {"x": ["a", "b"] * 3}))
    page = page_of(found)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert not re.search(r"(src|href)=[\"'](?!#)", page)


def test_nothing_is_left_of_what_was_looked_at(zones: Zones, tmp_path: Path) -> None:
    """No file of the home is there that was not before."""
    before = set(zones.home.rglob("*"))
    _looked(zones, tmp_path, (_resource("t", [{"name": "x"}]), {"x": ["a"]}))
    assert set(zones.home.rglob("*")) == before


def test_distinct_values_are_counted_and_not_estimated(zones: Zones, tmp_path) -> None:
    """There are twelve months in a year, and as many numbers as there are rows."""
    fields: list[Mapping[str, Any]] = [
        {"name": name, "type": "integer"} for name in ("month", "number")
    ]
    rows = 20_000
    columns = {
        "month": [at % 12 + 1 if at % 5 else None for at in range(rows)],
        "number": list(range(rows)),
    }
    (table,) = _looked(zones, tmp_path, (_resource("t", fields), columns)).tables
    assert [one.distinct for one in table.columns] == [12, rows]


def test_numbers_that_nothing_can_be_made_of_are_told(zones: Zones, tmp_path) -> None:
    """Once a table, by name, with what to declare; those with bounds are none."""
    ends = {"minimum": 0, "maximum": 120}
    bounded = {"name": "age", "type": "integer", "constraints": ends}
    fields: list[Mapping[str, Any]] = [
        bounded,
        *({"name": f"n{at}", "type": "integer"} for at in range(10)),
    ]
    columns = {str(one["name"]): [1, 2] for one in fields}
    found = _looked(zones, tmp_path, (_resource("t", fields), columns))
    told = _the(found, "no_bounds")
    assert told.level is Level.NOTE
    assert told.message.startswith("n0, n1, n2, n3, n4, n5, n6, n7 and 2 more have no")
    assert told.change.startswith("- {name: n0, constraints: {minimum: …, maximum")


def test_a_table_of_which_no_risk_is_told_says_so(zones: Zones, tmp_path) -> None:
    """Where nothing is declared and no list stands in, a steward is asked to."""
    plain_text = {"name": "town"}
    found = _looked(zones, tmp_path, (_resource("t", [plain_text]), {"town": ["a"]}))
    assert found.tables[0].risk is None
    assert "is not looked at" in _the(found, "no_quasi_identifiers").message
    declared = {"name": "town", "tre": {"role": "quasi-identifier"}}
    found = _looked(zones, tmp_path, (_resource("t", [declared]), {"town": ["a"]}))
    assert "no_quasi_identifiers" not in _rules(found)


@pytest.mark.parametrize(
    ("said", "values", "change"),
    [
        ({"type": "integer"}, [1, 2], "generalise: {from: …}}}   # bands, step, codes"),
        ({"type": "string"}, ["a", "b"], "# codes, lookup or outward-postcode"),
        ({"type": "boolean"}, ["true", "false"], "tre: {drop: true}"),
    ],
)
def test_what_is_proposed_suits_the_field(
    zones: Zones, tmp_path: Path, said, values, change: str
) -> None:
    """A number has no postcode, and nothing is coarser than yes and no."""
    field = {"name": "x", "tre": {"role": "quasi-identifier"}, **said}
    found = _looked(zones, tmp_path, (_resource("t", [field]), {"x": values}))
    assert change in _the(found, "unique_people").change


def test_columns_for_match_rates_are_proposed(zones: Zones, tmp_path: Path) -> None:
    """What others may know, in few listed values; what is written so is no finding."""
    quasi, few = {"role": "quasi-identifier"}, {"enum": ["a", "b"]}
    sexes, years = {"enum": [1, 2]}, {"minimum": 1900, "maximum": 1999}
    fields: list[Mapping[str, Any]] = [
        *(ID, BORN),
        {"name": "sex", "type": "integer", "constraints": sexes, "tre": quasi},
        {"name": "area", "constraints": few, "tre": quasi},
        {"name": "year", "type": "integer", "constraints": years, "tre": quasi},
        {"name": "origin", "constraints": few, "tre": {"role": "sensitive"}},
        {"name": "note", "constraints": few},
    ]
    columns = {
        **{"id": ["1"], "born": ["1980-12-31"], "sex": [1], "year": [1950]},
        **{name: ["a"] for name in ("area", "origin", "note")},
    }
    people = _resource("t", fields, **PERSON, link={"identifiers": ["id", "born"]})
    told = _the(_looked(zones, tmp_path, (people, columns)), "no_subgroups")
    assert told.change == "tre: {link: {by: [sex, area, origin]}}"
    people["tre"]["link"] |= yaml.safe_load(told.change)["tre"]["link"]
    assert "no_subgroups" not in _rules(_looked(zones, tmp_path, (people, columns)))
    unlinked = _resource("t", fields, **PERSON)
    assert "no_subgroups" not in _rules(_looked(zones, tmp_path, (unlinked, columns)))
