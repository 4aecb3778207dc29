"""The folders of the server's machine that a manifest sent by HTTP may read.

There is one for each controller, in the inbox. A file there is that controller's,
because whoever keeps the machine let nobody else put files into the folder: nothing
but the place tells whose a file is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from connectors.errors import Invalid
from privacy.errors import Refused
from tre.manifest.source import FILE_KINDS, known_kinds


def inbox_of(inbox: Path | None, controller: str) -> Path:
    """The controller's own folder in the inbox. Refused where there is none."""
    if inbox is None:
        raise Refused(
            "no_inbox",
            "This server takes no files.",
            suggestion="Its operator can start it with `tre serve --inbox DIR`.",
        )
    name = folder_name(controller)
    # By name and not by asking for it: some file systems take A for a.
    if name not in {entry.name for entry in inbox.iterdir() if entry.is_dir()}:
        raise Refused(
            "no_inbox",
            f"This server takes no files of {controller[:80]}.",
            suggestion=f"Its operator can make the folder {name[:240]} in its inbox.",
        )
    return inbox / name


def folder_name(controller: str) -> str:
    """The one folder name of a controller: its own, percent-encoded where need be.

    >>> folder_name("Department of Examples"), folder_name("A/B"), folder_name("..")
    ('Department of Examples', 'A%2FB', '%2E%2E')
    """
    name = quote(controller, safe=" ")
    return name.replace(".", "%2E") if name.startswith(".") else name


def opened_inbox(folder: Path, manifest: Mapping[str, Any]) -> Path:
    """The folder, as the one that a manifest's paths are in.

    Raises `Invalid` for a path that leaves it, symbolic links followed: whoever may
    leave files there may leave links too.
    """
    root = folder.resolve()
    resources = manifest.get("resources")
    for index, resource in enumerate(resources if isinstance(resources, list) else []):
        for path in _paths(resource, index):
            if "\0" in path or root not in (root / path).resolve().parents:
                raise Invalid(
                    f"resources[{index}].path",
                    "expected a path inside the controller's folder of the inbox",
                )
    return root


def _paths(resource: object, index: int) -> list[str]:
    """The paths a resource names; what is not text is for the manifest's own rules."""
    if not isinstance(resource, Mapping):
        return []
    return [
        *_texts(resource.get("path")),
        *_source_paths(resource, index),
        *_table_paths(resource),
    ]


def _table_paths(resource: Mapping[str, Any]) -> list[str]:
    """The tables that its values are looked up in, wherever they are named."""
    return [
        path
        for mapping in _mappings(resource.get("schema"))
        if mapping.get("from") == "lookup"
        for path in _texts(mapping.get("table"))
    ]


def _mappings(value: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        yield value
        below = list(value.values())
    else:
        below = value if isinstance(value, list) else []
    for item in below:
        yield from _mappings(item)


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
    return [*_texts(source.get("path")), *_texts(source.get("catalogue"))]


def _texts(said: object) -> list[str]:
    every = said if isinstance(said, list) else [said]
    return [path for path in every if isinstance(path, str)]
