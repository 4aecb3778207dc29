"""By what a pair of records is called outside: nobody can make up another's name.

A reference names two records of a spine, and carries a MAC under a key of that spine
alone, so that a decision is about a pair that was shown, and of this population.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass, field
from typing import Final

from tre.intake.zones import Zones

PURPOSE: Final = "references of pairs"
MAC_BYTES: Final = 16
WRITTEN: Final = re.compile(r"(\d{1,18})-(\d{1,18})-([0-9a-f]{32})")


@dataclass(frozen=True, slots=True)
class References:
    """The references of one population's pairs, as its spine in force has them."""

    _key: bytes = field(repr=False)

    @classmethod
    def of(cls, zones: Zones, population: str) -> References:
        """Those of a population. Its spine has to exist."""
        name = zones.key_name(zones.spine(population))
        return cls(zones.keystore.derive(name, PURPOSE))

    def name(self, a: int, b: int) -> str:
        """What the pair is called."""
        mac = hmac.digest(self._key, f"{a}-{b}".encode(), "sha256")[:MAC_BYTES]
        return f"{a}-{b}-{mac.hex()}"

    def read(self, reference: str) -> tuple[int, int] | None:
        """The pair of a reference; None for what was not given out here."""
        found = WRITTEN.fullmatch(reference)
        if found is None:
            return None
        a, b = int(found[1]), int(found[2])
        return (a, b) if hmac.compare_digest(self.name(a, b), reference) else None
