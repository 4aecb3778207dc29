"""The example's tables as a laboratory has them: a manifest and rows of people."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

from privacy.catalogue import Catalogue, Column, Table, Type, Unit
from tests.language.example import AREAS, EARNINGS, JOBS, PEOPLE, REGIONS
from tests.laws.relations import Database
from tre.manifest import load, public_tables
from tre.manifest.domains import LARGEST

TABLES = (EARNINGS, PEOPLE, JOBS, AREAS, REGIONS)
_ID = {
    "name": "id",
    "type": "integer",
    "tre": {"role": "identifier", "kind": "local-id"},
}
_KINDS = {
    Type.TEXT: "string",
    Type.BOOLEAN: "boolean",
    Type.DATE: "date",
    Type.DATETIME: "datetime",
}


def package() -> Mapping[str, Any]:
    """A manifest whose public tables are the example's, every column granted."""
    return {
        "name": "example",
        "tre": {
            "controller": "Department of Examples",
            "legal_basis": "None needed: the data is made up",
            "population": "residents",
        },
        "resources": [_resource(each) for each in TABLES],
    }


def catalogue() -> Catalogue:
    """What a question may be about, as that manifest has it."""
    known = {each.name: each for each in public_tables(load(package()))}
    return Catalogue("residents", known)


def _resource(table: Table) -> Mapping[str, Any]:
    fields = [_field(each) for each in table.columns]
    extension: dict[str, Any] = {"privacy_unit": table.unit.value}
    schema: dict[str, Any] = {"fields": fields}
    if table.unit is Unit.PERSON:
        extension["rows_per_person"] = table.rows_per_person
        fields.insert(0, _ID)
    if table.unique:
        first, *others = table.unique
        schema["primaryKey"] = list(first)
        schema["uniqueKeys"] = [list(each) for each in others]
    return {"name": table.name, "tre": extension, "schema": schema}


def _field(column: Column) -> Mapping[str, Any]:
    domain = column.domain
    number = domain.type is Type.NUMBER
    kind = "number" if domain.scale else "integer"
    constraints: dict[str, Any] = {"required": not domain.nullable}
    if domain.type is Type.TEXT and domain.values is not None:
        constraints["enum"] = list(domain.values)
    for name, end in (("minimum", domain.lower), ("maximum", domain.upper)):
        if end is not None and domain.type is not Type.BOOLEAN:
            constraints[name] = _shown(end, domain.scale)
    found: dict[str, Any] = {
        "name": column.name,
        "type": kind if number else _KINDS[domain.type],
        "constraints": constraints,
    }
    if number and domain.scale:
        found["tre"] = {"decimals": domain.scale}
    return found


def _shown(end: object, scale: int) -> Any:
    if isinstance(end, date | datetime):
        return end.isoformat()
    assert isinstance(end, int)
    within = max(-LARGEST, min(LARGEST, end))
    return float(Decimal(within).scaleb(-scale)) if scale else within


def tables(database: Database) -> Mapping[str, pa.Table]:
    """The rows of a database, as somebody would bring them."""
    return {each.name: _arrow(each, database.get(each.name, [])) for each in TABLES}


def _arrow(table: Table, rows: list[dict[str, Any]]) -> pa.Table:
    columns = {each.name: _values(each, rows) for each in table.columns}
    if table.unit is Unit.PERSON:
        ids = pa.array([row["person_id"] for row in rows], pa.int64())
        columns = {"id": ids, **columns}
    return pa.table(columns)


def _values(column: Column, rows: list[dict[str, Any]]) -> pa.Array:
    domain = column.domain
    values = [row[column.name] for row in rows]
    if domain.type is Type.NUMBER and domain.scale:
        shown = (v if v is None else Decimal(v).scaleb(-domain.scale) for v in values)
        return pa.array(list(shown), pa.decimal128(38, domain.scale))
    kinds = {
        Type.NUMBER: pa.int64(),
        Type.TEXT: pa.string(),
        Type.BOOLEAN: pa.bool_(),
        Type.DATE: pa.date32(),
        Type.DATETIME: pa.timestamp("us"),
    }
    return pa.array(values, kinds[domain.type])
