"""Keyed Bloom-filter encodings of identifiers, for linking without handing them over.

A record becomes one cryptographic long-term key (Schnell, Bachteler and Reiher,
Privacy-preserving record linkage using Bloom filters, BMC Medical Informatics 9:41,
2009, and A novel error-tolerant anonymous linking code, 2011): the pairs of letters
of its identifiers, each hashed under a key that only the controllers have, set bits
of one filter, so that similar identifiers have similar filters.

Plain filters have been deciphered from the frequencies of their bits (Kuzu et al.
2011; Niedermeyer et al. 2014; Christen et al. 2017). Against that:

* the bits of a pair of letters are independent slices of one HMAC-SHA-256, not sums
  of two hash values, whose patterns Niedermeyer et al. used (Schnell and Borgs,
  Randomized response and balanced Bloom filters, 2016);
* every kind of identifier has a key of its own, so that a frequent forename does not
  show where it is a surname;
* every bit of the filter is then given up to chance with probability `FLIPPED`
  (permanent randomised response, BLIP: Alaggan, Gambs and Kermarrec 2012). Which
  bits is decided by an HMAC of the whole record, so that encoding a record twice
  tells no more than once.

They stay personal data: similarity is preserved on purpose, and whoever has the
secret can test guesses.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tre.manifest.model import Kind

Bits = NDArray[np.bool_]

LENGTH: Final = 1024
"""Bits of an encoding."""

FLIPPED: Final = 0.12
"""The chance that a bit is replaced by a fair coin."""

HASHES: Final[Mapping[Kind, int]] = {
    Kind.FORENAME: 12,
    Kind.SURNAME: 12,
    Kind.FULL_NAME: 12,
    Kind.DATE_OF_BIRTH: 14,
    Kind.POSTCODE: 10,
    Kind.SEX: 8,
    Kind.ADDRESS: 5,
}
"""How many bits each part of an identifier sets; all other kinds, `OTHERWISE`."""

OTHERWISE: Final = 10

SECRET_BYTES: Final = 32
"""The fewest bytes of a secret."""


@dataclass(frozen=True, slots=True)
class Encoder:
    """Encodes records under one secret, which all controllers who link share."""

    secret: bytes = field(repr=False)
    _known: dict[tuple[Kind, str], NDArray[np.int64]] = field(
        default_factory=dict, repr=False
    )

    def encode(self, identifiers: Iterable[tuple[Kind, str | None]]) -> str:
        """The encoding of a record's normalised identifiers, in base 64.

        What is missing sets no bits. A record without any identifier is empty text.
        """
        present = [(kind, value) for kind, value in identifiers if value]
        if not present:
            return ""
        bits = np.zeros(LENGTH, np.bool_)
        for kind, value in present:
            for part in parts(kind, value):
                bits[self._places(kind, part)] = True
        packed = np.packbits(self._flipped(bits, present)).tobytes()
        return base64.b64encode(packed).decode()

    def _places(self, kind: Kind, part: str) -> NDArray[np.int64]:
        """The bits that a part of an identifier sets; slices of one digest."""
        found = self._known.get((kind, part))
        if found is None:
            purpose = f"tre encoding {kind.value}".encode()
            key = hmac.digest(self.secret, purpose, "sha256")
            digest = hmac.digest(key, part.encode(), "sha256")
            slices = np.frombuffer(digest, ">u2")[: HASHES.get(kind, OTHERWISE)]
            found = self._known[kind, part] = slices.astype(np.int64) % LENGTH
        return found

    def _flipped(self, bits: Bits, present: list[tuple[Kind, str]]) -> Bits:
        """The bits, some of them replaced by coins that the whole record decides."""
        named = sorted(f"{kind.value}\0{value}" for kind, value in present)
        whole = "\0".join(named)
        stream = _stream(self.secret, whole, 3 * LENGTH)
        chosen = stream[: 2 * LENGTH].view(">u2") < FLIPPED * 2**16
        coins = stream[2 * LENGTH :] % 2 == 1
        return np.where(chosen, coins, bits)


def parts(kind: Kind, value: str) -> list[str]:
    """What of an identifier is hashed: its pairs of letters, padded at both ends.

    Digits of a date count by their place; a repeated pair counts each time.
    """
    if kind is Kind.DATE_OF_BIRTH:
        return [f"{place}{letter}" for place, letter in enumerate(value)]
    padded = f"_{value}_"
    seen: dict[str, int] = {}
    found = []
    for place in range(len(padded) - 1):
        pair = padded[place : place + 2]
        seen[pair] = seen.get(pair, 0) + 1
        found.append(f"{pair}{seen[pair]}")
    return found


def _stream(secret: bytes, message: str, size: int) -> NDArray[np.uint8]:
    """Pseudorandom bytes that secret and message decide: HMAC in counter mode."""
    key = hmac.digest(secret, b"tre encoding flips" + message.encode(), "sha256")
    blocks = (
        hmac.digest(key, counter.to_bytes(4, "big"), "sha256")
        for counter in range(-(-size // 32))
    )
    return np.frombuffer(b"".join(blocks), np.uint8)[:size].copy()
