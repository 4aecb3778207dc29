"""One dataset as Croissant (MLCommons, version 1.0), for tools that read schemas.

It describes tables that are never handed out: there is no distribution, and fields
have no source. Lists of values are record sets of their own, as the format has them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

CONTEXT: Final = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "dct": "http://purl.org/dc/terms/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "field": "cr:field",
    "key": "cr:key",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
}

TYPES: Final[Mapping[str, str]] = {
    "text": "sc:Text",
    "boolean": "sc:Boolean",
    "date": "sc:Date",
    "datetime": "sc:DateTime",
    "number": "sc:Float",
}


def croissant(facts: Mapping[str, Any], address: str) -> dict[str, object]:
    """The public facts of one dataset (as `tre.describe` has them) as Croissant."""
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": facts["name"],
        "description": facts["description"] or facts["title"] or facts["name"],
        "version": facts["version"],
        "url": f"{address}/catalogue/{facts['name']}",
        "creator": {"@type": "sc:Organization", "name": facts["controller"]},
        "usageInfo": facts["legal_basis"],
        "isAccessibleForFree": False,
        "recordSet": [one for table in facts["tables"] for one in _record_sets(table)],
    }


def _record_sets(table: Mapping[str, Any]) -> Iterator[dict[str, object]]:
    for column in table["columns"]:
        if column["type"] == "text" and column["keys"] is not None:
            yield _listed(table["name"], column)
    yield {
        "@type": "cr:RecordSet",
        "@id": table["name"],
        "name": table["name"],
        "description": table["title"] or table["name"],
        "field": [_field(table["name"], column) for column in table["columns"]],
    }


def _listed(table: str, column: Mapping[str, Any]) -> dict[str, object]:
    place = f"{table}/{column['name']}/values"
    return {
        "@type": "cr:RecordSet",
        "@id": place,
        "name": place,
        "dataType": "sc:Enumeration",
        "key": {"@id": f"{place}/name"},
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"{place}/name",
                "name": f"{place}/name",
                "dataType": "sc:Text",
            }
        ],
        "data": [{f"{place}/name": value} for value in column["keys"]],
    }


def _field(table: str, column: Mapping[str, Any]) -> dict[str, object]:
    place = f"{table}/{column['name']}"
    whole = column["type"] == "number" and not column["decimals"]
    field: dict[str, object] = {
        "@type": "cr:Field",
        "@id": place,
        "name": place,
        "description": column["description"] or column["name"],
        "dataType": "sc:Integer" if whole else TYPES[column["type"]],
    }
    if column["type"] == "text" and column["keys"] is not None:
        field["references"] = {"field": {"@id": f"{place}/values/name"}}
    return field
