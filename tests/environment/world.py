"""An environment with two linked datasets, its people, and an approved project."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv

from tests.confinement import accept_what_is_missing
from tests.enclave.clocks import LONG_SLOTS, leaping
from tre.environment import Environment

RESEARCHER = "researcher@example.org"
STEWARD = "steward@example.org"
COMMITTEE = "committee@example.org"
CONTROLLER = "Department of Examples"
REGIONS = ["north", "south", "west"]
CANARY = "Zebedee-Quux-4711"
"""Planted in identifiers, free text and sensitive columns; it must never be seen."""

PEOPLE = 600


def rows() -> pa.Table:
    """One row a person; the last person's texts are canaries."""
    ids = [f"{CANARY}-{number}" for number in range(PEOPLE)]
    return pa.table(
        {
            "local": ids,
            "surname": [CANARY] * PEOPLE,
            "region": [REGIONS[number % 3] for number in range(PEOPLE)],
            "age": [number % 80 for number in range(PEOPLE)],
            "employer": [CANARY] * PEOPLE,
            "notes": [f"{CANARY} said so"] * PEOPLE,
            "pay": [4711.25] * PEOPLE,
        }
    )


def package(name: str = "people") -> dict[str, Any]:
    """The manifest that goes with `rows`, reading `<name>.csv`."""
    return {
        "name": name,
        "title": "People",
        "tre": {
            "controller": CONTROLLER,
            "legal_basis": "Digital Economy Act 2017, section 64",
            "population": "residents",
        },
        "resources": [
            {
                "name": name,
                "path": f"{name}.csv",
                "tre": {"privacy_unit": "person", "rows_per_person": 2},
                "schema": {
                    "fields": [
                        {
                            "name": "local",
                            "tre": {"role": "identifier", "kind": "local-id"},
                        },
                        {
                            "name": "surname",
                            "tre": {"role": "identifier", "kind": "surname"},
                        },
                        {"name": "region", "constraints": {"enum": [*REGIONS, "east"]}},
                        {
                            "name": "age",
                            "type": "integer",
                            "constraints": {
                                "required": True,
                                "minimum": 0,
                                "maximum": 120,
                            },
                        },
                        {"name": "employer", "tre": {"role": "quasi-identifier"}},
                        {"name": "notes", "tre": {"role": "free-text"}},
                        {
                            "name": "pay",
                            "type": "number",
                            "constraints": {"minimum": 0, "maximum": 10_000},
                            "tre": {"role": "sensitive", "decimals": 2},
                        },
                    ]
                },
            }
        ],
    }


def project(**changes: Any) -> Mapping[str, Any]:
    """An application for every column, complete unless changed."""
    return {
        "name": "pathways",
        "title": "Does it pay?",
        "lay_summary": "We count.",
        "criteria": dict.fromkeys(
            ("public_benefit", "analytical_merit", "feasibility", "privacy", "ethics"),
            "Considered.",
        ),
        "population": "residents",
        "datasets": {"people": ["region", "age", "employer", "pay"]},
        "researchers": [RESEARCHER],
        "budget": {"epsilon": 10.0, "delta": 1e-6, "measure": "zcdp"},
        "purposes": ["research"],
        "until": "2099-12-31",
        **changes,
    }


def write_source(folder: Path, table: pa.Table, name: str = "people") -> Path:
    """The table as a CSV file beside its manifest, as JSON; the manifest's path."""
    import json

    pacsv.write_csv(table, folder / f"{name}.csv")
    manifest = folder / f"{name}.json"
    manifest.write_text(json.dumps(package(name)), encoding="utf-8")
    return manifest


def furnished(
    home: Path, sources: Path, *, control: str | None = None, **changes: Any
) -> Environment:
    """An environment with the dataset published and the project approved.

    Its questions have long slots, and wait for none.
    """
    environment = Environment.create(home, control=control, capacity=LONG_SLOTS)
    leaping(environment)
    accept_what_is_missing(environment)
    environment.create_population(
        "residents", epsilon=20, delta=1e-6, until=date(2099, 12, 31)
    )
    environment.add_person(RESEARCHER, roles=["researcher"])
    environment.add_person(STEWARD, roles=["steward"], controller=CONTROLLER)
    environment.add_person(COMMITTEE, roles=["committee"])
    environment.onboard(write_source(sources, rows()), person=STEWARD)
    environment.propose(project(**changes), person=RESEARCHER)
    environment.approve("pathways", person=COMMITTEE)
    environment.approve("pathways", person=STEWARD)
    return environment
