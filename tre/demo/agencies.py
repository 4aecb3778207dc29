"""Three agencies that know the same made people: their files, and how well they link.

The generator keeps who is who apart, so that what an environment never shows can be
held against it, in a laboratory.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import resources
from itertools import combinations
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.csv
import yaml

from tre.demo.made_population import Population, make_population
from tre.demo.score import Score, score
from tre.lab import Lab

PEOPLE: Final = 3_000
SEED: Final = 2026


def write_agencies(folder: Path, population: Population) -> tuple[Path, ...]:
    """Each agency's table as a CSV beside its manifest; the manifests."""
    manifests = []
    for name, table in population.tables.items():
        home = folder / name
        home.mkdir(parents=True, exist_ok=True)
        pa.csv.write_csv(table, home / f"{name}.csv")
        text = resources.files("tre.demo").joinpath("packages", f"{name}.yaml")
        manifest = home / "datapackage.yaml"
        manifest.write_text(text.read_text(encoding="utf-8"), encoding="utf-8")
        manifests.append(manifest)
    return tuple(manifests)


def made_agencies() -> Population:
    """The demo's three agencies."""
    return make_population(PEOPLE, seed=SEED)


def agencies_linked(population: Population) -> Iterator[str]:
    """How well each two agencies were linked, in words."""
    yield "Three agencies know people whom the demo made up, by identifiers of their"
    yield "own, with mistakes; some are twins. Held against who is who:"
    for (one, other), found in scores(population).items():
        yield (
            f"{one} and {other}: of {found.possible:,} pairs {found.found:,} were "
            f"linked, precision {found.precision:.1%}, recall {found.recall:.1%}."
        )


def scores(population: Population) -> Mapping[tuple[str, str], Score]:
    """Each two agencies' rows as intake links them, against the truth."""
    packages = [package_of(name) for name in population.tables]
    every = [resource for package in packages for resource in package["resources"]]
    with Lab(population.tables, {**packages[0], "resources": every}) as lab:
        links = lab.links().sort_by([("resource", "ascending"), ("row", "ascending")])
    people: dict[str, list[int | None]] = {name: [] for name in population.tables}
    for resource, person in zip(
        links["resource"].to_pylist(), links["person"].to_pylist(), strict=True
    ):
        people[resource].append(person)
    truth = {
        name: list(map(str, agency.truth.tolist()))
        for name, agency in population.agencies.items()
    }
    return {
        pair: score(people, truth, *pair) for pair in combinations(population.tables, 2)
    }


def package_of(name: str) -> dict[str, Any]:
    """An agency's manifest."""
    text = resources.files("tre.demo").joinpath("packages", f"{name}.yaml").read_text()
    return {**yaml.safe_load(text)}
