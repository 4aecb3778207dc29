"""One spelling for every value that is hashed, signed or compared.

Canonical JSON here is UTF-8 JSON with sorted keys, no spaces and no floats: two
programs may spell a float differently, so a number that is not whole is written as
its decimal text.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeAlias

Json: TypeAlias = "bool | int | str | Sequence[Json] | Mapping[str, Json] | None"
"""What has a canonical spelling. There are no floats in it."""


_LEAVES: Final = frozenset({str, int, bool, type(None)})


def canonical(value: Json) -> str:
    """The only spelling of this value. TypeError where it holds a float.

    >>> canonical({"b": [1, None], "a": "é"})
    '{"a":"é","b":[1,null]}'
    """
    _check(value)
    return json.dumps(
        value,
        default=_plain,
        ensure_ascii=False,
        allow_nan=False,
        sort_keys=True,
        separators=(",", ":"),
    )


def digest(value: Json) -> str:
    """The SHA-256, in hexadecimal, of the value's canonical spelling."""
    return text_digest(canonical(value))


def text_digest(text: str) -> str:
    """The SHA-256, in hexadecimal, of a text as it is."""
    return hashlib.sha256(text.encode()).hexdigest()


def _check(value: object) -> None:
    """Refuse what would have another spelling, or none, before anything is written."""
    parts: Iterable[object] = ()
    if isinstance(value, Mapping):
        if not all(isinstance(name, str) for name in value):
            raise TypeError("an object's names are text")
        parts = value.values()
    elif isinstance(value, list | tuple):
        parts = value
    elif not isinstance(value, bool | int | str | None):
        raise TypeError(f"{type(value).__name__} has no canonical spelling")
    for part in parts:
        if type(part) not in _LEAVES:
            _check(part)


def _plain(value: object) -> dict[str, object]:
    """A mapping that is no dictionary, as one."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no canonical spelling")
