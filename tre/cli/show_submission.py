"""A submission in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from tre.cli.output import columns, facts

if TYPE_CHECKING:
    from rich.console import RenderableType

_MEANS: Final[Mapping[str, str]] = {
    "submitted": "it waits for its checkers",
    "disagreed": "its checkers differ: a third decides",
    "changes": "it has to be changed and submitted again",
    "approved": "it may be carried: `tre review package`, or `take-in`",
    "rejected": "it may not be carried",
    "withdrawn": "who submitted it took it back",
}


def standing(found: Mapping[str, Any]) -> list[RenderableType]:
    """What has become of it, and what there is to look at."""
    first = f"{found['id']} is {found['state']}: {_MEANS[found['state']]}."
    return [first, *_findings(found["findings"])]


def submission_in_words(found: Mapping[str, Any]) -> list[RenderableType]:
    """All that the reader may see of it."""
    context = found["context"]
    return [
        facts(
            ("submission", f"{found['id']}, revision {found['revision']}"),
            ("state", f"{found['state']}: {_MEANS[found['state']]}"),
            ("project", f"{found['project']}, {found['direction']}"),
            ("by", found["submitter"]),
            ("title", context["title"]),
            ("what", context["what"]),
            ("why", context["why"]),
            ("for whom", context["for_whom"]),
            ("returned", found["returned"]),
        ),
        "",
        _files(found["files"]),
        *_findings(found["findings"]),
        *_history(found["history"]),
        *_votes(found["votes"]),
    ]


def submissions_in_words(found: Sequence[Mapping[str, Any]]) -> list[RenderableType]:
    """One line each."""
    if not found:
        return ["There is no submission that you may see."]
    table = columns("submission", "project", "way", "state", "title")
    for each in found:
        title = each["context"]["title"]
        way = each["direction"]
        table.add_row(each["id"], each["project"], way, each["state"], title)
    return [table]


def _files(found: Sequence[Mapping[str, Any]]) -> RenderableType:
    names = ("file", "kind", "bytes", "made of releases", "its columns")
    table = columns(*names, right=("bytes",))
    for each in found:
        cited, said = ", ".join(each["releases"]), "\n".join(_meant(each))
        table.add_row(each["name"], each["kind"], f"{each['size']:,}", cited, said)
    return table


def _meant(file: Mapping[str, Any]) -> Iterator[str]:
    """Columns that have another name in the release, and how others are computed."""
    yield from (f"{name} is {of}" for name, of in file["columns"].items())
    yield from (f"{name} = {formula}" for name, formula in file["derived"].items())


def _findings(found: Sequence[Mapping[str, Any]]) -> list[RenderableType]:
    if not found:
        return []
    return ["", "To look at:", *(f"  {e['place']}: {e['words']}" for e in found)]


def _history(found: Sequence[Mapping[str, Any]]) -> list[RenderableType]:
    if not found:
        return []
    lines = (f"  {each['release']}: {each['words']}" for each in found)
    return ["", "What it rests on, beside other questions:", *lines]


def _votes(found: Sequence[Mapping[str, Any]]) -> list[RenderableType]:
    if not found:
        return []
    lines = [
        f"  {each['checker']}: {each['verdict']}{' (draft)' if each['draft'] else ''},"
        f" {each['reason']}"
        for each in found
    ]
    return ["", "Votes:", *lines]
