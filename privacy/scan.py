"""What is refused before the parser sees it: text too long, too deep, or not text.

One linear pass. It bounds the work of every later stage, so that no text can
keep a question busy for longer than a second.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from privacy.quote import position, quoted
from privacy.refusals import refuse

MAX_BYTES: Final = 64 * 1024
MAX_WORDS: Final = 5_000
MAX_DEPTH: Final = 64

UNPRINTABLE: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f"
    "\u202a-\u202e\u2060-\u206f\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)
"""What shows as nothing or turns what follows: a name with it looks like another.

The two joiners of letters (U+200C and U+200D) are not in it: some languages need them.
"""
_PIECES: Final = re.compile(
    r"""
      (?P<blank>\s+)
    | (?P<comment>--[^\n]*|/\*(?:[^*]|\*(?!/))*+\*/)
    | (?P<text>'(?:[^']|'')*+'|"(?:[^"]|"")*+")
    | (?P<open>[(\[{])
    | (?P<close>[)\]}])
    | (?P<word>\w+)
    | (?P<broken>['"]|/\*)
    | (?P<sign>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_PREFIXES: Final = frozenset({"NOT", "-", "+", "~"})


def scan(text: str) -> None:
    """Refuse text that is too long, too deeply nested, or not printable.

    Depth counts what is open around a word: brackets, CASE … END, and the NOTs and
    signs before it; those in strings and comments are not counted. Linear in the
    text.
    """
    _check_characters(text)
    levels = _Levels()
    words = 0
    for piece in _PIECES.finditer(text):
        kind = piece.lastgroup
        if kind in ("blank", "comment"):
            continue
        words += 1
        word = piece.group().upper() if kind in ("word", "sign") else ""
        levels.step(kind, word)
        _check_piece(kind, text, piece.start())
        _check_sizes(words, levels.depth)


@dataclass(slots=True)
class _Levels:
    """How deep the text is nested so far."""

    depth: int = 0
    run: int = 0
    opened: list[int] = field(default_factory=list)

    def step(self, kind: str | None, word: str) -> None:
        """Read one piece."""
        if word in _PREFIXES:
            self.run += 1
            self.depth += 1
        elif kind == "open" or word == "CASE":
            self.opened.append(self.depth - self.run)
            self.run = 0
            self.depth += 1
        elif self.opened and (kind == "close" or word == "END"):
            self.depth, self.run = self.opened.pop(), 0
        else:
            self.depth -= self.run
            self.run = 0


def _check_characters(text: str) -> None:
    if len(text) > MAX_BYTES or len(text.encode(errors="replace")) > MAX_BYTES:
        raise refuse("too_long", f"A question may have {MAX_BYTES:,} bytes at most.")
    found = UNPRINTABLE.search(text)
    if found:
        raise refuse(
            "syntax",
            f"The character U+{ord(found.group()):04X} at "
            f"{position(text, found.start())} is not printable text.",
            clause=quoted(text, found.start(), found.end()),
        )


def _check_piece(kind: str | None, text: str, offset: int) -> None:
    if kind == "broken":
        raise refuse(
            "syntax",
            f"The quotation or comment opened at {position(text, offset)} "
            "is never closed.",
            clause=quoted(text, offset, min(len(text), offset + 40)),
        )


def _check_sizes(words: int, depth: int) -> None:
    if words > MAX_WORDS:
        raise refuse(
            "too_long", f"A question may have {MAX_WORDS:,} words and signs at most."
        )
    if depth > MAX_DEPTH:
        raise refuse("too_deep", f"A question may be nested {MAX_DEPTH} deep at most.")
