"""How well people were linked, as the terminal shows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import RenderableType

from tre.cli.output import columns


def linkage(statement: Mapping[str, Any]) -> Iterator[RenderableType]:
    """How people were linked: the method, and what was measured under privacy."""
    method, figures = statement["method"], statement["figures"]
    by = ", ".join(method["identifiers"])
    passes = len(method["passes"])
    words = (
        f"Linked by {by}, in {passes} deterministic pass{'' if passes == 1 else 'es'}"
    )
    if method["threshold"] is None:
        yield f"{words} (--json names them)."
    else:
        yield (
            f"{words}, then by weight from {method['threshold']} on; from"
            f" {method['review']} on a pair is for people to decide."
        )
    if method.get("blocking"):
        yield f"Weighed are pairs that agree on {', or '.join(method['blocking'])}."
    if figures is None:
        yield "How well has not been measured."
        return
    table = columns("people of this table", "people", right=["people"])
    for how, people in figures["people"].items():
        table.add_row(how, f"{people:,}")
    yield table
    yield f"Each number is within ±{figures['people_margin']:,}, 95 times in 100."
    yield f"In another dataset, too, are {_share(figures)} of them."
    missing = (f"{kind} {n:,}" for kind, n in figures["without"].items())
    yield f"People without: {', '.join(missing)} (±{figures['without_margin']:,})."
    yield from _estimated(figures)
    for by in figures.get("subgroups", []):
        yield from _subgroups(by)


def _subgroups(by: Mapping[str, Any]) -> Iterator[RenderableType]:
    """Match rates by one column; what may be too few people is not shown."""
    yield ""
    numbers = ["in another dataset", "in no other", "share in another"]
    table = columns(by["column"], *numbers, right=numbers)
    for each in by["groups"]:
        table.add_row(
            "missing" if each["value"] is None else each["value"],
            _number(each["in_another_dataset"]),
            _number(each["in_no_other_dataset"]),
            _share(each),
        )
    yield table
    yield (
        f"Each number is within ±{by['people_margin']:,}, 95 times in 100; what may be"
        " too few people is not shown."
    )


def _share(told: Mapping[str, Any]) -> str:
    percent, off = told["in_another_dataset_percent"], told["percent_margin"]
    return "not shown" if percent is None else f"{percent}% ± {off}"


def _number(people: int | None) -> str:
    return "not shown" if people is None else f"{people:,}"


def _estimated(figures: Mapping[str, Any]) -> Iterator[str]:
    said = figures.get("estimated")
    if said is None:
        return
    yield (
        f"By their weights, about {said['false_matches']:,} people are linked wrongly"
        f" and {said['missed_matches']:,} pairs are missed."
    )
    for threshold, people in said["fewer_linked_at"].items():
        yield f"A threshold of {threshold} would link about {people:,} people fewer."
    for threshold, pairs in said["more_linked_at"].items():
        yield f"A threshold of {threshold} would link about {pairs:,} pairs more."
