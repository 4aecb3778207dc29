"""Named keys: 32 random bytes each, wrapped under their zone's, and that under a root.

Destroying a name's file destroys the key, and with it everything written under it:
there is no other copy. A zone's key is replaced without touching what its keys opened.
Where the root is a file of the same folder, who can read the folder is the operator.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tre.roots import (
    KEY_BYTES,
    NONCE_BYTES,
    Root,
    Unwrappable,
    derive,
    random_root,
    read_root,
    seal,
    unseal,
)

__all__ = ["KEY_BYTES", "NONCE_BYTES", "KeyUnavailable", "Keystore"]

ROOT: Final = "root"
NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}", re.ASCII)
ZONES: Final = ("control", "landing", "linkage", "research")
_OF_LINKAGE: Final = "pseudonyms"
_VERSION_BYTES: Final = 2
_OTHER_ROOT: Final = "its file was altered, or is of another root key or passphrase"


class KeyUnavailable(Exception):
    """A key does not exist, or its file is not what was written. Names no secret."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"key {name}: {message}")
        self.name, self.message = name, message


@dataclass(frozen=True, slots=True)
class Keystore:
    """The keys of one environment, under `folder`."""

    folder: Path
    _root: Root = field(repr=False)
    _zones: dict[str, bytes] = field(default_factory=dict, repr=False, compare=False)
    """Zone keys unwrapped so far: a root may be far away, or slow on purpose."""

    @classmethod
    def create(cls, folder: Path) -> Keystore:
        """A new keystore with a new root key. Fails where there is one already."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        content, root = random_root()
        _write(folder / ROOT, content)
        return cls(folder, root)

    @classmethod
    def open(cls, folder: Path) -> Keystore:
        """The keystore in `folder`; refuses a root key others could read."""
        file = folder / ROOT
        try:
            mode = file.stat().st_mode
            content = file.read_bytes()
        except OSError as error:
            raise KeyUnavailable(ROOT, _unread(error)) from None
        if mode & 0o077:
            raise KeyUnavailable(ROOT, "expected a file only its owner can read")
        try:
            keystore = cls(folder, read_root(content))
        except ValueError as error:
            raise KeyUnavailable(ROOT, str(error)) from None
        except Unwrappable as problem:
            raise KeyUnavailable(ROOT, str(problem)) from None
        keystore._finish_replacing()
        return keystore

    def names(self) -> frozenset[str]:
        """The keys there are."""
        return frozenset(file.stem for file in self.folder.glob("*.key"))

    def create_key(self, name: str) -> bytes:
        """A new random key under a name that is not taken, on disk on return."""
        file = self._file(name)
        key = secrets.token_bytes(KEY_BYTES)
        zone = zone_of(name)
        version = self._newest(zone) or self._first(zone)
        _write(file, self._wrapped(name, key, version))
        return key

    def key(self, name: str) -> bytes:
        """The key of this name. Raises `KeyUnavailable`."""
        try:
            content = self._file(name).read_bytes()
            version = int.from_bytes(content[:_VERSION_BYTES])
            zone = self._zone_key(zone_of(name), version)
            return unseal(zone, content[_VERSION_BYTES:], name)
        except OSError as error:
            reason = _unread(error)
        except Unwrappable as problem:
            reason = str(problem) or _OTHER_ROOT
        raise KeyUnavailable(name, reason)

    def key_or_new(self, name: str) -> bytes:
        """The key of this name, made now where there is none."""
        return self.key(name) if self._file(name).exists() else self.create_key(name)

    def destroy(self, name: str) -> None:
        """Forget this key for good. Does nothing where there is none.

        The file is overwritten before it is removed; on a disk that keeps old
        blocks what remains is wrapped, and as safe as its zone's key is.
        """
        _destroy(self._file(name))

    def derive(self, name: str, purpose: str) -> bytes:
        """A key for one purpose, which tells nothing of the key it comes from."""
        return derive(self.key(name), f"tre {purpose}")

    def rotate_zone(self, zone: str) -> int:
        """Wrap a zone's keys under a new zone key, and destroy the old; how many.

        Whenever it is interrupted, every key opens, and doing it again completes it.
        """
        if zone not in ZONES:
            raise KeyUnavailable(zone, f"zones are {', '.join(ZONES)}")
        version = self._new_zone(zone, self._newest(zone) + 1)
        names = [name for name in sorted(self.names()) if zone_of(name) == zone]
        for name in names:
            _replace(self._file(name), self._wrapped(name, self.key(name), version))
        for file, old in self._zone_files(zone):
            if old < version:
                _destroy(file)
        self._zones.clear()
        return len(names)

    def replace_root(self, new: Callable[[], tuple[bytes, Root]]) -> Keystore:
        """Wrap the zones' keys under another root; the keystore under it.

        `new` gives what the root's file will hold, and the root. One renaming makes
        it the root: before it nothing has changed, after it opening finishes it.
        """
        try:
            content, root = new()
            for file in self._all_zone_files():
                key = self._root.unwrap(file.read_bytes(), file.name)
                _replace(_next(file), root.wrap(key, file.name))
        except Unwrappable as problem:
            raise KeyUnavailable(ROOT, str(problem) or _OTHER_ROOT) from None
        _replace(self.folder / ROOT, content)
        keystore = Keystore(self.folder, root)
        keystore._finish_replacing()
        return keystore

    def _finish_replacing(self) -> None:
        """Take up zone keys wrapped under this root; forget any other's."""
        for draft in sorted(self.folder.glob("*.zone.next")):
            file = draft.with_name(draft.name.removesuffix(".next"))
            try:
                self._root.unwrap(draft.read_bytes(), file.name)
            except Unwrappable:
                draft.unlink()
            else:
                draft.replace(file)
        _sync(self.folder)

    def _wrapped(self, name: str, key: bytes, version: int) -> bytes:
        zone = self._zone_key(zone_of(name), version)
        return version.to_bytes(_VERSION_BYTES) + seal(zone, key, name)

    def _zone_key(self, zone: str, version: int) -> bytes:
        file = self.folder / f"{zone}.{version}.zone"
        if file.name not in self._zones:
            if not file.exists():
                raise Unwrappable
            self._zones[file.name] = self._root.unwrap(file.read_bytes(), file.name)
        return self._zones[file.name]

    def _new_zone(self, zone: str, version: int) -> int:
        file = self.folder / f"{zone}.{version}.zone"
        try:
            wrapped = self._root.wrap(secrets.token_bytes(KEY_BYTES), file.name)
        except Unwrappable as problem:
            raise KeyUnavailable(ROOT, str(problem)) from None
        _write(file, wrapped)
        return version

    def _first(self, zone: str) -> int:
        with suppress(FileExistsError):  # another process was first, which is as good
            self._new_zone(zone, 1)
        return 1

    def _newest(self, zone: str) -> int:
        return max((version for _, version in self._zone_files(zone)), default=0)

    def _zone_files(self, zone: str) -> Iterator[tuple[Path, int]]:
        for file in self.folder.glob(f"{zone}.*.zone"):
            yield file, int(file.name.split(".")[1])

    def _all_zone_files(self) -> list[Path]:
        return sorted(self.folder.glob("*.zone"))

    def _file(self, name: str) -> Path:
        if not NAME.fullmatch(name):
            raise KeyUnavailable(name, "expected lower-case letters, digits, . _ -")
        return self.folder / f"{name}.key"


