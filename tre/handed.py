"""A release in a file, from anybody: checked with a public key and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import pyarrow as pa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from connectors.errors import Invalid
from tre.airlock.package import is_package, verify_package
from tre.audit.attested import Unverified
from tre.audit.note import read_verifier_key
from tre.release import content_of
from tre.releases import verify_receipt

__all__ = ["Unverified", "verify_handed"]

_ENVELOPE: Final = b"tre.release"


def verify_handed(file: Path, key: str) -> Mapping[str, Any]:
    """What a file's release is, where its receipt and table are as they were signed.

    A package is checked whole: every file in it, and the decision where there is one.
    Arrow and Parquet hold the table as it was signed; JSON spells it another way, so
    of it the receipt alone is checked, and `table` is False. Raises `Unverified`, or
    Invalid for a file or key that is neither.
    """
    public = _key(key)
    content = _content(file)
    if is_package(content):
        return {"package": True, **verify_package(content, public)}
    receipt, table = _read(content)
    data = None if table is None else content_of(table).data
    verify_receipt(receipt, public, data)
    question, record = receipt["question"], receipt["log"]["record"]
    return {
        "release": receipt["release"],
        "project": question["project"],
        "question": question["text"],
        "at": record["at"],
        "position": record["position"],
        "table": table is not None,
    }


def _key(said: str) -> Ed25519PublicKey:
    try:
        text = said if "+" in said else Path(said).read_text("utf-8")
        return read_verifier_key(text)
    except OSError:
        raise Invalid(said, "expected a file that can be read") from None
    except ValueError:
        raise Invalid("key", "expected a key as `tre audit key` prints it") from None


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        raise Invalid(str(file), "expected a file that can be read") from None


def _read(content: bytes) -> tuple[Mapping[str, Any], pa.Table | None]:
    for magic, read in _TABLES.items():
        if content.startswith(magic):
            return _from_table(read, content)
    try:
        said = json.loads(content)
        receipt = said.get("receipt", said)
    except (ValueError, AttributeError, RecursionError):
        raise Unverified("this is not a release") from None
    return receipt, None


def _from_table(
    read: Callable[[bytes], pa.Table], content: bytes
) -> tuple[Mapping[str, Any], pa.Table]:
    try:
        table = read(content)
        envelope = json.loads(table.schema.metadata[_ENVELOPE])
        receipt = envelope["receipt"]
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError):
        raise Unverified("this is not a release") from None
    return receipt, table.replace_schema_metadata(None)


def _arrow(content: bytes) -> pa.Table:
    return pa.ipc.open_stream(content).read_all()


def _parquet(content: bytes) -> pa.Table:
    from pyarrow import parquet

    return parquet.read_table(pa.BufferReader(content))


_TABLES: Final[Mapping[bytes, Callable[[bytes], pa.Table]]] = MappingProxyType(
    {b"PAR1": _parquet, b"\xff\xff\xff\xff": _arrow}
)
"""How files of tables begin, and who reads them."""
