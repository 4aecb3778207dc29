"""Match LIKE patterns in time linear in the text, whatever the pattern.

DuckDB matches patterns without `_` piece by piece, but any other by trying every
split at every `%`: one row of 300 letters takes it a second for three of them. A
row could then be told by how long its question took.
"""

from __future__ import annotations

import re
from typing import Final

import sqlglot.expressions as exp

_SPECIAL: Final = re.compile(r"([\\.+*?()|\[\]{}^$])")


def matches(text: exp.Expr, pattern: str, *, ignoring_case: bool) -> exp.Expr:
    """Write the condition that a text matches a LIKE pattern, NULL where it is NULL.

    `%` stands for any characters and `_` for one; there is no escape.
    """
    plain = re.sub("%+", "%", pattern)
    wanted: exp.Expr = exp.Literal.string(plain)
    if ignoring_case:
        text, wanted = exp.Lower(this=text), exp.Lower(this=wanted)
    if _is_fast(plain):
        return exp.Like(this=text, expression=wanted)
    folded = "".join(map(_lower, plain)) if ignoring_case else plain
    return exp.Anonymous(
        this="regexp_full_match",
        expressions=[
            text,
            exp.Literal.string(_as_regular(folded)),
            exp.Literal.string("s"),
        ],
    )


def _is_fast(pattern: str) -> bool:
    """Whether the engine matches a pattern without going back."""
    return "_" not in pattern or "%" not in pattern.rstrip("%")


def _lower(letter: str) -> str:
    """The small letter, where it is one letter."""
    small = letter.lower()
    return small if len(small) == 1 else letter


def _as_regular(pattern: str) -> str:
    escaped = _SPECIAL.sub(r"\\\1", pattern)
    return escaped.replace("%", ".*").replace("_", ".")
