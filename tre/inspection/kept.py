"""What is kept of the version in force, so that drift can be told of the next one.

Exact shares, so for the steward alone: a file of the landing zone, encrypted under a
key of its own, replaced by each publication and read by nothing but an inspection.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tre.inspection.drift import Earlier
from tre.intake import Publication, Zones
from tre.intake.publication import Shares
from tre.keystore import NONCE_BYTES, KeyUnavailable

SUFFIX: Final = ".summary"


def keep_summary(zones: Zones, publication: Publication) -> None:
    """Keep a publication's shares in the place of the version before's."""
    document = {
        "version": publication.version,
        "columns": [
            [table, name, shares.missing, dict(shares.by_label)]
            for table, columns in publication.summaries.items()
            for name, shares in columns.items()
        ],
    }
    content = json.dumps(document).encode()
    name = _key_name(publication.dataset)
    nonce = secrets.token_bytes(NONCE_BYTES)
    key = zones.keystore.key_or_new(name)
    file = _file(zones, publication.dataset)
    draft = file.with_name(f"{file.name}.{secrets.token_hex(4)}.work")
    draft.touch(mode=0o600)
    draft.write_bytes(nonce + AESGCM(key).encrypt(nonce, content, name.encode()))
    draft.replace(file)


def recall_summary(zones: Zones, dataset: str) -> Earlier | None:
    """What was kept of a dataset's version in force; None where nothing can be read."""
    name = _key_name(dataset)
    with suppress(OSError, KeyUnavailable, InvalidTag, ValueError):
        content = _file(zones, dataset).read_bytes()
        nonce, sealed = content[:NONCE_BYTES], content[NONCE_BYTES:]
        key = zones.keystore.key(name)
        return _read(json.loads(AESGCM(key).decrypt(nonce, sealed, name.encode())))
    return None


def forget_summary(zones: Zones, dataset: str) -> None:
    """Destroy what was kept, and its key: of a dataset that is withdrawn."""
    zones.keystore.destroy(_key_name(dataset))
    _file(zones, dataset).unlink(missing_ok=True)


def _read(document: Mapping[str, object]) -> Earlier:
    rows = document["columns"]
    assert isinstance(rows, list)  # noqa: S101 - we wrote it
    columns = {
        (table, name): Shares(missing, by_label)
        for table, name, missing, by_label in rows
    }
    return Earlier(str(document["version"]), columns)


def _key_name(dataset: str) -> str:
    return f"summary-{dataset}"


def _file(zones: Zones, dataset: str) -> Path:
    return zones.folder("landing") / f"{dataset}{SUFFIX}"
