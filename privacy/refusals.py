"""How the language words a refusal."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches

from privacy.errors import CODES, Refused
from privacy.quote import Quoted


def refuse(
    code: str, message: str, *, clause: str = "", suggestion: str = ""
) -> Refused:
    """Make a refusal under a documented code, for the caller to raise.

    `clause` is the question's own text, and `suggestion`, unless empty, is SQL:
    the question passes this refusal once `clause` is replaced by it throughout.
    """
    if code not in CODES:
        raise KeyError(code)
    place = clause.position if isinstance(clause, Quoted) else ""
    return Refused(
        code, message, clause=str(clause), suggestion=suggestion, position=place
    )


def nearest(name: str, names: Iterable[str]) -> str:
    """Return the name most like `name`, or nothing where none is like it."""
    by_folded = {known.casefold(): known for known in names}
    found = get_close_matches(name.casefold()[:64], by_folded, n=1, cutoff=0.6)
    return by_folded[found[0]] if found else ""


def foreign(name: str) -> str:
    """A sentence about the first letter of a name that is no English one, if any.

    It may look like one, so that a name seems to be there.

    >>> foreign("regi\u043en")[7:]
    'is CYRILLIC SMALL LETTER O.'
    >>> foreign("region")
    ''
    """
    found = next((each for each in name if not each.isascii()), None)
    if found is None:
        return ""
    return f" Its {found} is {unicodedata.name(found, 'no English letter')}."


def listed(names: Iterable[str], *, most: int = 12) -> str:
    """Write names as a list for a sentence, cut after `most` of them."""
    every = list(names)
    shown = ", ".join(every[:most])
    return f"{shown} and {len(every) - most} more" if len(every) > most else shown
