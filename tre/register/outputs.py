"""What was carried out past the airlock: files made from releases, checked by two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tre.register.happening import Happening

_SUBMITTED: Final = ("submission.made", "submission.revised")


def outputs(happened: Sequence[Happening]) -> Mapping[str, list[dict[str, Any]]]:
    """By project, what was approved to go out: its title, day, and what it rests on.

    What was not approved is not told, nor who submitted or checked it.
    """
    said: dict[str, dict[str, Any]] = {}
    found: dict[str, list[dict[str, Any]]] = {}
    for each in happened:
        if each.kind in _SUBMITTED:
            said[each.subject] = each.detail
        elif each.kind == "submission.decided" and _out(said, each):
            made = said[each.subject]
            found.setdefault(made["project"], []).append(
                {
                    "on": each.day,
                    "title": made["title"],
                    "files": len(made["files"]),
                    "releases": len(made["releases"]),
                }
            )
    return found


def _out(said: Mapping[str, dict[str, Any]], decided: Happening) -> bool:
    submitted = said.get(decided.subject, {})
    approved = decided.detail["standing"] == "approved"
    return approved and submitted.get("direction") == "out"
