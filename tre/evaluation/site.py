"""Where an evaluation happens, and where in its folder everything is kept."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from tre.evaluation.data import Data, gather
from tre.evaluation.outcome import Store
from tre.evaluation.plan import Asking, Plan


@dataclass(frozen=True, slots=True)
class Site:
    """Where an evaluation happens: its plan, where its paths start, and its folder."""

    plan: Plan
    base: Path
    folder: Path

    @property
    def answers(self) -> Store:
        """The outcomes of cells."""
        return Store(self.folder / "answers")

    @property
    def truths(self) -> Store:
        """The exact answers."""
        return Store(self.folder / "exact")

    @property
    def fetched(self) -> Path:
        """Where bundled data and other systems are kept."""
        return self.folder / "fetched"

    def data(self) -> Data:
        """The plan's data."""
        return gather(self.plan, self.base, self.fetched)


def truth_key(asking: Asking, fingerprint: str) -> str:
    """The name under which a question's exact answer is kept."""
    text = f"{fingerprint} {asking.sql}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]
