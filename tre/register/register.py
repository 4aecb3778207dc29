"""The register as one document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from tre.audit.record import Record
from tre.control.canonical import canonical
from tre.register.datasets import datasets
from tre.register.happening import Happening, happenings
from tre.register.incidents import incidents
from tre.register.populations import populations
from tre.register.projects import projects, refused_elsewhere

FORMAT: Final = "tre-register/1"


def register(records: Iterable[Record]) -> Mapping[str, Any]:
    """The public register of a log. The same records give the same document.

    It has no float and no clock: numbers that are not whole are text, and the day it
    is of is that of the last thing it tells.
    """
    return register_of(happenings(records))


def register_of(happened: Sequence[Happening]) -> Mapping[str, Any]:
    """The register of what happened, in the log's order."""
    return {
        "format": FORMAT,
        "as_of": happened[-1].day if happened else None,
        "projects": projects(happened),
        "datasets": datasets(happened),
        "populations": populations(happened),
        "organisations": sorted(
            each.subject for each in happened if each.kind == "organisation.added"
        ),
        "objections": objections(happened),
        "incidents": incidents(happened),
        "refused_outside_projects": refused_elsewhere(happened),
    }


def project_names(document: Mapping[str, Any]) -> list[str]:
    """The projects of a register."""
    return [each["name"] for each in document["projects"]]


def objections(happened: Sequence[Happening]) -> list[Any]:
    """The days on which objections were taken in; how many is nobody's to know."""
    return [
        {"population": each.subject, "on": each.day}
        for each in happened
        if each.kind == "objection.taken"
    ]


def written(document: Mapping[str, Any]) -> bytes:
    """The document as it is published."""
    return f"{canonical(document)}\n".encode()
