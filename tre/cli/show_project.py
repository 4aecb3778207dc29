"""A project as a person reads it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import RenderableType

from tre.cli.output import columns, facts
from tre.governance.due import Due


def standing(project: Mapping[str, Any]) -> str:
    """Where it stands, and whose approval it awaits."""
    said = f"{project['name']} is {project['state']}."
    if project["state"] == "proposed" and project["awaiting"]:
        return f"{said} It awaits the approval of {_and(project['awaiting'])}."
    if project["amendment"] is None:
        return said
    awaiting = _and(project["amendment"]["awaiting"])
    return f"{said} A change of it awaits the approval of {awaiting}."


def project_in_words(project: Mapping[str, Any]) -> Iterator[RenderableType]:
    """Where it stands, and all that is known of it."""
    yield standing(project)
    yield ""
    yield facts(
        ("title", project["title"]),
        ("summary", project["lay_summary"]),
        ("tables", "\n".join(_tables(project["datasets"]))),
        ("pinned", "\n".join(_pins(project["pins"]))),
        ("reasons", "\n".join(_reasons(project.get("reasons", {})))),
        ("population", project["population"]),
        ("budget", _budget(project["budget"])),
        ("purposes", ", ".join(project["purposes"])),
        ("from", project.get("starts") or ""),
        ("until", project["until"]),
        ("ethics", project.get("ethics_reference", "")),
        ("route", project["route"]),
        ("researchers", ", ".join(project["researchers"])),
        ("proposed by", project["proposer"]),
        ("approved by", "\n".join(_approvals(project["approvals"]))),
        ("outcome", project["outcome"] or ""),
    )


def due_in_words(found: Sequence[Due]) -> Iterator[RenderableType]:
    """What has to be seen to, soonest first."""
    if not found:
        yield "Nothing is due."
        return
    table = columns("by", "what", "of", "")
    for each in found:
        table.add_row(f"{each.on}", each.kind, each.subject, each.words)
    yield table


def _and(names: Sequence[str]) -> str:
    return " and ".join(names)


def _tables(datasets: Mapping[str, list[str]]) -> Iterator[str]:
    for table, asked in datasets.items():
        yield f"{table} ({', '.join(asked)})"


def _pins(pins: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for name, pin in pins.items():
        gone = "" if pin["asked"] else ", withdrawn: pin another or follow"
        yield f"{name}: {pin['label']} ({pin['version']}{gone})"


def _reasons(reasons: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    for table, given in reasons.items():
        for column, why in given.items():
            yield f"{table}.{column}: {why}"


def _budget(budget: Mapping[str, Any]) -> str:
    if budget["measure"] == "pure":
        return f"ε = {budget['epsilon']}, pure"
    return f"ε = {budget['epsilon']} at δ = {float(budget['delta']):g}"


def _approvals(approvals: list[Mapping[str, str]]) -> Iterator[str]:
    for each in approvals:
        yield f"{each['person']}, for {each['of']}"
