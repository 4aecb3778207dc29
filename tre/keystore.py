"""Named keys: 32 random bytes each, kept wrapped under one root key.

Destroying a name's file destroys the key, and with it everything written under it:
there is no other copy. The root key and the wrapped keys live in one folder, so
whoever can read the folder is the operator.
"""

from __future__ import annotations

import os
import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
ROOT: Final = "root"
NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}", re.ASCII)


class KeyUnavailable(Exception):
    """A key does not exist, or its file is not what was written. Names no secret."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"key {name}: {message}")
        self.name = name


@dataclass(frozen=True, slots=True)
class Keystore:
    """The keys of one environment, under `folder`."""

    folder: Path
    _root: bytes = field(repr=False)

    @classmethod
    def create(cls, folder: Path) -> Keystore:
        """A new keystore with a new root key. Fails where there is one already."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        root = secrets.token_bytes(KEY_BYTES)
        _write(folder / ROOT, root)
        return cls(folder, root)

    @classmethod
    def open(cls, folder: Path) -> Keystore:
        """The keystore in `folder`; refuses a root key others could read."""
        file = folder / ROOT
        try:
            mode = file.stat().st_mode
            root = file.read_bytes()
        except OSError as error:
            raise KeyUnavailable(ROOT, type(error).__name__) from None
        if mode & 0o077:
            raise KeyUnavailable(ROOT, "expected a file only its owner can read")
        if len(root) != KEY_BYTES:
            raise KeyUnavailable(ROOT, f"expected {KEY_BYTES} bytes")
        return cls(folder, root)

    def names(self) -> frozenset[str]:
        """The keys there are."""
        return frozenset(file.stem for file in self.folder.glob("*.key"))

    def create_key(self, name: str) -> bytes:
        """A new random key under a name that is not taken, on disk on return."""
        key = secrets.token_bytes(KEY_BYTES)
        nonce = secrets.token_bytes(NONCE_BYTES)
        wrapped = self._wrapping().encrypt(nonce, key, name.encode())
        _write(self._file(name), nonce + wrapped)
        return key

    def key(self, name: str) -> bytes:
        """The key of this name. Raises `KeyUnavailable`."""
        try:
            content = self._file(name).read_bytes()
            nonce, wrapped = content[:NONCE_BYTES], content[NONCE_BYTES:]
            return self._wrapping().decrypt(nonce, wrapped, name.encode())
        except OSError as error:
            reason = type(error).__name__
        except (InvalidTag, ValueError):
            reason = "its file was altered, or belongs to another root key"
        raise KeyUnavailable(name, reason)

    def key_or_new(self, name: str) -> bytes:
        """The key of this name, made now where there is none."""
        return self.key(name) if self._file(name).exists() else self.create_key(name)

    def destroy(self, name: str) -> None:
        """Forget this key for good. Does nothing where there is none.

        The file is overwritten before it is removed; on a disk that keeps old
        blocks what remains is wrapped, and as safe as the root key is.
        """
        file = self._file(name)
        try:
            with file.open("r+b") as stream:
                stream.write(secrets.token_bytes(file.stat().st_size))
                os.fsync(stream.fileno())
            file.unlink()
        except FileNotFoundError:
            return
        _sync(self.folder)

    def derive(self, name: str, purpose: str) -> bytes:
        """A key for one purpose, which tells nothing of the key it comes from."""
        return _derive(self.key(name), f"tre {purpose}")

    def _wrapping(self) -> AESGCM:
        return AESGCM(_derive(self._root, "tre key wrapping"))

    def _file(self, name: str) -> Path:
        if not NAME.fullmatch(name):
            raise KeyUnavailable(name, "expected lower-case letters, digits, . _ -")
        return self.folder / f"{name}.key"


def _derive(key: bytes, purpose: str) -> bytes:
    """HKDF-SHA-256 (RFC 5869) of `key`, bound to `purpose`."""
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=purpose.encode()).derive(key)


def _write(file: Path, content: bytes) -> None:
    """Create `file` for its owner alone, whole or not at all. Never overwrites."""
    draft = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.link(draft, file)
    finally:
        draft.unlink()
    _sync(file.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
