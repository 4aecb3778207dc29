"""Visits whose cost goes with their region, two a person at most."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tre.lab import Lab
from tre.synthesis.synthesise import Synthetic

REGIONS = ("east", "north", "west")
CAP = 2
COLUMNS = ("region", "cost", "open", "day")


def visits(people: int) -> pa.Table:
    """Two visits each: in the east they are cheap, in the west dear."""
    drawn = np.random.default_rng(5)
    who = np.repeat(np.arange(people), CAP)
    region = drawn.integers(0, 3, who.size)
    cents = 100 * (1_000 * region + drawn.integers(0, 1_000, who.size))
    return pa.table(
        {
            "id": pa.array(who).cast(pa.string()),
            "region": pa.array(REGIONS).take(pa.array(region)),
            "cost": pa.array(cents / 100).cast(pa.decimal128(10, 2)),
            "open": drawn.integers(0, 2, who.size).astype(bool),
            "day": pa.array(drawn.integers(18_000, 18_900, who.size))
            .cast(pa.int32())
            .cast(pa.date32()),
            "note": pa.array(["x"] * who.size),
        }
    )


def package() -> dict[str, Any]:
    """What is publicly said of them."""
    fields = [
        {"name": "id", "tre": {"role": "identifier", "kind": "local-id"}},
        {"name": "region", "constraints": {"required": True, "enum": [*REGIONS]}},
        {
            "name": "cost",
            "type": "number",
            "constraints": {"required": True, "minimum": 0, "maximum": 3_000},
            "tre": {"decimals": 2},
        },
        {"name": "open", "type": "boolean"},
        {
            "name": "day",
            "type": "date",
            "constraints": {"minimum": "2019-04-14", "maximum": "2021-12-31"},
        },
        {"name": "note"},
    ]
    return {
        "name": "visits",
        "tre": {"controller": "C", "legal_basis": "L", "population": "people"},
        "resources": [
            {
                "name": "visits",
                "tre": {"privacy_unit": "person", "rows_per_person": CAP},
                "schema": {"fields": fields},
            }
        ],
    }


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """A laboratory with the gateway's certificates."""
    with Lab({"visits": visits(1_000)}, package(), epsilon=1e6) as lab:
        yield lab


@pytest.fixture(scope="session")
def made(lab: Lab) -> Synthetic:
    """Synthetic visits at ε = 8, and what was left of the budget is not looked at."""
    return lab.synthesise("visits", COLUMNS, bands=6, epsilon=8.0)


MANY = tuple(f"answer{place}" for place in range(9))
"""More columns than one question has in grouping sets."""


def answers(people: int) -> pa.Table:
    """Nine answers of people, each like the one before it four times in five."""
    drawn = np.random.default_rng(6)
    found = [drawn.integers(0, 2, people)]
    for _ in MANY[1:]:
        found.append(np.where(drawn.random(people) < 0.8, found[-1], 1 - found[-1]))
    return pa.table(
        {name: each.astype(bool) for name, each in zip(MANY, found, strict=True)}
    )


def answers_package() -> dict[str, Any]:
    """What is publicly said of them."""
    required = {"required": True}
    fields = [{"name": n, "type": "boolean", "constraints": required} for n in MANY]
    return {
        "name": "answers",
        "tre": {"controller": "C", "legal_basis": "L", "population": "people"},
        "resources": [
            {
                "name": "answers",
                "tre": {"privacy_unit": "row"},
                "schema": {"fields": fields},
            }
        ],
    }


@pytest.fixture(scope="session")
def many() -> Iterator[Lab]:
    """A laboratory of nine columns, with a budget that can be used up."""
    with Lab({"answers": answers(4_000)}, answers_package(), epsilon=20) as lab:
        yield lab
