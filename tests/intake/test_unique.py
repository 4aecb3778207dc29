"""Unique keys: declared of public tables, and enforced before they are relied on."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from connectors.errors import Invalid
from tests.intake.support import Register, package, published, take_in, with_fields
from tre.intake.inspect import inspect
from tre.intake.zones import Zones
from tre.manifest import load

CODE = {"name": "code", "constraints": {"enum": ["x", "y", "z"]}}
AREA = {"name": "area", "type": "integer"}


def public(**schema: Any) -> dict[str, Any]:
    """A manifest of one public table with two columns."""
    document = with_fields(CODE, AREA, privacy_unit="none")
    document["resources"][0]["schema"].update(schema)
    return document


def table(*rows: tuple[str | None, int | None]) -> pa.Table:
    """Codes and areas."""
    codes, areas = zip(*rows, strict=True)
    return pa.table(
        {"code": pa.array(codes, pa.string()), "area": pa.array(areas, pa.int64())}
    )


@pytest.mark.parametrize("key", ["code", ["code"]])
def test_declared_keys_are_public_facts(
    zones: Zones, register: Register, key: object
) -> None:
    """A published table says by which columns its rows differ."""
    document = public(primaryKey=key, uniqueKeys=[["code", "area"]])
    publication = take_in(zones, register, document, table(("x", 1), ("y", 1)))
    assert publication.tables[0].unique == (("code",), ("code", "area"))
    assert published(zones, publication).num_rows == 2


@pytest.mark.parametrize(
    ("rows", "unique"),
    [
        ([("x", 1), ("y", 1), ("z", None)], True),
        ([("x", 1), ("x", 2)], False),
        ([("x", 1), ("y", 2), ("x", 1)], False),
        ([("x", 1), (None, 2), (None, 3)], False),
        ([("x", 1), ("elsewhere", 2), ("elsewhere", 3)], True),
    ],
)
def test_a_table_with_two_rows_of_one_key_is_not_published(
    zones: Zones,
    register: Register,
    rows: list[tuple[str | None, int | None]],
    unique: bool,
) -> None:
    """Missing values count as equal, and rejected rows do not count."""
    document = public(primaryKey="code")
    if unique:
        take_in(zones, register, document, table(*rows))
        return
    with pytest.raises(Invalid) as invalid:
        take_in(zones, register, document, table(*rows))
    assert invalid.value.path == "resources[0].schema"
    assert invalid.value.message == "expected rows that differ in code"
    assert register.switched == []
    assert not list(zones.folder("research").iterdir())


def test_a_key_of_two_columns_may_repeat_each(zones: Zones, register: Register) -> None:
    """Rows differ in the columns of a key together."""
    document = public(uniqueKeys=[["code", "area"]])
    take_in(zones, register, document, table(("x", 1), ("x", 2), ("y", 1)))
    with pytest.raises(Invalid):
        take_in(zones, register, document, table(("x", 1), ("x", 1)))


def test_a_check_says_so_without_publishing(zones: Zones) -> None:
    """Who only checks a dataset is told of repeated keys too."""
    file = zones.home / "areas.csv"
    document = public(primaryKey="code")
    document["resources"][0]["path"] = file.name
    file.write_text("code,area\nx,1\ny,2\n", encoding="utf-8")
    (counts,) = inspect(load(document, zones.home), zones)
    assert counts.published == 2
    file.write_text("code,area\nx,1\ny,2\nx,3\n", encoding="utf-8")
    with pytest.raises(Invalid) as invalid:
        inspect(load(document, zones.home), zones)
    assert invalid.value.message == "expected rows that differ in code"


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        ({"primaryKey": "nothing"}, "primaryKey"),
        ({"primaryKey": ["code", "code"]}, "primaryKey"),
        ({"primaryKey": []}, "primaryKey"),
        ({"uniqueKeys": [["code"], ["nothing"]]}, "uniqueKeys[1]"),
    ],
)
def test_keys_are_of_published_fields(
    zones: Zones, schema: dict[str, Any], place: str
) -> None:
    """A key names each of its columns once, and they are the table's."""
    with pytest.raises(Invalid) as invalid:
        load(public(**schema), zones.home)
    assert invalid.value.path.startswith(f"resources[0].schema.{place}")


def test_protected_tables_declare_no_keys(zones: Zones) -> None:
    """What is unique among people's rows is not a public fact."""
    document = package()
    document["resources"][0]["schema"]["primaryKey"] = "tax_year"
    with pytest.raises(Invalid) as invalid:
        load(document, zones.home)
    assert invalid.value.path == "resources[0].schema.primaryKey"
