"""A large file under a passphrase: written in one pass, read in one pass.

The STREAM construction (Hoang et al., "Online authenticated-encryption and its
nonce-reuse misuse-resistance", CRYPTO 2015) over AES-256-GCM: chunks are numbered and
the last one says so, so that none can be dropped, moved or cut off unnoticed. The key
is argon2id of the passphrase (RFC 9106) and a random salt.
"""

from __future__ import annotations

import io
import secrets
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MAGIC: Final = b"tre-backup/1\n"
CHUNK_BYTES: Final = 1024 * 1024
_SALT_BYTES: Final = 16
_PREFIX_BYTES: Final = 7
_TAG_BYTES: Final = 16
_NONCE: Final = struct.Struct(f">{_PREFIX_BYTES}sIB")


class Unreadable(Exception):
    """The file is not whole, not a backup, or of another passphrase."""


@dataclass(slots=True)
class SealingWriter(io.RawIOBase):
    """Takes bytes and writes them sealed; nothing is whole before `close`."""

    target: BinaryIO
    cipher: AESGCM = field(repr=False)
    prefix: bytes
    _held: bytearray = field(default_factory=bytearray, repr=False)
    _number: int = 0

    @classmethod
    def begin(cls, target: BinaryIO, passphrase: str) -> SealingWriter:
        """A writer, once the file's beginning is written."""
        salt, prefix = (
            secrets.token_bytes(_SALT_BYTES),
            secrets.token_bytes(_PREFIX_BYTES),
        )
        target.write(MAGIC + salt + prefix)
        return cls(target, _cipher(passphrase, salt), prefix)

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data: object) -> int:
        """Seal what is there of whole chunks, and hold the rest."""
        taken = bytes(memoryview(data))  # type: ignore[arg-type] # a buffer, by protocol
        self._held += taken
        while len(self._held) > CHUNK_BYTES:
            self._seal(bytes(self._held[:CHUNK_BYTES]), last=False)
            del self._held[:CHUNK_BYTES]
        return len(taken)

    def finish(self) -> None:
        """Seal the last chunk: now the file is whole."""
        self._seal(bytes(self._held), last=True)
        self._held.clear()

    def _seal(self, chunk: bytes, *, last: bool) -> None:
        nonce = _NONCE.pack(self.prefix, self._number, last)
        self.target.write(self.cipher.encrypt(nonce, chunk, MAGIC))
        self._number += 1


def opened_chunks(source: BinaryIO, passphrase: str) -> Iterator[bytes]:
    """What was written, chunk by chunk, each only once it is known to be genuine.

    Raises `Unreadable`, at the end too where the last chunk is not there.
    """
    head = source.read(len(MAGIC) + _SALT_BYTES + _PREFIX_BYTES)
    if (
        not head.startswith(MAGIC)
        or len(head) < len(MAGIC) + _SALT_BYTES + _PREFIX_BYTES
    ):
        raise Unreadable("it is not a backup")
    salt = head[len(MAGIC) : len(MAGIC) + _SALT_BYTES]
    prefix, cipher = head[-_PREFIX_BYTES:], _cipher(passphrase, salt)
    number, chunk = 0, source.read(CHUNK_BYTES + _TAG_BYTES)
    while True:
        following = source.read(CHUNK_BYTES + _TAG_BYTES)
        nonce = _NONCE.pack(prefix, number, not following)
        try:
            yield cipher.decrypt(nonce, chunk, MAGIC)
        except (InvalidTag, ValueError):
            rule = (
                "it is damaged" if number else "it is of another passphrase, or damaged"
            )
            raise Unreadable(rule) from None
        if not following:
            return
        number, chunk = number + 1, following


def _cipher(passphrase: str, salt: bytes) -> AESGCM:
    key = hash_secret_raw(
        passphrase.encode(),
        salt,
        time_cost=3,
        memory_cost=64 * 1024,
        parallelism=4,
        hash_len=32,
        type=Type.ID,
    )
    return AESGCM(key)
