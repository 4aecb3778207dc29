"""Datasets, and what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tre.register.happening import Happening

_WORDS = {
    "dataset.published": "published",
    "dataset.rebuilt": "written anew",
    "dataset.withdrawn": "withdrawn",
    "dataset.conditions_set": "conditions set",
    "dataset.conditions_lifted": "conditions lifted",
}
_DELIVERED = {"append": "appended to", "correct": "corrected"}

_REASONS = {
    "objection": " without people who object",
    "linkage": " under people who were numbered anew",
}


def datasets(happened: Sequence[Happening]) -> list[Any]:
    """Every dataset there has been, by name."""
    found: dict[str, dict[str, Any]] = {}
    history: dict[str, list[Any]] = {}
    for each in happened:
        if each.kind not in _WORDS:
            continue
        name, _, number = each.subject.partition("/")
        held = found.setdefault(name, {"name": name, "conditions": {}})
        _take(held, each)
        event: dict[str, Any] = {"on": each.day, "what": _what(each)}
        history.setdefault(name, []).append({**event, "version": number or None})
    return [{**found[name], "history": history[name]} for name in sorted(found)]


def _what(each: Happening) -> str:
    """What happened; why, where it may be for two reasons; and of when new rows are."""
    delivery = each.detail.get("delivery") or {}
    words = _DELIVERED.get(delivery.get("kind", ""), _WORDS[each.kind])
    period = delivery.get("period")
    if period:
        words += f" (of {period['from']} to {period['until']})"
    return words + _REASONS.get(each.detail.get("reason", ""), "")


def _take(held: dict[str, Any], each: Happening) -> None:
    match each.kind:
        case "dataset.published":
            public = each.detail.get("public", {})
            held |= {
                "state": "asked",
                "population": each.detail["population"],
                "controller": each.detail["controller"],
                "tables": each.detail["tables"],
                "title": public.get("title", ""),
                "legal_basis": public.get("legal_basis", ""),
                "retention": public.get("retention"),
                "linkage": public.get("linkage", {}),
            }
        case "dataset.withdrawn":
            held["state"] = "withdrawn"
        case "dataset.conditions_set":
            held["conditions"] = each.detail["conditions"]
        case "dataset.conditions_lifted":
            held["conditions"] = {}
        case "dataset.rebuilt":  # as it was, but for how well its people are linked
            held["linkage"] = each.detail.get("linkage", held.get("linkage", {}))
        case _:
            pass
