"""Documents that anybody can check with the environment's public key alone.

A document says what it says; a log record commits to part of it by a digest, and
stands in the document with the proof that the log holds it; a signature is over all
of it. Receipts are such documents, and what the airlock decided.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tre.audit.act import Entry
from tre.audit.merkle import verify_inclusion
from tre.audit.record import leaf_of
from tre.control.canonical import Json, canonical, digest


class Unverified(Exception):
    """A document, or what came with it, is not what the environment signed."""


def attested(
    key: Ed25519PrivateKey, facts: Mapping[str, Json], entry: Entry
) -> Mapping[str, Json]:
    """The facts with their log record, its proof, and a signature over everything."""
    log: dict[str, Json] = {
        "record": entry.record.facts(),
        "size": entry.head.size,
        "root": entry.head.root.hex(),
        "path": [sibling.hex() for sibling in entry.path],
    }
    stated = {**facts, "log": log, "key": key_id(key.public_key())}
    return {**stated, "signature": key.sign(canonical(stated).encode()).hex()}


def check_attested(
    document: Mapping[str, Any],
    key: Ed25519PublicKey,
    *,
    form: str,
    claimed: Sequence[str],
) -> None:
    """Check a document of a format, offline; its record commits to `claimed`.

    Unverified, naming what does not hold. KeyError, TypeError, ValueError or
    AttributeError where it is no such document at all.
    """
    _check_signature(document, key, form)
    _check_log(document, claimed)


def key_id(key: Ed25519PublicKey) -> str:
    """The name of a public key: the SHA-256 of its 32 bytes."""
    raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return hashlib.sha256(raw).hexdigest()


def _check_signature(
    document: Mapping[str, Any], key: Ed25519PublicKey, form: str
) -> None:
    stated = {name: fact for name, fact in document.items() if name != "signature"}
    if stated["format"] != form:
        raise ValueError("another format")
    if stated["key"] != key_id(key):
        raise Unverified("another key signed it")
    try:
        key.verify(bytes.fromhex(document["signature"]), canonical(stated).encode())
    except InvalidSignature:
        raise Unverified("the signature does not match") from None


def _check_log(document: Mapping[str, Any], claimed: Sequence[str]) -> None:
    log, record = document["log"], document["log"]["record"]
    claim = {name: document[name] for name in claimed}
    if record["detail"]["claim"] != digest(claim):
        raise Unverified("the log recorded something else")
    path = [bytes.fromhex(sibling) for sibling in log["path"]]
    root = bytes.fromhex(log["root"])
    place = record["position"]
    if not verify_inclusion(leaf_of(record), place, log["size"], path, root):
        raise Unverified("the log does not hold its record")
