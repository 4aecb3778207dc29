"""What the keys of an environment are wrapped under in the end: the root, as a port.

A root wraps and unwraps zone keys and does nothing else. It is 32 bytes in a file, or
derived from a passphrase (Argon2id, RFC 9106), or never here at all: the transit engine
of Vault and OpenBao wraps and unwraps where it is.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
SHORTEST_PASSPHRASE: Final = 12
_MEMORY_KIB: Final = 64 * 1024
_ITERATIONS: Final = 3
_LANES: Final = 4
_PATIENCE_SECONDS: Final = 10.0


class Unwrappable(Exception):
    """The root is not the one that wrapped this, or it cannot be reached: then why."""


class Root(Protocol):
    """Wraps keys, bound to their names."""

    def wrap(self, key: bytes, name: str) -> bytes:
        """The key as it may be written down."""
        ...

    def unwrap(self, wrapped: bytes, name: str) -> bytes:
        """The key again. Raises `Unwrappable`."""
        ...


@dataclass(frozen=True, slots=True)
class LocalRoot:
    """A root that this process holds, as bytes."""

    secret: bytes = field(repr=False)

    def wrap(self, key: bytes, name: str) -> bytes:
        """AES-256-GCM under a key derived from the secret, bound to the name."""
        return seal(derive(self.secret, "tre key wrapping"), key, name)

    def unwrap(self, wrapped: bytes, name: str) -> bytes:
        """The key again. Raises `Unwrappable`."""
        return unseal(derive(self.secret, "tre key wrapping"), wrapped, name)


@dataclass(frozen=True, slots=True)
class TransitRoot:
    """A named key of a transit engine (Vault, OpenBao). Only it can unwrap.

    `token` is asked for each time, so that a renewed one is taken up.
    """

    address: str
    mount: str
    name: str
    token: Callable[[], str] = field(repr=False)

    def wrap(self, key: bytes, name: str) -> bytes:
        """What the engine makes of the key. `Unwrappable` where it does not answer."""
        said = self._call("encrypt", plaintext=_text(key), associated_data=_bound(name))
        return str(said["ciphertext"]).encode()

    def unwrap(self, wrapped: bytes, name: str) -> bytes:
        """The key again. Raises `Unwrappable`."""
        said = self._call(
            "decrypt",
            ciphertext=wrapped.decode(errors="replace"),
            associated_data=_bound(name),
        )
        return base64.b64decode(said["plaintext"])

    def rotate(self) -> None:
        """Have the engine begin a new version of its key; old ones still unwrap."""
        self._post(f"keys/{self.name}/rotate", {})

    def _call(self, verb: str, **said: str) -> Mapping[str, Any]:
        answer: Mapping[str, Any] = self._post(f"{verb}/{self.name}", said)["data"]
        return answer

    def _post(self, path: str, said: Mapping[str, str]) -> Any:  # noqa: ANN401 (JSON)
        import httpx  # takes a fifth of a second, and few homes need it

        try:
            answer = httpx.post(
                f"{self.address}/v1/{self.mount}/{path}",
                json=said,
                headers={"X-Vault-Token": self.token()},
                timeout=_PATIENCE_SECONDS,
                follow_redirects=False,
            ).raise_for_status()
            return answer.json() if answer.content else None
        except (httpx.HTTPError, ValueError, KeyError):
            raise Unwrappable(
                "the key server does not answer, or refuses the key, or the token in"
                " the file TRE_TRANSIT_TOKEN_FILE names"
            ) from None


def random_root() -> tuple[bytes, Root]:
    """A new root kept in a file: what the file holds, and the root."""
    secret = secrets.token_bytes(KEY_BYTES)
    return secret, LocalRoot(secret)


def passphrase_root(passphrase: bytes) -> tuple[bytes, Root]:
    """A new root of a passphrase: how to derive it again, and the root.

    ValueError for a passphrase that is too short to be one.
    """
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise ValueError(f"a passphrase has at least {SHORTEST_PASSPHRASE} characters")
    described = {
        "kind": "passphrase",
        "kdf": "argon2id",
        "salt": secrets.token_hex(16),
        "memory_kib": _MEMORY_KIB,
        "iterations": _ITERATIONS,
        "lanes": _LANES,
    }
    return json.dumps(described).encode(), _derived(described, passphrase)


def transit_root(address: str, mount: str, name: str) -> tuple[bytes, Root]:
    """A root that is a key of a transit engine: where it is, and the root."""
    described = {"kind": "transit", "address": address, "mount": mount, "name": name}
    return json.dumps(described).encode(), _transit(described)


def read_root(content: bytes) -> Root:
    """The root that a home's root file holds or describes.

    ValueError where it is neither; `Unwrappable` where a passphrase is not to be had.
    """
    if len(content) == KEY_BYTES:
        return LocalRoot(content)
    if not content.startswith(b"{"):
        raise ValueError(f"expected {KEY_BYTES} bytes")
    described = json.loads(content)
    match described.get("kind"):
        case "passphrase":
            return _derived(described, _secret("TRE_PASSPHRASE_FILE"))
        case "transit":
            return _transit(described)
        case _:
            raise ValueError("expected a kind of root that there is")


def derive(key: bytes, purpose: str) -> bytes:
    """HKDF-SHA-256 (RFC 5869) of `key`, bound to `purpose`."""
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=purpose.encode()).derive(key)


def seal(key: bytes, content: bytes, name: str) -> bytes:
    """AES-256-GCM of the content, bound to a name, behind its nonce."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, content, name.encode())


def unseal(key: bytes, sealed: bytes, name: str) -> bytes:
    """What was sealed under that name. Raises `Unwrappable`."""
    nonce, rest = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    try:
        return AESGCM(key).decrypt(nonce, rest, name.encode())
    except (InvalidTag, ValueError):
        raise Unwrappable from None


def _derived(described: Mapping[str, Any], passphrase: bytes) -> Root:
    return LocalRoot(
        Argon2id(
            salt=bytes.fromhex(described["salt"]),
            length=KEY_BYTES,
            iterations=described["iterations"],
            lanes=described["lanes"],
            memory_cost=described["memory_kib"],
        ).derive(passphrase)
    )


def _transit(described: Mapping[str, str]) -> Root:
    return TransitRoot(
        described["address"],
        described["mount"],
        described["name"],
        lambda: _secret("TRE_TRANSIT_TOKEN_FILE").decode(),
    )


def _secret(variable: str) -> bytes:
    """A secret from the file that a variable names: never from the variable itself.

    A process's environment and arguments can be listed; a file has an owner.
    """
    try:
        return Path(os.environ[variable]).read_bytes().rstrip(b"\r\n")
    except (KeyError, OSError):
        raise Unwrappable(f"expected its secret in the file {variable} names") from None


def _text(secret: bytes) -> str:
    return base64.b64encode(secret).decode()


def _bound(name: str) -> str:
    return _text(name.encode())
