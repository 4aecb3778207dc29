"""What may be shown of a noised answer: public rules with a name and a hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction
from functools import lru_cache
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Dominance:
    """When a total is one person's, or few people's, rather than a group's.

    The (n, k) rule: the `largest` n hold `share` of it or more. The p% rule: what is
    left beside the two largest is less than `left` of the largest.
    """

    largest: int = 2
    share: Fraction = Fraction(9, 10)
    left: Fraction = Fraction(1, 10)


@dataclass(frozen=True, slots=True)
class Granularity:
    """The multiples that released figures are rounded to, by kind; 1 rounds nothing.

    Only counts have one: sums have as many units as there are columns.
    """

    counts: int = 1


@dataclass(frozen=True, slots=True)
class Policy:
    """The disclosure rules in force.

    `certificates`: whether a cell must prove, from noised counts alone, that at
    least `threshold_people` people are behind it; the proof fails to hold with
    probability at most 1 − `confidence` per cell. `dominance` and
    `class_disclosure` are what it must prove besides. `relative_margin`: figures
    whose 95% interval is wider either way than this share of the figure are
    marked unreliable (None: never). `support_weight`: what a count that nobody
    asked for and a certificate needs is given of the price, relative to what was
    asked. `threshold_weight` is the same for letting keys come out that are not
    public, and `threshold_share` the part of a project's δ for thresholds that one
    such question takes. `granularity` is what is rounded when all that is decided.
    """

    name: str
    version: int
    certificates: bool
    threshold_people: int = 10
    confidence: Fraction = Fraction(99, 100)
    dominance: Dominance | None = None
    class_disclosure: bool = False
    relative_margin: Fraction | None = Fraction(1, 2)
    support_weight: Fraction = Fraction(1, 10)
    threshold_weight: Fraction = Fraction(1, 2)
    threshold_share: Fraction = Fraction(1, 100)
    granularity: Granularity = Granularity()

    @property
    def hash(self) -> str:
        """SHA-256 of the policy's canonical JSON, in hexadecimal."""
        return _hash(self)


@lru_cache(maxsize=64)
def _hash(policy: Policy) -> str:
    said = asdict(policy)
    if policy.granularity == Granularity():
        del said["granularity"]  # a policy from before there was one keeps its hash
    canonical = json.dumps(said, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()


GATEWAY: Final = Policy(
    "gateway",
    version=2,
    certificates=True,
    dominance=Dominance(),
    class_disclosure=True,
)
"""What every question through a gateway is answered under."""

NONE: Final = Policy("none", version=1, certificates=False, relative_margin=None)
"""Differential privacy without certificates, for the laboratory only."""

POLICIES: Final[Mapping[str, Policy]] = MappingProxyType(
    {policy.name: policy for policy in (GATEWAY, NONE)}
)
"""The policies shipped, by name."""
