"""Commands whose part is not there yet. They refuse by name, with status 3."""

from __future__ import annotations

from typing import Any, Final, Never

from privacy.errors import Refused

ANYTHING: Final[dict[str, Any]] = {
    "allow_extra_args": True,
    "ignore_unknown_options": True,
}


def refuse(what: str) -> Never:
    """Refuse a command that the manual names and this version does not have."""
    raise Refused("not_there_yet", f"{what} is not there yet.")


def review() -> None:
    """The airlock for outputs that need a person (not there yet)."""
    refuse("The airlock")
