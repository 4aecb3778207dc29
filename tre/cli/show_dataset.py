"""Datasets as a person reads them: what intake counted, and what is published."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from types import MappingProxyType
from typing import Any, Final

from rich.console import RenderableType
from rich.table import Table

from privacy.catalogue import GroupBound
from tre.cli.output import columns, facts
from tre.cli.show_linkage import linkage
from tre.intake import Counts, Publication
from tre.intake.publication import Changes

MOST_KEYS: Final = 12
"""Named keys printed of a column; `--json` prints all of them."""

_MOST_PEOPLE: Final = 0.95

_FACTS: Final = (
    "title",
    "description",
    "version",
    "state",
    "population",
    "controller",
    "legal_basis",
    "retention",
)
_UNITS: Final = {
    "person": "rows of linked people",
    "row": "every row is another person",
    "none": "a public reference table",
}
_DELIVERED: Final = {"append": ", added to {to}", "correct": ", corrects {to}"}
_REASONS: Final = {
    "ragged": "another number of fields than the header",
    "required": "missing where a value is required",
    "type": "not of the column's type",
    "not_finite": "not a finite number",
    "range": "outside the bounds or the list of values",
}
ROWS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "rows read": "landed",
        "rejected": "rejected",
        "without person": "without_person",
        "over the cap": "over_cap",
        "published": "published",
    }
)
_CHANGED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "rows added": "added",
        "corrected": "corrected",
        "removed": "removed",
        "to remove, unknown": "unknown",
    }
)
_COUNTED: Final[Mapping[str, str]] = MappingProxyType({**ROWS, "people": "people"})


def published(publication: Publication) -> Iterator[RenderableType]:
    """What is in force now, and what intake counted."""
    yield f"{publication.dataset} {publication.version} is published."
    yield ""
    yield from counted(publication.counts)
    if publication.changes:
        yield ""
        yield from changed(publication.changes)
    for table in publication.outgrown:
        yield ""
        yield (
            f"{table.name} has more rows than a table of size {table.size.value} is"
            f" meant to have ({table.size.rows:,}). Without a profile, questions about"
            " it may fail, charged: say a larger tre.size, and publish it again."
        )


def changed(changes: Sequence[Changes]) -> Iterator[RenderableType]:
    """What a delivery changed in tables with a row key, by the keys alone."""
    table = columns("table", *_CHANGED, right=tuple(_CHANGED))
    for each in changes:
        figures = (getattr(each, field) for field in _CHANGED.values())
        table.add_row(each.table, *(f"{figure:,}" for figure in figures))
    yield table


def catalogue(datasets: Sequence[Mapping[str, Any]]) -> Iterator[RenderableType]:
    """One line for each dataset."""
    if not datasets:
        yield "There is no dataset yet."
        return
    table = columns("name", "version", "population", "tables", "title")
    for each in datasets:
        tables = ", ".join(one["name"] for one in each["tables"]) or each["state"]
        table.add_row(
            each["name"], each["version"], each["population"], tables, each["title"]
        )
    yield table


def described(dataset: Mapping[str, Any]) -> Iterator[RenderableType]:
    """What the public may know of a dataset: who holds it, and its tables' columns."""
    said = {name: str(dataset[name] or "") for name in _FACTS}
    said["version"] += _delivered(dataset["delivery"] or {})
    yield facts(*((name.replace("_", " "), words) for name, words in said.items()))
    yield from _versions(dataset)
    for table in dataset["tables"]:
        yield ""
        yield f"{table['name']}: {_UNITS[table['privacy_unit']]}{_cap(table)}"
        yield _columns(table["columns"])
        if table["profile"]:
            yield ""
            yield from _profile(table["profile"])
        if table["linkage"]:
            yield ""
            yield from linkage(table["linkage"])


def _versions(dataset: Mapping[str, Any]) -> Iterator[RenderableType]:
    """The versions there have been; of one of them, the releases that used it."""
    if "releases" in dataset:
        ended = f", ended on {dataset['ended_on']}" if dataset["ended_on"] else ""
        yield f"{dataset['id']} was published on {dataset['published_on']}{ended}."
        yield f"Releases of it: {', '.join(dataset['releases']) or 'none'}"
        for before, changes in dataset["changed"].items():
            yield f"Since {before}:"
            yield from changes or ["Nothing that is public changed."]
    elif len(dataset["versions"]) > 1:
        yield ""
        table = columns("version", "id", "state", "published")
        for each in dataset["versions"]:
            label = each["version"] + _delivered(each["delivery"] or {})
            table.add_row(label, each["id"], each["state"], each["published_on"])
        yield table


