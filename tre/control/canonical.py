"""One spelling for every value that is hashed, signed or compared.

Canonical JSON here is UTF-8 JSON with sorted keys, no spaces and no floats: two
programs may spell a float differently, so a number that is not whole is written as
its decimal text.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

Json: TypeAlias = "bool | int | str | Sequence[Json] | Mapping[str, Json] | None"
"""What has a canonical spelling. There are no floats in it."""


_LEAVES: Final = frozenset({str, int, bool, type(None)})


def canonical(value: Json) -> str:
    """The only spelling of this value. TypeError where it holds a float.

    >>> canonical({"b": [1, None], "a": "é"})
    '{"a":"é","b":[1,null]}'
    """
    return json.dumps(
        _plain(value),
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


def _plain(value: Json) -> object:
    if type(value) in _LEAVES or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Mapping):
        return {_name(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no canonical spelling")


def _name(key: object) -> str:
    if not isinstance(key, str):
        raise TypeError("an object's names are text")
    return key
