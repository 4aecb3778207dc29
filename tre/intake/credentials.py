"""Credentials by name, from the environment or a keyring, each for one host only.

A manifest names them and anybody may write a manifest, so the one who keeps a
credential says which host it is for: a manifest cannot have it sent elsewhere.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import import_module
from typing import Final

from connectors.credential import Credential
from connectors.errors import Invalid

SERVICE: Final = "tre"


def credential(
    name: str, host: str, place: str, environment: Mapping[str, str] = os.environ
) -> Credential:
    """The credential of this name, if it is for this host; else `Invalid` at `place`.

    `TRE_CREDENTIALS_<NAME>_HOST`, `_USER` and `_PASSWORD`; each that the environment
    has not is asked of the keyring's service `tre` as `<name>.host` and so on.
    """
    prefix = f"TRE_CREDENTIALS_{name.upper()}_"
    parts = ("HOST", "USER", "PASSWORD")
    found = {
        part: environment.get(prefix + part) or _kept(f"{name}.{part.lower()}")
        for part in parts
    }
    missing = [prefix + part for part in parts if not found[part]]
    if missing:
        message = f"expected {', '.join(missing)} in the environment or a keyring"
        raise Invalid(place, message)
    if found["HOST"] != host:
        raise Invalid(place, "expected the host that these credentials are kept for")
    return Credential(found["USER"] or "", found["PASSWORD"] or "")


def _kept(entry: str) -> str | None:
    """What the keyring has, if there is one: nobody need install or unlock it."""
    try:
        kept = import_module("keyring").get_password(SERVICE, entry)
    except Exception:  # noqa: BLE001 - a keyring that cannot be asked has nothing
        return None
    return kept if isinstance(kept, str) else None
