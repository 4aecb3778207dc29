"""Incidents: what went wrong, as somebody put it for the public, and what was done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tre.register.happening import Happening


def incidents(happened: Sequence[Happening]) -> list[Any]:
    """Every incident, oldest first."""
    found: dict[str, dict[str, Any]] = {}
    for each in happened:
        if each.kind == "incident.recorded":
            found[each.subject] = {
                "id": each.subject,
                "on": each.day,
                "summary": each.detail["summary"],
                "project": each.detail["project"],
                "dataset": each.detail["dataset"],
                "state": "open",
                "resolved_on": None,
                "outcome": None,
            }
        elif each.kind == "incident.resolved":
            found[each.subject] |= {
                "state": "resolved",
                "resolved_on": each.day,
                "outcome": each.detail["outcome"],
            }
    return list(found.values())
