"""What is carried out: one file that holds itself to account, far from here.

A zipped RO-Crate. Files, receipts and the signed decision lie beside the metadata,
and the bytes follow from these alone: the same package twice is the same file.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tre.airlock.crate import DECISION, METADATA, RECEIPTS, described
from tre.airlock.moves import CLAIMED, FORMAT
from tre.audit.attested import Unverified, check_attested
from tre.releases import StoredRelease, verify_receipt

TABLES: Final = "tables/"
FILES: Final = "files/"

_MOST_BYTES: Final = 1 << 30
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


def release_package(stored: StoredRelease) -> bytes:
    """A release with its table and receipt, as a zipped RO-Crate."""
    table = {f"{TABLES}{stored.id}.arrow": stored.content.data}
    return _packed(table, {stored.id: stored.receipt}, None)


def submission_package(
    decision: Mapping[str, Any],
    contents: Mapping[str, bytes],
    receipts: Mapping[str, Mapping[str, Any]],
) -> bytes:
    """An approved submission's files with the decision and the receipts they cite.

    `contents` are the files' bytes by their hash, `receipts` those cited, by release.
    """
    files = {f"{FILES}{i['name']}": contents[i["sha256"]] for i in decision["items"]}
    return _packed(files, receipts, decision)


def verify_package(data: bytes, key: Ed25519PublicKey) -> Mapping[str, Any]:
    """What a package is, where all in it is as it was approved or released.

    Unverified where anything was changed, added or left out, or a signature does not
    hold.
    """
    parts = _unzipped(data)
    try:
        return _verified(parts, key)
    except (KeyError, TypeError, ValueError, AttributeError, StopIteration):
        raise Unverified("this is not a package") from None


def is_package(data: bytes) -> bool:
    """Whether these bytes may be a package: a zipped RO-Crate."""
    return data.startswith(b"PK\x03\x04")


def _verified(parts: dict[str, bytes], key: Ed25519PublicKey) -> Mapping[str, Any]:
    metadata = _read(parts.pop(METADATA))
    receipts = {
        name.removeprefix(RECEIPTS).removesuffix(".json"): _read(data)
        for name, data in parts.items()
        if name.startswith(RECEIPTS)
    }
    decision = _read(parts[DECISION]) if DECISION in parts else None
    if metadata != described(parts, receipts, decision):
        raise Unverified("the metadata is not of these files")
    for release_id, receipt in receipts.items():
        verify_receipt(receipt, key, parts.get(f"{TABLES}{release_id}.arrow"))
        if receipt["release"] != release_id:
            raise Unverified("a receipt is of another release")
    rest = {
        name: data
        for name, data in parts.items()
        if name != DECISION and not name.startswith(RECEIPTS)
    }
    if decision is None:
        return _of_release(rest, receipts)
    return _of_submission(rest, receipts, decision, key)


def _of_release(
    rest: Mapping[str, bytes], receipts: Mapping[str, Any]
) -> Mapping[str, Any]:
    """A package of one release and its table."""
    if [*rest] != [f"{TABLES}{release_id}.arrow" for release_id in receipts]:
        raise Unverified("there is a file that nobody signed")
    return {"releases": sorted(receipts)}


def _of_submission(
    files: Mapping[str, bytes],
    receipts: Mapping[str, Any],
    decision: Mapping[str, Any],
    key: Ed25519PublicKey,
) -> Mapping[str, Any]:
    """A package of the files that checkers approved, and what they cite."""
    check_attested(decision, key, form=FORMAT, claimed=CLAIMED)
    if decision["standing"] != "approved":
        raise Unverified("it was not approved")
    said = {f"{FILES}{i['name']}": i["sha256"] for i in decision["items"]}
    held = {name: hashlib.sha256(part).hexdigest() for name, part in files.items()}
    if said != held:
        raise Unverified("the files are not those that were approved")
    if {one for item in decision["items"] for one in item["releases"]} != set(receipts):
        raise Unverified("the receipts are not those that the files cite")
    names = ("submission", "project", "revision")
    return {
        **{name: decision[name] for name in names},
        "files": sorted(item["name"] for item in decision["items"]),
        "releases": sorted(receipts),
    }


def _packed(
    files: Mapping[str, bytes],
    receipts: Mapping[str, Mapping[str, Any]],
    decision: Mapping[str, Any] | None,
) -> bytes:
    parts = {**files, **{f"{RECEIPTS}{i}.json": _json(r) for i, r in receipts.items()}}
    if decision is not None:
        parts[DECISION] = _json(decision)
    return _zipped({**parts, METADATA: _json(described(parts, receipts, decision))})


def _zipped(parts: Mapping[str, bytes]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as package:
        for name, data in sorted(parts.items()):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            package.writestr(entry, data)
    return sink.getvalue()


def _unzipped(data: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            entries = package.infolist()
            if any((package.comment, *(e.comment + e.extra for e in entries))):
                raise Unverified("there is something between the files")
            if sum(entry.file_size for entry in entries) > _MOST_BYTES:
                raise Unverified("the package is too large")
            parts = {entry.filename: package.read(entry) for entry in entries}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError):
        raise Unverified("this is not a package") from None
    if len(parts) < len(entries):
        raise Unverified("a file is in the package twice")
    return parts


def _read(data: bytes) -> dict[str, Any]:
    """What a document says, where it is written as it was made: each key once."""
    value: dict[str, Any] = json.loads(data)
    if _json(value) != data:
        raise Unverified("a document is not as it was written")
    return value


def _json(value: object) -> bytes:
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False).encode()
