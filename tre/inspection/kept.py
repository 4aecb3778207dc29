"""What is kept of the version in force, so that drift can be told of the next one.

Exact shares, so for the steward alone: a file of the landing zone, encrypted under a
key of its own, replaced by each publication and read by nothing but an inspection. Of a
version that was added to there are those of its last delivery and of all together.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tre.inspection.drift import Column, Earlier
from tre.intake import Publication, Zones
from tre.intake.publication import Shares
from tre.keystore import NONCE_BYTES, KeyUnavailable
from tre.manifest import DeliveryKind

SUFFIX: Final = ".summary"


def keep_summary(zones: Zones, publication: Publication, kind: DeliveryKind) -> None:
    """Keep what a publication's delivery makes of what is kept of the version before.

    A correction brings a few rows again, of which nothing can be told: what is kept
    stays, as that of the new version.
    """
    delivered = {
        (table, name): shares
        for table, columns in publication.summaries.items()
        for name, shares in columns.items()
    }
    before = recall_summary(zones, publication.dataset)
    if kind is DeliveryKind.REPLACE or before is None:
        kept = Earlier(publication.version, delivered, delivered)
    elif kind is DeliveryKind.APPEND:
        kept = before.added(publication.version, delivered)
    else:
        kept = replace(before, version=publication.version)
    _write(zones, publication.dataset, kept)


def _write(zones: Zones, dataset: str, kept: Earlier) -> None:
    document = {
        "version": kept.version,
        "delivered": _rows(kept.delivered),
        "together": _rows(kept.together),
    }
    content = json.dumps(document).encode()
    name = _key_name(dataset)
    nonce = secrets.token_bytes(NONCE_BYTES)
    key = zones.keystore.key_or_new(name)
    file = _file(zones, dataset)
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
    delivered, together = (
        _shares(document.get(part)) for part in ("delivered", "together")
    )
    return Earlier(str(document["version"]), delivered, together)


def _rows(columns: Mapping[Column, Shares]) -> list[list[object]]:
    return [
        [table, name, shares.missing, dict(shares.by_label), shares.rows]
        for (table, name), shares in columns.items()
    ]


def _shares(rows: object) -> dict[Column, Shares]:
    """What `_rows` wrote. `ValueError` for what an earlier release kept."""
    if not isinstance(rows, list):
        raise ValueError("kept otherwise")  # noqa: TRY004 - of the document, not a caller
    return {
        (table, name): Shares(missing, by_label, size)
        for table, name, missing, by_label, size in rows
    }


def _key_name(dataset: str) -> str:
    return f"summary-{dataset}"


def _file(zones: Zones, dataset: str) -> Path:
    return zones.folder("landing") / f"{dataset}{SUFFIX}"
