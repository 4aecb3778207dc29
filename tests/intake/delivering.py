"""Deliveries that add to the small dataset of earnings, or correct it."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from tests.intake.support import Register, fields_of, package, rows, take_in
from tre.intake import Publication, Zones
from tre.intake.publication import Before

KEYED = ("nr", "record", "tax_year", "region", "pay")
CORRECTION = (*KEYED, "change")


def delivery(version: str, kind: str = "replace", to: str | None = None, **tre: Any):
    """The package as this version, which does this to the version `to`."""
    document = package(version=version)
    document["tre"]["delivery"] = {"kind": kind, **({"to": to} if to else {})}
    document["resources"][0]["tre"].update(tre)
    return document


def keyed(version: str, kind: str = "replace", to: str | None = None, **tre: Any):
    """The same with a record number as the row key, and a field that says removed."""
    document = delivery(version, kind, to, row_key=["record"], **tre)
    fields = fields_of(document)
    fields.insert(1, {"name": "record", "tre": {"drop": True}})
    if kind == "correct":
        document["resources"][0]["tre"]["removed"] = "change"
        gone = {"name": "change", "type": "boolean", "tre": {"drop": True}}
        fields.append({**gone, "trueValues": ["D"], "falseValues": ["I", "U"]})
    return document


def before(publication: Publication) -> Before:
    """A published version, as the next delivery finds it."""
    return Before(
        publication.version,
        publication.file,
        publication.key_name,
        str(publication.spine_version or ""),
        publication.tables,
    )


def delivered(
    zones: Zones,
    register: Register,
    document: dict[str, Any],
    *values: tuple[object, ...],
    onto: Publication | None = None,
    names: tuple[str, ...] | None = None,
    **options: Any,
) -> Publication:
    """Take a delivery in, onto the version it adds to or corrects."""
    declared = tuple(field["name"] for field in fields_of(document))
    table: pa.Table = rows(*values, names=names or declared)
    found = before(onto) if onto else None
    return take_in(zones, register, document, table, before=found, **options)
