"""A signed statement of how much the log held, to be kept somewhere else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from sqlalchemy import Connection, select

from tre.audit.merkle import Head
from tre.control.canonical import Json, canonical
from tre.control.tables import audit_head

FORMAT: Final = "tre-checkpoint/1"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The log's head as it was signed: `size` records, and the root over them."""

    size: int
    root: bytes
    at: str
    signature: bytes

    @property
    def head(self) -> Head:
        """What was signed, as a tree."""
        return Head(self.size, self.root)

    def signed_by(self, key: Ed25519PublicKey) -> bool:
        """Whether the holder of this key signed exactly this."""
        try:
            key.verify(self.signature, _statement(self.size, self.root, self.at))
        except (InvalidSignature, TypeError, ValueError, AttributeError):
            return False  # a damaged head may not even be made of bytes
        return True

    def facts(self) -> Mapping[str, Json]:
        """The checkpoint as JSON, to publish or to keep."""
        return {
            "format": FORMAT,
            "size": self.size,
            "root": self.root.hex(),
            "at": self.at,
            "signature": self.signature.hex(),
        }

    @classmethod
    def read(cls, text: str) -> Checkpoint:
        """A checkpoint from its JSON. ValueError for anything else."""
        try:
            facts: Any = json.loads(text)
            read = cls(
                facts["size"],
                bytes.fromhex(facts["root"]),
                facts["at"],
                bytes.fromhex(facts["signature"]),
            )
            same = canonical(facts) == canonical(read.facts())
        except (ValueError, KeyError, TypeError, RecursionError):
            same = False
        if not same:
            raise ValueError("this is not a checkpoint")
        return read


def sign_head(key: Ed25519PrivateKey, head: Head, at: str) -> Checkpoint:
    """The head, signed as the log's state at this moment."""
    return Checkpoint(head.size, head.root, at, key.sign(_statement(*head, at)))


def latest_checkpoint(connection: Connection) -> Checkpoint:
    """The newest signed head. LookupError where nothing has ever been recorded."""
    row = connection.execute(
        select(audit_head).order_by(audit_head.c.size.desc()).limit(1)
    ).one_or_none()
    if row is None:
        raise LookupError("the log is empty")
    return Checkpoint(row.size, row.root, row.at, row.signature)


def _statement(size: int, root: bytes, at: str) -> bytes:
    statement: dict[str, Json] = {
        "format": FORMAT,
        "size": size,
        "root": root.hex(),
        "at": at,
    }
    return canonical(statement).encode()
