"""A manifest is public, so nothing in it may be a credential.

Nobody can tell every secret from a name. What is refused is what people write by
habit: keys that are called after one, addresses with a password in them, and texts
of the shape that keys and tokens have.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from connectors.errors import Invalid

KEYS: Final = re.compile(
    r"pass(word|wd|phrase)?|pwd|.*password|.*passphrase|.*secret.*|.*token"
    r"|(.*_)?(api|access|account|private|shared|auth)_?key(_?id)?|key_id"
    r"|sas|signature|authorization|connection_?string|dsn|conninfo",
    re.IGNORECASE,
)
"""Keys of a source that are called after a credential."""

VALUES: Final = re.compile(
    r"""
    ://[^/\s:@]*:[^/\s@]*@                                  # an address with a password
    | \b(password|passwd|pwd|secret|token)\s*=\s*\S          # a connection string
    | \b(AKIA|ASIA)[0-9A-Z]{16}\b                           # keys of object storage
    | [?&](X-Amz-(Signature|Credential)|sig|AWSAccessKeyId)= # signed addresses
    | -----BEGIN[ ][A-Z ]*PRIVATE[ ]KEY
    | \beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.                      # a JSON web token
    | \b(gh[pousr]_|glpat-|xox[abprs]-|sk_live_)[\w-]{10,}
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""Texts, anywhere in a manifest, that have the shape of one."""

RULE: Final = (
    "looks like a credential: a manifest is public. Name it with `credentials`, and "
    "keep it in the environment or a keyring"
)


def refuse_secrets(document: object) -> None:
    """Raise `Invalid` for what looks like a credential, naming its place only."""
    for place in _suspects(document, "", within_source=False):
        raise Invalid(place, RULE)


def _suspects(value: object, place: str, *, within_source: bool) -> Iterator[str]:
    if isinstance(value, str):
        if VALUES.search(value):
            yield place
    elif isinstance(value, Mapping):
        for key, below in value.items():
            path = f"{place}.{key}" if place else str(key)
            if within_source and KEYS.fullmatch(str(key).replace("-", "_")):
                yield path
            source = within_source or (key == "source" and place.endswith(".tre"))
            yield from _suspects(below, path, within_source=source)
    elif isinstance(value, list | tuple):
        for index, below in enumerate(value):
            path = f"{place}[{index}]"
            yield from _suspects(below, path, within_source=within_source)
