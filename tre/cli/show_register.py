"""The register as somebody at a terminal reads it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import RenderableType

from tre.cli.output import columns


def register_in_words(register: Mapping[str, Any]) -> Iterator[RenderableType]:
    """Projects, datasets and incidents, in short; `--json` has all of it."""
    projects = columns("project", "state", "questions", "refused", "spent", "of")
    for each in register["projects"]:
        budget = each["budget"]
        projects.add_row(
            each["name"],
            each["state"],
            f"{len(each['questions'])}",
            f"{sum(each['refusals'].values())}",
            budget["spent"],
            budget["total"] or "",
        )
    yield projects
    yield ""
    datasets = columns("dataset", "state", "controller", "legal basis")
    for each in register["datasets"]:
        datasets.add_row(
            *(each.get(name, "") for name in ("name", "state", "controller")),
            each.get("legal_basis", ""),
        )
    yield datasets
    for each in register["incidents"]:
        yield ""
        yield f"{each['on']}  {each['id']} ({each['state']}): {each['summary']}"
