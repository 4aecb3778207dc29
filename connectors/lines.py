"""Lines of text files, some at a time."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from connectors.attempt import Rules, attempt
from connectors.errors import Invalid
from connectors.place import Place, decompressed
from connectors.source import BATCH_ROWS

LONGEST: Final = 1 << 20
"""The most characters of a line: a file without line ends is not read whole."""

BLOCK: Final = 1 << 24
"""The characters after which a batch of lines ends, however few they are."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Some lines without their ends, and the number in the file of the first."""

    first: int
    texts: list[str]


def lines(place: Place, encoding: str) -> Iterator[Lines]:
    """Every line of a text file, decompressed where its name says so.

    A byte order mark is not part of the first line. Raises `Invalid` for bytes that
    are not text in this encoding, with the line where it can be told.
    """
    unread: Rules = {
        UnicodeError: "",
        pa.ArrowException: "cannot be decompressed: is it damaged?",
        OSError: "cannot be decompressed or read: is it damaged?",
    }
    with (
        decompressed(place) as stream,
        io.TextIOWrapper(stream, plain(encoding), newline=None) as text,
    ):
        number = 1
        while True:
            try:
                found = attempt(lambda: _some(text), place.name, unread)
            except Invalid as invalid:
                failure = invalid
                break
            if not found:
                return
            _check(found, place, number)
            yield Lines(number, [line.removesuffix("\n") for line in found])
            number += len(found)
    raise failure if failure.message else undecodable(place, encoding)


def undecodable(place: Place, encoding: str) -> Invalid:
    """Where the text stops being text; found by reading again, line by line."""
    rule = f"expected text in {encoding}"
    with suppress(pa.ArrowException, OSError), decompressed(place) as stream:
        for number, line in enumerate(io.BufferedReader(stream), start=1):
            try:
                line.decode(encoding)
            except UnicodeError:
                return Invalid(f"{place.name}:{number}", rule)
    return Invalid(place.name, rule)


def plain(encoding: str) -> str:
    """The encoding as Python spells it, UTF-8 with or without its mark."""
    name = encoding.lower().replace("_", "-")
    return "utf-8-sig" if name in {"utf-8", "utf8"} else name


def _some(text: io.TextIOWrapper) -> list[str]:
    found: list[str] = []
    size = 0
    while len(found) < BATCH_ROWS and size < BLOCK:
        line = text.readline(LONGEST + 2)
        if not line:
            break
        found.append(line)
        size += len(line)
        if len(line) > LONGEST + 1:
            break
    return found


def _check(found: list[str], place: Place, first: int) -> None:
    """Only the last line can be too long: reading stops there."""
    if len(found[-1].removesuffix("\n")) > LONGEST:
        number = first + len(found) - 1
        message = f"expected lines of at most {LONGEST} characters"
        raise Invalid(f"{place.name}:{number}", message)
