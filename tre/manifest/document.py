"""How large and deep a document may be, and what its texts may hold.

Whoever sends a manifest is not trusted to be kind: a few lines of YAML can stand for
more values than there is memory, and half of a surrogate pair is no text that any
database takes.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from connectors.errors import Invalid

LARGEST_FILE: Final = 1024 * 1024
"""Bytes of a manifest; by HTTP no more are taken either."""

DEEPEST: Final = 32
MOST_VALUES: Final = 200_000
MOST_ALIASES: Final = 100


def check_size(file: Path) -> None:
    """Refuse a file that no manifest is as large as. `OSError` where there is none."""
    if file.stat().st_size > LARGEST_FILE:
        raise Invalid(str(file), "expected at most 1 MiB")


def check_document(document: object) -> None:
    """Raise `Invalid` for a document too deep or too large to read, or for such text.

    A part that stands in several places is counted in each, as it will be read.
    """
    waiting: list[tuple[object, str, int]] = [(document, "", 0)]
    seen = 0
    while waiting:
        value, place, depth = waiting.pop()
        seen += 1
        if seen > MOST_VALUES:
            raise Invalid("", f"expected at most {MOST_VALUES:,} values")
        if depth > DEEPEST:
            raise Invalid("", f"expected at most {DEEPEST} levels")
        if isinstance(value, str):
            _check_text(value, place)
        elif isinstance(value, Mapping):
            for key in value:
                _check_text(str(key), place)
            waiting.extend(
                (each, f"{place}.{key}" if place else str(key), depth + 1)
                for key, each in value.items()
            )
        elif isinstance(value, list | tuple):
            waiting.extend(
                (each, f"{place}[{index}]", depth + 1)
                for index, each in enumerate(value)
            )


def _check_text(text: str, place: str) -> None:
    if "\0" in text or any("\ud800" <= each <= "\udfff" for each in text):
        raise Invalid(place, "expected text without NUL or lone surrogates")
