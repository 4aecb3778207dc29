"""A small made-up population, and the files its people would bring."""

import csv
import json
import random
from pathlib import Path

import yaml

CANARY = "Zaphenath-Paneah"
"""A forename in the identifiers. Nothing may ever print it."""

RESEARCHER = "researcher@example.org"
STEWARD = "steward@example.org"
MEMBER = "member@example.org"
REGIONS = ["North East", "London", "Wales"]
PEOPLE = 900


def write_dataset(folder: Path) -> Path:
    """A CSV of people and its manifest; the manifest's path."""
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(7)  # noqa: S311 - made-up people, the same each time
    with (folder / "people.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "forename", "region", "born", "pay"])
        for number in range(PEOPLE):
            region = REGIONS[0] if number < 3 else REGIONS[1 + number % 2]
            born = chance.randrange(1940, 2000)
            pay = f"{chance.randrange(0, 90_000_00) / 100:.2f}"
            rows.writerow([f"x{number}", CANARY, region, born, pay])
    manifest = folder / "people.yaml"
    manifest.write_text(yaml.safe_dump(package()), encoding="utf-8")
    return manifest


def package() -> dict:
    """The manifest of the dataset, as a mapping."""
    identifier = {"role": "identifier"}
    return {
        "name": "people",
        "title": "Made-up people",
        "version": "1",
        "tre": {
            "controller": "Department of Examples",
            "legal_basis": "None needed",
            "population": "residents",
            "retention": "2031-12-31",
        },
        "resources": [
            {
                "name": "people",
                "path": "people.csv",
                "tre": {"privacy_unit": "person", "rows_per_person": 1},
                "schema": {
                    "fields": [
                        field("id", "string", tre=identifier | {"kind": "local-id"}),
                        field(
                            "forename", "string", tre=identifier | {"kind": "forename"}
                        ),
                        field("region", "string", required=True, enum=REGIONS),
                        field(
                            "born", "integer", required=True, minimum=1940, maximum=1999
                        ),
                        field(
                            "pay",
                            "number",
                            tre={"decimals": 2},
                            minimum=0,
                            maximum=100_000,
                        ),
                    ]
                },
            }
        ],
    }


def field(name: str, kind: str, *, tre: dict | None = None, **constraints) -> dict:
    """One field of a table schema."""
    described = {"name": name, "type": kind, "constraints": constraints, "tre": tre}
    return {key: value for key, value in described.items() if value}


def project(name: str, *, epsilon: float = 50.0, measure: str = "zcdp") -> dict:
    """A project about the people."""
    return {
        "name": name,
        "title": "Who earns what?",
        "lay_summary": "How pay differs between regions.",
        "criteria": {
            "public_benefit": "Shows where pay is low.",
            "analytical_merit": "Averages with intervals.",
            "feasibility": "One table.",
            "privacy": "Answers only.",
            "ethics": "Made-up people.",
        },
        "population": "residents",
        "datasets": {"people": ["region", "born", "pay"]},
        "researchers": [RESEARCHER],
        "budget": {
            "epsilon": epsilon,
            "delta": 1e-6 if measure == "zcdp" else 0,
            "measure": measure,
        },
        "purposes": ["research"],
        "until": "2099-12-31",
    }


def write_project(folder: Path, name: str, **budget) -> Path:
    """A project's file; its path."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.yaml"
    file.write_text(json.dumps(project(name, **budget)), encoding="utf-8")
    return file
