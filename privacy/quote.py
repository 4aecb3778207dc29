"""The question's own text behind a node, for messages."""

from __future__ import annotations

from typing import Final

import sqlglot
import sqlglot.expressions as exp
from sqlglot.errors import SqlglotError

MAX_QUOTED: Final = 400
_LEFT_WORDS: Final = 3
_RIGHT_SIGNS: Final = 3


class Quoted(str):
    """A part of a question's text that knows where it stands there."""

    __slots__ = ("position",)
    position: str


def quoted(text: str, start: int, end: int) -> Quoted:
    """A part of a text, with its position."""
    found = Quoted(text[start:end])
    found.position = position(text, start)
    return found


def position(text: str, offset: int) -> str:
    """Write an offset as `line L, column C`, both counted from one."""
    line = text.count("\n", 0, offset) + 1
    column = offset - (text.rfind("\n", 0, offset) + 1) + 1
    return f"line {line}, column {column}"


def quote(node: exp.Expr, text: str) -> str:
    """Return the part of `text` that `node` was read from, as it was written.

    It knows its position, where the parser kept any trace of it.

    Where the parser kept no trace of it, the node is written out again; where it
    kept traces of parts only, those are quoted. At most `MAX_QUOTED` characters.
    """
    span = _span(node)
    if span is None:
        return _written(node)
    start, end = span
    if end - start > MAX_QUOTED:
        cut = Quoted(text[start : start + MAX_QUOTED - 1] + "…")
        cut.position = position(text, start)
        return cut
    if isinstance(node, exp.Identifier):
        return quoted(text, start, end)
    return quoted(text, *(_whole(node, text, start, end) or (start, end)))


def _span(node: exp.Expr) -> tuple[int, int] | None:
    """From the first to past the last character the parser remembers of a node."""
    found = [each.meta for each in node.walk() if each.meta and "start" in each.meta]
    if not found:
        return None
    starts = [int(meta["start"]) for meta in found]
    return min(starts), max(int(meta["end"]) for meta in found) + 1


def _whole(node: exp.Expr, text: str, start: int, end: int) -> tuple[int, int] | None:
    """The smallest piece around the span that reads back as the same node."""
    lefts = _word_starts(text, start)
    rights = _sign_ends(text, end)
    pieces = [(left, right) for left in lefts for right in rights]
    for left, right in sorted(pieces, key=lambda each: each[1] - each[0]):
        piece = text[left:right]
        if piece.count("(") == piece.count(")") and _reads_as(piece, node):
            return left, right
    return None


def _word_starts(text: str, start: int) -> list[int]:
    """Where up to three words or opening signs before a position begin."""
    starts = [start]
    for _ in range(_LEFT_WORDS):
        before = text[: starts[-1]].rstrip()
        if not before:
            break
        word = len(before) - len(before.rstrip(_WORD_LETTERS))
        starts.append(len(before) - (word or 1))
    return starts


def _sign_ends(text: str, end: int) -> list[int]:
    """Where up to three words or closing signs after a position end."""
    ends = [end]
    for _ in range(_RIGHT_SIGNS):
        after = text[ends[-1] :]
        rest = after.lstrip()
        if not rest:
            break
        word = len(rest) - len(rest.lstrip(_WORD_LETTERS))
        ends.append(ends[-1] + len(after) - len(rest) + (word or 1))
    return ends


_WORD_LETTERS: Final = (
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789'"
)


def _reads_as(piece: str, node: exp.Expr) -> bool:
    try:
        return bool(sqlglot.parse_one(piece, dialect="duckdb") == node)
    except (SqlglotError, RecursionError):
        return False


def _written(node: exp.Expr) -> str:
    try:
        return str(node.sql(dialect="duckdb"))[:MAX_QUOTED]
    except (SqlglotError, RecursionError, ValueError):
        return ""
