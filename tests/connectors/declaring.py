"""One table of people, declared the same way whatever holds it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NAMES = ("nr", "tax_year", "region", "pay")
ROWS = (("p1", 2010, "North", 12.5), ("p2", 2011, None, 7.25), ("p1", 2011, "South", 1))


def package(**resource: Any) -> dict[str, Any]:
    """A package of that table; `source` and the like say where its rows are."""
    source = resource.pop("source", None)
    extension = {"privacy_unit": "person", "rows_per_person": 3}
    return {
        "name": "earnings",
        "tre": {
            "controller": "Department of Examples",
            "legal_basis": "Digital Economy Act 2017, section 64",
            "population": "residents",
        },
        "resources": [
            {
                "name": "earnings",
                "tre": {**extension, **({"source": source} if source else {})},
                "schema": {"fields": [*_fields()]},
                **resource,
            }
        ],
    }


def _fields() -> tuple[Mapping[str, Any], ...]:
    years = {"required": True, "minimum": 2010, "maximum": 2020}
    return (
        {"name": "nr", "tre": {"role": "identifier", "kind": "local-id"}},
        {"name": "tax_year", "type": "integer", "constraints": years},
        {"name": "region", "constraints": {"enum": ["North", "South"]}},
        {
            "name": "pay",
            "type": "number",
            "constraints": {"minimum": 0, "maximum": 200000},
            "tre": {"decimals": 2},
        },
    )
