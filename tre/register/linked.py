"""How completely the people of each table were linked, line by line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Linkage:
    """Of a table's people, and of subgroups, which share is in another dataset.

    `shares` are pairs of words: of whom, and how large.
    """

    dataset: str
    table: str
    shares: tuple[tuple[str, str], ...]


def linked(register: Mapping[str, Any]) -> Iterator[Linkage]:
    """Of each table whose people are linked: everybody, then each subgroup told."""
    for dataset in register["datasets"]:
        for table, statement in dataset["linkage"].items():
            shares = tuple(_shares(statement["figures"]))
            yield Linkage(dataset["name"], table, shares)


def _shares(figures: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
    if figures is None:
        yield "everybody", "not measured"
        return
    yield "everybody", _share(figures)
    for by in figures.get("subgroups", ()):  # since statements have them
        for group in by["groups"]:
            value = "missing" if group["value"] is None else group["value"]
            yield f"{by['column']}: {value}", _share(group)


def _share(told: Mapping[str, Any]) -> str:
    percent = told["in_another_dataset_percent"]
    if percent is None:
        return "not shown"
    off = told.get("percent_margin")  # of everybody: since statements have it
    return f"about {percent}%" if off is None else f"{percent}% ± {off}"
