"""People whose ages and regions often are their own, and often are not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from tre.attacks.people import AGES, REGIONS
from tre.attacks.register import Known

KNOWN = Known("people", ("age", "region"), "sick = 1")


def people(size: int = 400) -> pa.Table:
    """So many people, of whom a third are alone by age and region; half are sick."""
    drawn = np.random.default_rng(11)
    return pa.table(
        {
            "age": drawn.integers(0, AGES, size),
            "region": drawn.choice(REGIONS, size),
            "sick": drawn.integers(0, 2, size),
        }
    )


def package() -> dict[str, Any]:
    """What is publicly said of them."""
    whole: dict[str, Any] = {"required": True, "minimum": 0}
    fields = [
        {
            "name": "age",
            "type": "integer",
            "constraints": {**whole, "maximum": AGES - 1},
        },
        {"name": "region", "constraints": {"required": True, "enum": [*REGIONS]}},
        {"name": "sick", "type": "integer", "constraints": {**whole, "maximum": 1}},
    ]
    return {
        "name": "register",
        "tre": {"controller": "C", "legal_basis": "L", "population": "people"},
        "resources": [
            {
                "name": "people",
                "tre": {"privacy_unit": "row"},
                "schema": {"fields": fields},
            }
        ],
    }
