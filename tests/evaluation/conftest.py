"""A small evaluation, done once for all tests that look at what came of it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pytest
import yaml

from tre.evaluation.evaluate import Evaluated, evaluate

REGIONS = ["north", "south", "east", "west"]


def people(rows: int = 1_500) -> pa.Table:
    """People of whom the west has seven; their pay, and one who earns most of it."""
    drawn = np.random.default_rng(7)
    region = drawn.choice(REGIONS[:3], rows, p=[0.6, 0.3, 0.1])
    region[:7] = "west"
    pay = drawn.integers(100, 900, rows)
    pay[0] = 90_000
    return pa.table({"region": region, "pay": pay, "age": drawn.integers(18, 90, rows)})


def package() -> dict[str, Any]:
    """What is publicly said of them."""
    required: dict[str, Any] = {"required": True}
    fields = [
        {"name": "region", "constraints": {**required, "enum": REGIONS}},
        {
            "name": "pay",
            "type": "integer",
            "constraints": {**required, "minimum": 0, "maximum": 1_000},
            "tre": {"out_of_range": "clamp"},
        },
        {
            "name": "age",
            "type": "integer",
            "constraints": {**required, "minimum": 0, "maximum": 120},
        },
    ]
    return {
        "name": "survey",
        "tre": {"controller": "C", "legal_basis": "L", "population": "people"},
        "resources": [
            {
                "name": "people",
                "path": "people.csv",
                "tre": {"privacy_unit": "row"},
                "schema": {"fields": fields},
            }
        ],
    }


def small_plan(**changed: Any) -> dict[str, Any]:
    """A plan of four questions at two ε, six times each."""
    return {
        "name": "small",
        "title": "A small evaluation",
        "data": {"package": "datapackage.yaml"},
        "epsilons": [0.5, 5],
        "repetitions": 6,
        "baselines": ["unprotected", "acro", "bunny"],
        "population": {"epsilon": 10},
        "audit": {
            "draws": 600,
            "asked": 2,
            "only": ["certificates: COUNT(*)"],
            "confidence": 1 - 1e-7,  # what is true is refuted by chance once in 1/this
        },
        "workload": {
            "epsilon": 2,
            "most": 40,
            "habits": [{"name": "half an ε each", "epsilon": 0.5}],
        },
        "questions": [
            {
                "name": "regions",
                "words": "How many live where?",
                "sql": "SELECT region, COUNT(*) AS n FROM people GROUP BY region",
                "target": {"margin": 20},
                "decision": {"column": "n", "above": 100},
                "top": 2,
            },
            {
                "name": "pay",
                "words": "What do they earn?",
                "sql": "SELECT region, AVG(pay) AS pay, SUM(pay) AS total"
                " FROM people GROUP BY region",
            },
            {
                "name": "old",
                "words": "How many are over 65?",
                "sql": "SELECT COUNT(*) AS n FROM people WHERE age > 65",
                "target": {"margin": 5},
            },
            {
                "name": "model",
                "words": "Does pay rise with age?",
                "sql": "REGRESS pay ON age FROM people",
            },
        ],
        **changed,
    }


def write_plan(folder: Path, plan: Mapping[str, Any]) -> Path:
    """The plan, its package and its data as files."""
    folder.mkdir(parents=True, exist_ok=True)
    pacsv.write_csv(people(), folder / "people.csv")
    (folder / "datapackage.yaml").write_text(yaml.safe_dump(package()))
    path = folder / "plan.yaml"
    path.write_text(yaml.safe_dump(dict(plan), allow_unicode=True), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small plan as a file."""
    return write_plan(tmp_path_factory.mktemp("plan"), small_plan())


@pytest.fixture(scope="session")
def evaluated(written: Path, tmp_path_factory: pytest.TempPathFactory) -> Evaluated:
    """The small plan, evaluated. Nobody may change its folder."""
    return evaluate(written, tmp_path_factory.mktemp("evaluation") / "out", workers=1)
