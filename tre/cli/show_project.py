"""A project as a person reads it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import RenderableType

from tre.cli.output import facts


def standing(project: Mapping[str, Any]) -> str:
    """Where it stands, and whose approval it awaits."""
    said = f"{project['name']} is {project['state']}."
    if project["state"] != "proposed" or not project["awaiting"]:
        return said
    return f"{said} It awaits the approval of {' and '.join(project['awaiting'])}."


def project_in_words(project: Mapping[str, Any]) -> Iterator[RenderableType]:
    """Where it stands, and all that is known of it."""
    yield standing(project)
    yield ""
    yield facts(
        ("title", project["title"]),
        ("summary", project["lay_summary"]),
        ("tables", "\n".join(_tables(project["datasets"]))),
        ("population", project["population"]),
        ("budget", _budget(project["budget"])),
        ("purposes", ", ".join(project["purposes"])),
        ("until", project["until"]),
        ("researchers", ", ".join(project["researchers"])),
        ("proposed by", project["proposer"]),
        ("approved by", "\n".join(_approvals(project["approvals"]))),
        ("outcome", project["outcome"] or ""),
    )


def _tables(datasets: Mapping[str, list[str]]) -> Iterator[str]:
    for table, asked in datasets.items():
        yield f"{table} ({', '.join(asked)})"


def _budget(budget: Mapping[str, Any]) -> str:
    if budget["measure"] == "pure":
        return f"ε = {budget['epsilon']}, pure"
    return f"ε = {budget['epsilon']} at δ = {float(budget['delta']):g}"


def _approvals(approvals: list[Mapping[str, str]]) -> Iterator[str]:
    for each in approvals:
        yield f"{each['person']}, for {each['of']}"