def _delivered(delivery: Mapping[str, Any]) -> str:
    """How the version came about, and the period its newest rows are about."""
    words = _DELIVERED.get(delivery.get("kind", ""), "").format(to=delivery.get("to"))
    period = delivery.get("period")
    if period:
        words += f", of {period['from']} to {period['until']}"
    return words


def _profile(profile: Mapping[str, Any]) -> Iterator[RenderableType]:
    """How many rows people have, as it was measured under privacy."""
    yield (
        f"Measured when {profile['measured_of']} was published, for"
        f" ρ = {profile['rho']:.6g}; a number of people is within"
        f" ±{profile['people_margin']:,} of the truth 95 times in 100."
    )
    table = columns("rows of a person", "people", right=["people"])
    for each in profile["people_by_rows"]:
        table.add_row(_span(each), f"{each['people']:,}")
    yield table
    yield (
        f"Rows dropped by the cap: {profile['dropped_by_cap']:,}"
        f" (±{profile['dropped_margin']:,})."
    )
    for name, rows in profile["clamped"].items():
        yield (f"Values of {name} clamped: {rows:,} (±{profile['clamped_margin']:,}).")
    for each in profile["numbers"]:
        yield _most_people(each)


def _most_people(numbers: Mapping[str, Any]) -> str:
    """Below which number most people are, as the histogram has it."""
    classes = numbers["people_by_number"]
    ends = [each["from"] for each in classes[1:]] + [numbers["most"]]
    counts = [max(0, each["people"]) for each in classes]
    reached = zip(ends, accumulate(counts), strict=True)
    most = next(end for end, people in reached if people >= _MOST_PEOPLE * sum(counts))
    return (
        f"{numbers['column']}, {numbers['of']}: {_MOST_PEOPLE:.0%} of people are below"
        f" about {most:,.6g} (--json has all classes)."
    )


def _span(each: Mapping[str, Any]) -> str:
    if each["to"] is None:
        return f"{each['from']:,} or more"
    same = each["from"] == each["to"]
    return f"{each['from']:,}" if same else f"{each['from']:,} to {each['to']:,}"


def _cap(table: Mapping[str, Any]) -> str:
    rows, bounds = table["rows_per_person"], table["group_bounds"]
    if not rows or rows == 1:
        return ""
    grouped = (
        GroupBound(tuple(each["by"]), each["rows"], each["groups"]).words
        for each in bounds
    )
    return "".join([f", at most {rows} of each", *(f", {each}" for each in grouped)])


def _columns(described: Sequence[Mapping[str, Any]]) -> Table:
    table = columns("column", "type", "values", "role")
    for column in described:
        table.add_row(
            column["name"], column["type"], _values(column), column["role"] or ""
        )
    return table


def _values(column: Mapping[str, Any]) -> str:
    """Its keys where they are few and named, else its bounds."""
    low, high, keys = column["minimum"], column["maximum"], column["keys"]
    null = "" if column["required"] else " or NULL"
    named = keys is not None and column["type"] in {"text", "boolean"}
    if not named and low is not None and high is not None:
        return f"{_plainly(low)} to {_plainly(high)}{null}"
    if not named:
        return f"any{null}"
    shown = ", ".join(map(str, keys[:MOST_KEYS]))
    rest = f" and {len(keys) - MOST_KEYS:,} more" if len(keys) > MOST_KEYS else ""
    return f"{shown}{rest}{null}"


def _plainly(bound: object) -> str:
    """A bound as the manifest would have it: 100000 rather than 100000.0."""
    whole = isinstance(bound, float) and bound.is_integer()
    return f"{bound:.0f}" if whole else str(bound)


def counted(counts: Sequence[Counts]) -> Iterator[RenderableType]:
    """What became of each table's rows, whose they are, and why rows were rejected."""
    yield from figures(counts, _COUNTED)


def figures(
    counts: Sequence[Counts], names: Mapping[str, str]
) -> Iterator[RenderableType]:
    """What became of each table's rows, and why rows were rejected."""
    table = columns("table", *names, right=tuple(names))
    for each in counts:
        figures = (getattr(each, field) for field in names.values())
        table.add_row(each.table, *(f"{figure:,}" for figure in figures))
    yield table
    if any(each.rejects for each in counts):
        yield ""
        yield _rejects(counts)


def _rejects(counts: Sequence[Counts]) -> Table:
    table = columns("table", "column", "rejected rows", "why", right=["rejected rows"])
    for each in counts:
        for reject in each.rejects:
            why = _REASONS.get(reject.reason.value, reject.reason.value)
            table.add_row(each.table, reject.column, f"{reject.rows:,}", why)
    return table
