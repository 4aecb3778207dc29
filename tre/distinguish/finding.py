"""What an audit found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """A lower bound on the loss of one play, and what the ledger charged for it.

    `measured` and `claimed` are both of the parameter that `claim` names ("ε", "μ",
    "ρ" or "δ"); the true loss is at least `measured` with probability `confidence`,
    whatever it is. `plays` were judged, `asked` of them through `Lab.ask`; the rule
    that judged them was chosen on others. `right` and `wrong` are its guesses.
    `epsilon` and `delta` are the charge of one play as people read it.
    """

    setting: str
    game: str
    question: str
    claim: str
    claimed: float
    measured: float
    confidence: float
    plays: int
    asked: int
    right: int
    wrong: int
    epsilon: float
    delta: float

    @property
    def share(self) -> float:
        """What part of the claim was reached; above 1 the claim is false."""
        return self.measured / self.claimed

    @property
    def holds(self) -> bool:
        """Whether the claim stands. It is false with at most 1 − `confidence`."""
        return self.measured <= self.claimed