def _unread(error: OSError) -> str:
    return f"its file cannot be read ({error.strerror}); the newest backup has it"


def zone_of(name: str) -> str:
    """The zone whose key wraps the key of this name.

    >>> zone_of("research-people-1"), zone_of("pseudonyms-a"), zone_of("signing")
    ('research', 'linkage', 'control')
    """
    first = name.partition("-")[0]
    if first == _OF_LINKAGE:
        return "linkage"
    return first if first in ZONES else ZONES[0]


def _next(file: Path) -> Path:
    return file.with_name(f"{file.name}.next")


def _destroy(file: Path) -> None:
    try:
        with file.open("r+b") as stream:
            stream.write(secrets.token_bytes(file.stat().st_size))
            os.fsync(stream.fileno())
        file.unlink()
    except FileNotFoundError:
        return
    _sync(file.parent)


def _write(file: Path, content: bytes) -> None:
    """Create `file` for its owner alone, whole or not at all. Never overwrites."""
    draft = _draft(file, content)
    try:
        os.link(draft, file)
    finally:
        draft.unlink()
    _sync(file.parent)


def _replace(file: Path, content: bytes) -> None:
    """Put `content` in the file's place, whole or not at all."""
    _draft(file, content).replace(file)
    _sync(file.parent)


def _draft(file: Path, content: bytes) -> Path:
    draft = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
    except BaseException:
        draft.unlink()
        raise
    return draft


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
