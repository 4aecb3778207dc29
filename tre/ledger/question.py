"""What the ledger keeps of a question, and how it tells two of them apart."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from privacy.accounting import Measure
from privacy.price import Price
from tre.control.canonical import Json, digest


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it arrived. `spending` is what was said, as keyword and number.

    `draws` is how many releases are drawn at once, more than one only in a
    laboratory; `fresh` asks for a new draw where an earlier release would serve.
    """

    project: str
    person: str
    text: str
    spending: str
    draws: int = 1
    fresh: bool = False
    idempotency_key: str | None = None

    @property
    def body_digest(self) -> str:
        """Equal where a retry with the same idempotency key is a retry."""
        return digest([self.text_digest, self.spending, self.draws, self.fresh])

    @property
    def text_digest(self) -> str:
        """The SHA-256 of the text as it arrived, whatever characters it has."""
        return hashlib.sha256(self.text.encode(errors="surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class Question:
    """A question after planning: `versions` are the dataset versions it reads.

    `shown` is its text with what is not public masked: for the log, and everybody.
    """

    asked: Asked
    population: str
    canonical: str
    versions: tuple[str, ...]
    policy_hash: str
    shown: str = ""

    @property
    def repeat_digest(self) -> str:
        """Equal, in one project, where an earlier release answers it."""
        return digest(
            [
                self.canonical,
                sorted(self.versions),
                self.policy_hash,
                self.asked.spending,
                self.asked.draws,
            ]
        )

    def facts(self) -> Mapping[str, Json]:
        """The question as its project's receipt shows it."""
        return {
            "project": self.asked.project,
            "person": self.asked.person,
            "population": self.population,
            "text": self.asked.text,
            "canonical": self.canonical,
            "plan_hash": digest(self.canonical),
            "versions": sorted(self.versions),
            "policy_hash": self.policy_hash,
            "spending": self.asked.spending,
            "draws": self.asked.draws,
        }

    def log_facts(self) -> Mapping[str, Json]:
        """The question as the log shows it: its text may name things, and is masked."""
        shown = {
            name: fact
            for name, fact in self.facts().items()
            if name not in {"text", "canonical", "person"}
        }
        return {**shown, "shown": self.shown, "text_sha256": self.asked.text_digest}


@dataclass(frozen=True, slots=True)
class Cost:
    """What a question takes from its accounts, all its draws together.

    The population and the datasets pay `rho_nano`; so does a zCDP project, and a
    pure one pays `epsilon_nano`. All pay `threshold_atto`. ValueError for a cost
    that is not positive: nothing is free.
    """

    measure: Measure
    rho_nano: int
    epsilon_nano: int
    threshold_atto: int = 0

    def __post_init__(self) -> None:
        free = self.rho_nano <= 0 or self.project_nano <= 0 or self.threshold_atto < 0
        if free or (self.measure is Measure.PURE and self.threshold_atto):
            raise ValueError("a question costs something, in its project's measure")

    @property
    def project_nano(self) -> int:
        """What the project pays, in its own measure."""
        pure = self.measure is Measure.PURE
        return self.epsilon_nano if pure else self.rho_nano

    @classmethod
    def of(cls, price: Price, draws: int = 1) -> Cost:
        """The price of a question, drawn so many times."""
        return cls(
            price.measure,
            price.rho_nano * draws,
            price.epsilon_nano * draws,
            price.delta_atto * draws,
        )


@dataclass(frozen=True, slots=True)
class Reserved:
    """The question is charged. Data may be read; exactly one settlement follows."""

    id: str


@dataclass(frozen=True, slots=True)
class Settled:
    """A retry of a question that was answered: this is its release."""

    release: str
