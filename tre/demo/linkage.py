"""How well the two agencies were linked, held against who is really who.

An environment never shows who was linked to whom. So the same two files go through
the same intake once more, in a laboratory, which does.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import yaml

from tre.demo.prepare import Controllers, answers, columns
from tre.demo.score import score
from tre.lab import Lab

TABLES: Final = ("people_a", "people_b")


def linkage(controllers: Controllers, sources: Path) -> Iterator[str]:
    """The links' precision and recall, in words."""
    manifests = (controllers.agency_a, controllers.agency_b)
    tables = {
        name: columns(manifest.with_name("people.csv"))
        for name, manifest in zip(TABLES, manifests, strict=True)
    }
    truth = {
        "people_a": answers(sources, "dataset4a.csv"),
        "people_b": answers(sources, "dataset4b.csv"),
    }
    with Lab(tables, _together(manifests)) as lab:
        found = score(_persons(lab.links()), truth, *TABLES)
    yield "An environment shows nobody who was linked to whom. So the same files went"
    yield "through the same intake in a laboratory, and are held against rec_id, which"
    yield "intake never saw:"
    yield (
        f"of {found.possible:,} people in both files {found.found:,} were linked, "
        f"{found.right:,} of them rightly: precision {found.precision:.1%}, "
        f"recall {found.recall:.1%}."
    )


def _together(manifests: tuple[Path, ...]) -> dict[str, Any]:
    """One package with the resources of several."""
    packages = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in manifests]
    resources = [resource for one in packages for resource in one["resources"]]
    return {**packages[0], "resources": resources}


def _persons(links: pa.Table) -> dict[str, list[int | None]]:
    """For each table, the person of each row, in the order of the file."""
    ordered = links.sort_by([("resource", "ascending"), ("row", "ascending")])
    persons: dict[str, list[int | None]] = {name: [] for name in TABLES}
    for link in ordered.to_pylist():
        persons[link["resource"]].append(link["person"])
    return persons
