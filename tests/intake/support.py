"""A small dataset of people, a register of versions, and a way to look inside."""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from connectors import TableSource
from tre.encryption import crypto_extension
from tre.intake import Options, Publication, Zones, onboard
from tre.intake.anew import Written
from tre.keystore import Keystore
from tre.manifest import load

PACKAGE: Mapping[str, Any] = {
    "name": "earnings",
    "version": "2026.1",
    "tre": {
        "controller": "Department of Examples",
        "legal_basis": "Digital Economy Act 2017, section 64",
        "population": "residents",
    },
    "resources": [
        {
            "name": "earnings",
            "path": "earnings.csv",
            "tre": {"privacy_unit": "person", "rows_per_person": 3},
            "schema": {
                "missingValues": ["", "NA"],
                "fields": [
                    {"name": "nr", "tre": {"role": "identifier", "kind": "local-id"}},
                    {
                        "name": "tax_year",
                        "type": "integer",
                        "constraints": {
                            "required": True,
                            "minimum": 2010,
                            "maximum": 2020,
                        },
                    },
                    {
                        "name": "region",
                        "constraints": {"enum": ["North", "South", "Wales"]},
                    },
                    {
                        "name": "pay",
                        "type": "number",
                        "constraints": {"minimum": 0, "maximum": 200000},
                        "tre": {"decimals": 2, "out_of_range": "clamp"},
                    },
                ],
            },
        }
    ],
}

COLUMNS = ("nr", "tax_year", "region", "pay")


@dataclass
class Register:
    """The versions on record, in memory."""

    switched: list[Publication] = field(default_factory=list)

    def switch(self, publication: Publication) -> None:
        """Put in force."""
        self.switched.append(publication)

    def known_files(self) -> Collection[Path]:
        """The files of every version."""
        return [publication.file for publication in self.switched]


def new_zones(home: Path) -> Zones:
    """The zones of a new environment."""
    return Zones(home, Keystore.create(home / "keys"))


def package(**changes: Any) -> dict[str, Any]:
    """A copy of the package, top-level keys changed."""
    return {**copy.deepcopy(dict(PACKAGE)), **changes}


def fields_of(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The fields of a package's first resource."""
    found: list[dict[str, Any]] = document["resources"][0]["schema"]["fields"]
    return found


def with_fields(*fields: Mapping[str, Any], **unit: Any) -> dict[str, Any]:
    """The package with other fields and, where said, another `tre` part."""
    document = package()
    resource = document["resources"][0]
    resource["schema"]["fields"] = [copy.deepcopy(dict(one)) for one in fields]
    resource["tre"] = unit or {"privacy_unit": "row"}
    return document


def rows(*values: tuple[object, ...], names: tuple[str, ...] = COLUMNS) -> pa.Table:
    """Rows as a table of text, as a CSV file would give them."""
    columns = zip(*values, strict=True)
    return pa.table(
        {
            name: pa.array([None if v is None else str(v) for v in column], pa.string())
            for name, column in zip(names, columns, strict=True)
        }
    )


def take_in(
    zones: Zones,
    register: Register,
    document: Mapping[str, Any],
    table: pa.Table,
    **options: Any,
) -> Publication:
    """Onboard one table under a manifest."""
    name = document["resources"][0]["name"]
    return onboard(
        load(document, zones.home),
        zones,
        register,
        sources={name: TableSource(name, table)},
        options=Options(keep_links=True, **options),
    )


@contextmanager
def opened(zones: Zones, file: Path, key_name: str):
    """A connection with one encrypted file attached, read-only, as `f`."""
    connection = duckdb.connect(
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        }
    )
    connection.execute(f"LOAD '{crypto_extension()}'")
    key = zones.keystore.key(key_name).hex()
    connection.execute(
        f"ATTACH '{zones.home / file}' AS f (ENCRYPTION_KEY ?, READ_ONLY)", [key]
    )
    try:
        yield connection
    finally:
        connection.close()


def published(
    zones: Zones, publication: Publication | Written, table: str | None = None
):
    """Every published row of a table, in stored order, as an Arrow table."""
    name = table or publication.tables[0].name
    with opened(zones, publication.file, publication.key_name) as connection:
        return connection.execute(f'FROM f."{name}"').to_arrow_table()


def every_file(home: Path) -> dict[str, bytes]:
    """Each file under the home, and what is in it."""
    return {
        str(file.relative_to(home)): file.read_bytes()
        for file in home.rglob("*")
        if file.is_file()
    }
