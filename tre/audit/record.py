"""The record, and the bytes of it that the tree is made of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tre.audit.merkle import leaf_hash
from tre.control.canonical import Json, canonical


@dataclass(frozen=True, slots=True)
class Record:
    """One thing that happened. `detail` is canonical JSON, `at` is UTC text."""

    position: int
    at: str
    actor: str
    kind: str
    subject: str
    detail: str

    def facts(self) -> Mapping[str, Json]:
        """The record as the log publishes it."""
        detail: Any = json.loads(self.detail)
        return {
            "position": self.position,
            "at": self.at,
            "actor": self.actor,
            "kind": self.kind,
            "subject": self.subject,
            "detail": detail,
        }

    def leaf(self) -> bytes:
        """The hash the tree holds of the record. ValueError for another spelling."""
        facts = self.facts()
        if canonical(facts["detail"]) != self.detail:
            raise ValueError("the detail is not canonical")
        return leaf_of(facts)


def leaf_of(facts: Mapping[str, Json]) -> bytes:
    """The hash the tree holds of a published record."""
    return leaf_hash(canonical(facts).encode())
