"""Lines of text files, some at a time."""

from __future__ import annotations

import codecs
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

TOO_LONG: Final = f"expected lines of at most {LONGEST:,} characters"

DECODED: Final = 1 << 16

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
    """Where the text stops being text; the file where that cannot be told."""
    rule = f"expected text in {encoding}"
    with suppress(pa.ArrowException, OSError), decompressed(place) as stream:
        line = bad_line(stream, encoding)
        if line is not None:
            return Invalid(f"{place.name}:{line}", rule)
    return Invalid(place.name, rule)


def bad_line(stream: pa.NativeFile, encoding: str) -> int | None:
    """The number of the first line that is no text in the encoding; None of none."""
    decoder = codecs.getincrementaldecoder(plain(encoding))()
    line = 1
    while block := stream.read(DECODED):
        before = decoder.getstate()
        try:
            line += decoder.decode(block).count("\n")
        except UnicodeError:
            decoder.setstate(before)
            return line + _ends(decoder, block)
    try:
        decoder.decode(b"", final=True)
    except UnicodeError:
        return line
    return None


def _ends(decoder: codecs.IncrementalDecoder, block: bytes) -> int:
    """How many lines end in a block before its text does."""
    ends = 0
    with suppress(UnicodeError):
        for byte in block:
            ends += decoder.decode(bytes([byte])).count("\n")
    return ends


def short(text: io.TextIOBase, place: str) -> Iterator[str]:
    """Each line with its end. `Invalid` at `place` for one that is too long."""
    number = 1
    while line := text.readline(LONGEST + 2):
        if len(line.removesuffix("\n")) > LONGEST:
            raise Invalid(f"{place}:{number}", TOO_LONG)
        yield line
        number += 1


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
        raise Invalid(f"{place.name}:{number}", TOO_LONG)
