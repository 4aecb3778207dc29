"""The one folder of the server's machine that a manifest sent by HTTP may read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from connectors.errors import Invalid
from privacy.errors import Refused
from tre.manifest.source import FILE_KINDS, known_kinds


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
        for path in _paths(resource, index):
            if "\0" in path or root not in (root / path).resolve().parents:
                raise Invalid(
                    f"resources[{index}].path",
                    "expected a path inside the server's inbox",
                )
    return root


def _paths(resource: object, index: int) -> list[str]:
    """The paths a resource names; what is not text is for the manifest's own rules."""
    if not isinstance(resource, Mapping):
        return []
    return [*_texts(resource.get("path")), *_source_paths(resource, index)]


def _source_paths(resource: Mapping[str, Any], index: int) -> list[str]:
    """The paths its source names; only sources that are files may be sent here.

    Otherwise a manifest could have the server connect to a machine of its choice.
    """
    extension = resource.get("tre")
    source = extension.get("source") if isinstance(extension, Mapping) else None
    if not isinstance(source, Mapping):
        return []
    kind = source.get("kind")
    if kind not in FILE_KINDS and kind in known_kinds():
        raise Invalid(
            f"resources[{index}].tre.source.kind",
            f"expected one of {', '.join(FILE_KINDS)}, in a manifest sent by HTTP",
        )
    return _texts(source.get("path"))


def _texts(said: object) -> list[str]:
    every = said if isinstance(said, list) else [said]
    return [path for path in every if isinstance(path, str)]
