"""FEBRL's made people, whose true identities are known: how well they are linked."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml

from tre.demo.fetch import FEBRL_3, MEMBERS, fetch
from tre.demo.prepare import answers, columns
from tre.lab import Lab

MANUAL = Path("docs", "explanation", "linkage.md")
DATASET_3 = ("dataset3.csv",)
DATASET_4 = ("dataset4a.csv", "dataset4b.csv")


@dataclass(frozen=True)
class Quality:
    """Pairs of records: found to be one person, rightly so, and there to find."""

    found: int
    right: int
    possible: int

    @property
    def precision(self) -> float:
        """The share of found pairs that are right."""
        return self.right / self.found

    @property
    def recall(self) -> float:
        """The share of pairs there that were found."""
        return self.right / self.possible

    @property
    def f1(self) -> float:
        """The harmonic mean of both."""
        return 2 * self.right / (self.found + self.possible)


def quality(people: Iterable[int | None], truth: Iterable[object]) -> Quality:
    """Count pairs over all records; a record without a person is in none."""
    both = [(person, true) for person, true in zip(people, truth, strict=True)]
    linked = [pair for pair in both if pair[0] is not None]
    return Quality(
        found=_pairs(person for person, _ in linked),
        right=_pairs(linked),
        possible=_pairs(true for _, true in both),
    )


def _pairs(keys: Iterable[object]) -> int:
    return sum(n * (n - 1) // 2 for n in Counter(keys).values())


def documented(people: str) -> tuple[float, float]:
    """Precision and recall of these people as the manual has them."""
    for line in MANUAL.read_text(encoding="utf-8").splitlines():
        name, *figures = [cell.strip() for cell in line.strip("|").split("|")]
        if name == people:
            return float(figures[0]), float(figures[1])
    raise LookupError(people)


def fetched(folder: Path) -> Path:
    """FEBRL 3 and 4, in `folder`."""
    wanted = [one for one in MEMBERS if one.name in DATASET_4]
    return fetch(folder, [*wanted, FEBRL_3])


def brought(
    folder: Path, files: Iterable[str], **link: Any
) -> tuple[dict[str, pa.Table], dict[str, Any]]:
    """Tables of the files, without their answers, and a package for them."""
    text = resources.files("tre.demo").joinpath("packages", "agency-a.yaml").read_text()
    document = yaml.safe_load(text)
    (resource,) = document["resources"]
    tables, found = {}, []
    for file in files:
        name = Path(file).stem
        one = copy.deepcopy(resource)
        one["tre"]["rows_per_person"] = 10
        one["tre"]["link"].update(link)
        found.append({**one, "name": name})
        tables[name] = columns(folder / file).drop_columns(["rec_id"])
    return tables, {**document, "resources": found}


def linked(folder: Path, files: Iterable[str], **link: Any) -> Quality:
    """How well intake links the files, under a manifest's linkage rules."""
    names = list(files)
    tables, document = brought(folder, names, **link)
    with Lab(tables, document) as lab:
        links = lab.links().to_pylist()
    truth: Mapping[str, list[str]] = {
        Path(file).stem: answers(folder, file) for file in names
    }
    return quality(
        [link["person"] for link in links],
        [truth[link["resource"]][link["row"]] for link in links],
    )
