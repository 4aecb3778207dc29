"""Releases that somebody was handed: what is true of them, far from any environment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from tre.cli.errors import FAILED
from tre.cli.options import Json
from tre.cli.output import answer, facts

release: Final = typer.Typer(
    help="Releases, away from their environment.", no_args_is_help=True
)


@release.command("verify")
def verify(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="A release as JSON, Arrow or Parquet, or its receipt alone.",
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


def _words(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    rows = "as released" if found["table"] else "not in this file: the receipt alone"
    return [
        ("verified", "signature, log record and its place in the log"),
        ("table", rows),
        ("release", found["release"]),
        ("project", found["project"]),
        ("question", found["question"]),
        ("recorded", f"{found['at']}, as record {found['position']:,} of the log"),
    ]
