"""Characters of a text that whoever reads it does not see."""

from __future__ import annotations

import unicodedata
from typing import Final

_KINDS: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
_SELECTORS: Final = range(0xFE00, 0xFE10)
_ABOVE: Final = 0xE0000
_LAID_OUT: Final = frozenset("\n\r\t")


def unseen(text: str) -> str | None:
    r"""The name of the first character that is not seen; None where all are.

    Controls, characters that join or turn others, variants, and those that nobody
    has given a form: whole texts can be written in them.

    >>> unseen("12\u200b34"), unseen("12 34\n")
    ('ZERO WIDTH SPACE', None)
    """
    return next((_name(each) for each in text if _is_unseen(each)), None)


def _is_unseen(character: str) -> bool:
    if character.isascii():
        return not character.isprintable() and character not in _LAID_OUT
    code = ord(character)
    kind = unicodedata.category(character)
    return kind in _KINDS or code in _SELECTORS or code >= _ABOVE


def _name(character: str) -> str:
    return unicodedata.name(character, f"U+{ord(character):04X}")
