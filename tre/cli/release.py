"""Releases as files: written as packages, and checked far from any environment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from tre.cli.errors import FAILED
from tre.cli.options import HERE, Home, Json, Somebody
from tre.cli.output import answer, facts, save
from tre.cli.session import opened

release: Final = typer.Typer(
    help="Releases as files: export and verify.", no_args_is_help=True
)


@release.command("verify")
def verify(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="A release as JSON, Arrow or Parquet, its receipt alone, or a "
            "package of a release or of what the airlock let out.",
        ),
    ],
    *,
    key: Annotated[
        str,
        typer.Option(
            "--key",
            metavar="KEY",
            help="The environment's public key, or a file that holds it: what "
            "`tre audit key` prints.",
        ),
    ],
    as_json: Json = False,
) -> None:
    """Check a release offline: needs the public key and nothing else.

    Status 1, and what does not hold, where anything was changed.
    """
    from tre.handed import Unverified, verify_handed

    try:
        found = verify_handed(file, key)
    except Unverified as error:
        problem = str(error)
        document = {"verified": False, "problem": problem}
        answer(document, lambda: [f"Not verified: {problem}."], as_json=as_json)
        raise typer.Exit(FAILED) from None
    answer(
        {"verified": True, **found}, lambda: [facts(*_words(found))], as_json=as_json
    )


@release.command("export")
def export(
    name: Annotated[str, typer.Argument(metavar="RELEASE", help="Its id.")],
    *,
    to: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="A .zip file.")
    ],
    person: Somebody,
    home: Home = HERE,
    as_json: Json = False,
) -> None:
    """Write a release with its receipt as an RO-Crate that anybody can verify."""
    with opened(home) as environment:
        package = environment.export_release(name, person=person)
    save(to, package, as_json=as_json)


def _words(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    if found.get("package"):
        return [
            ("verified", "signatures, log records, and every file of the package"),
            *((name, _said(found[name])) for name in _PACKED if name in found),
        ]
    rows = "as released" if found["table"] else "not in this file: the receipt alone"
    return [
        ("verified", "signature, log record and its place in the log"),
        ("table", rows),
        ("release", found["release"]),
        ("project", found["project"]),
        ("question", found["question"]),
        ("recorded", f"{found['at']}, as record {found['position']:,} of the log"),
    ]


_PACKED: Final = ("submission", "project", "revision", "files", "releases")


def _said(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
