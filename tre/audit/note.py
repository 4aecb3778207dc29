"""Signed heads in the form that transparency logs share, for other people's tools.

C2SP's signed-note and tlog-checkpoint: lines of text (origin, size, root in base64),
a blank line, and signatures. A verifier key names the log, the key and its kind.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tre.audit.merkle import HASH_BYTES, Head

_ED25519: Final = b"\x01"
_ID_BYTES: Final = 4
_SIGNATURE: Final = re.compile(r"— (\S+) ([A-Za-z0-9+/]+={0,2})")
_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}")
_LARGEST: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Note:
    """A head as it was signed for others: the text, and signatures by key name."""

    text: str
    signatures: tuple[tuple[str, bytes], ...]

    @property
    def head(self) -> Head:
        """What the text says of the tree."""
        _, size, root, *_ = self.text.split("\n")
        return Head(int(size), base64.b64decode(root))

    @property
    def size(self) -> int:
        """How many records the log had."""
        return self.head.size

    def signed_by(self, key: Ed25519PublicKey) -> bool:
        """Whether the log of this key signed exactly this text."""
        name = log_name(key)
        if self.text.split("\n")[0] != name:
            return False
        for signer, signature in self.signatures:
            if signer != name or signature[:_ID_BYTES] != _key_id(name, key):
                continue  # a witness's, or another log's: not ours to judge
            try:
                key.verify(signature[_ID_BYTES:], self.text.encode())
            except InvalidSignature:
                return False
            return True
        return False

    def written(self) -> str:
        """The note as it is published."""
        lines = (
            f"— {name} {base64.b64encode(signature).decode()}\n"
            for name, signature in self.signatures
        )
        return f"{self.text}\n{''.join(lines)}"

    @classmethod
    def read(cls, text: str) -> Note:
        """A note as it was published. ValueError for anything else."""
        body, gap, signatures = text.rpartition("\n\n")
        if len(text) > _LARGEST or not gap or not signatures.endswith("\n"):
            raise ValueError("this is not a signed note")
        found = [_SIGNATURE.fullmatch(line) for line in signatures[:-1].split("\n")]
        if not all(found):
            raise ValueError("this is not a signed note")
        signed = tuple((each[1], _decoded(each[2])) for each in found if each)
        note = cls(f"{body}\n", signed)
        _check(note)
        return note


def sign_note(key: Ed25519PrivateKey, head: Head) -> Note:
    """The head, signed under the log's own name."""
    public = key.public_key()
    name = log_name(public)
    root = base64.b64encode(head.root).decode()
    text = f"{name}\n{head.size}\n{root}\n"
    signature = _key_id(name, public) + key.sign(text.encode())
    return Note(text, ((name, signature),))


def log_name(key: Ed25519PublicKey) -> str:
    """What the log is called: by its key, so that no two are called the same."""
    return f"tre-log/{hashlib.sha256(_raw(key)).hexdigest()[:32]}"


def verifier_key(key: Ed25519PublicKey) -> str:
    """The public key as signed-note writes it: name, key id and key."""
    name = log_name(key)
    encoded = base64.b64encode(_ED25519 + _raw(key)).decode()
    return f"{name}+{_key_id(name, key).hex()}+{encoded}"


def read_verifier_key(text: str) -> Ed25519PublicKey:
    """The key of a verifier key of a log of ours. ValueError for anything else."""
    name, first, rest = text.strip().partition("+")
    _, second, encoded = rest.partition("+")
    raw = _decoded(encoded) if first and second else b""
    if raw[:1] != _ED25519:
        raise ValueError("this is not an Ed25519 verifier key")
    key = Ed25519PublicKey.from_public_bytes(raw[1:])
    if verifier_key(key) != text.strip() or not name:
        raise ValueError("the verifier key's name or id is not that of its key")
    return key


def _check(note: Note) -> None:
    lines = note.text.split("\n")
    whole = len(lines) >= 4 and all(lines[:-1])  # noqa: PLR2004 - three, and an end
    if not whole or not _SIZE.fullmatch(lines[1]):
        raise ValueError("this is not a checkpoint")
    root = _decoded(lines[2])
    if len(root) != HASH_BYTES or base64.b64encode(root).decode() != lines[2]:
        raise ValueError("this is not a checkpoint")


def _key_id(name: str, key: Ed25519PublicKey) -> bytes:
    stated = name.encode() + b"\n" + _ED25519 + _raw(key)
    return hashlib.sha256(stated).digest()[:_ID_BYTES]


def _raw(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("this is not base64") from None
