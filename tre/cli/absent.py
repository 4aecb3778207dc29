"""Commands whose part is not there yet. They refuse by name, with status 3."""

from __future__ import annotations

from typing import Any, Final, Never

import typer

from privacy.errors import Refused

ANYTHING: Final[dict[str, Any]] = {
    "allow_extra_args": True,
    "ignore_unknown_options": True,
}

optout: Final = typer.Typer(help="Objections (not there yet).", no_args_is_help=True)


def refuse(what: str) -> Never:
    """Refuse a command that the manual names and this version does not have."""
    raise Refused("not_there_yet", f"{what} is not there yet.")


@optout.command("import", context_settings=ANYTHING)
def optout_import() -> None:
    """Take in objections, as identifiers (not there yet)."""
    refuse("Taking in objections")


def review() -> None:
    """The airlock for outputs that need a person (not there yet)."""
    refuse("The airlock")


def evaluate() -> None:
    """The privacy-utility report (not there yet)."""
    refuse("The privacy-utility report")
