"""Which projects used data like mine: for somebody who says what they have dealt with.

The answer is looked up in the register alone. It says what was used, and nobody can
tell from it whether anybody is in it: it opens no data, takes no identifier, and is
the same whoever asks and whoever is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Dealt:
    """What somebody says: agencies, datasets, and facts that these hold (columns).

    What is empty is not narrowed by. `since` and `until` are years in which data were
    used, both included.
    """

    agencies: frozenset[str] = frozenset()
    datasets: frozenset[str] = frozenset()
    columns: frozenset[str] = frozenset()
    since: int | None = None
    until: int | None = None

    @property
    def nothing(self) -> bool:
        """Whether nothing was said."""
        return not (self.agencies or self.datasets or self.columns)


def choices(register: Mapping[str, Any]) -> dict[str, Any]:
    """What somebody may choose from: names that the register has, sorted."""
    columns = {
        column
        for project in register["projects"]
        for asked in project["data"].values()
        for column in asked
    }
    named = [each for each in register["datasets"] if "controller" in each]
    return {
        "agencies": sorted({each["controller"] for each in named}),
        "datasets": sorted(each["name"] for each in named),
        "columns": sorted(columns),
    }


def used(register: Mapping[str, Any], dealt: Dealt) -> list[Any]:
    """The projects that were granted, or asked, data like what was said, by name.

    Each comes with the datasets and columns that fit and the questions asked of them.
    """
    fitting = {
        each["name"]: set(each["tables"])
        for each in register["datasets"]
        if "controller" in each
        and (not dealt.agencies or each["controller"] in dealt.agencies)
        and (not dealt.datasets or each["name"] in dealt.datasets)
    }
    found = (_fit(each, fitting, dealt) for each in register["projects"])
    return [each for each in found if each is not None]


def _fit(
    project: Mapping[str, Any], fitting: Mapping[str, set[str]], dealt: Dealt
) -> dict[str, Any] | None:
    tables = {
        table: [
            column for column in columns if not dealt.columns or column in dealt.columns
        ]
        for table, columns in project["data"].items()
        if any(table in named for named in fitting.values())
    }
    data = {table: asked for table, asked in tables.items() if asked}
    questions = [
        each
        for each in project["questions"]
        if not fitting.keys().isdisjoint(each["datasets"]) and _within(each, dealt)
    ]
    dated = dealt.since is not None or dealt.until is not None
    started = any(each["what"] == "active" for each in project["history"])
    if not data or not started or (dated and not questions):
        return None
    return {
        "name": project["name"],
        "title": project["title"],
        "state": project["state"],
        "purposes": project["purposes"],
        "organisations": project["organisations"],
        "data": data,
        "questions": questions,
    }


def _within(question: Mapping[str, Any], dealt: Dealt) -> bool:
    year = int(question["on"][:4])
    return (dealt.since or year) <= year <= (dealt.until or year)
