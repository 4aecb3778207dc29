"""The one folder of the server's machine that a manifest sent by HTTP may read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from connectors.errors import Invalid
from privacy.errors import Refused


def opened_inbox(inbox: Path | None, manifest: Mapping[str, Any]) -> Path:
    """The inbox, as the folder that a manifest's paths are in.

    Raises `Refused` when the server has none, and `Invalid` for a path that leaves
    it, symbolic links followed: whoever may leave files there may leave links too.
    """
    if inbox is None:
        raise Refused(
            "no_inbox",
            "This server takes no files.",
            suggestion="Its operator can start it with `tre serve --inbox DIR`.",
        )
    root = inbox.resolve()
    resources = manifest.get("resources")
    for index, resource in enumerate(resources if isinstance(resources, list) else []):
        for path in _paths(resource):
            if "\0" in path or root not in (root / path).resolve().parents:
                raise Invalid(
                    f"resources[{index}].path",
                    "expected a path inside the server's inbox",
                )
    return root


def _paths(resource: object) -> list[str]:
    """The paths a resource names; what is not text is for the manifest's own rules."""
    if not isinstance(resource, Mapping):
        return []
    said = resource.get("path")
    every = said if isinstance(said, list) else [said]
    return [path for path in every if isinstance(path, str)]
