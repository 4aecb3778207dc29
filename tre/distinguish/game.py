"""What is played: two databases that differ by one person, and a question on both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

import pyarrow as pa

AMPLE: Final = 1e6
"""The ε of a setting's budget: enough for every play there is patience for."""


class Claim(Enum):
    """Which part of the claim a game bounds from below."""

    EPSILON = "ε"
    """Of pure DP; of a zCDP project at the δ of its conversion."""
    MU = "μ"
    """Of Gaussian DP, √(2ρ): where all noise is discrete Gaussian."""
    RHO = "ρ"
    """Of zCDP, whatever the mechanism."""
    DELTA = "δ"
    """Of a threshold: that a key comes out which only this person has."""


class Shape(Enum):
    """What the noise looks like, by which answers are scored. It proves nothing."""

    GAUSSIAN = "Gaussian"
    LAPLACE = "Laplace"
    FINITE = "finitely many values"


@dataclass(frozen=True, slots=True)
class Setting:
    """Two databases, and the laboratory that both are asked in.

    `more` has one person whom `fewer` has not, with all their rows; nothing else
    differs. `delta` is of the project's budget.
    """

    name: str
    fewer: Mapping[str, pa.Table] = field(repr=False)
    more: Mapping[str, pa.Table] = field(repr=False)
    package: Mapping[str, Any] = field(repr=False)
    measure: str = "zcdp"
    policy: str = "none"
    delta: float = 1e-6


@dataclass(frozen=True, slots=True)
class Game:
    """One question whose answers are to give away which database it was asked of.

    `columns` of the answer are looked at, in every row or in those whose key is as
    `row` says, (column, value). A play is `repeats` answers, each for `epsilon`, or for
    `rho` where that is said. At most `most` answers are had, where there is budget or
    patience for no more. `reaches` are words of the question's explanation without
    which it would be a game of something else: of what the profile decides.
    """

    name: str
    question: str
    claim: Claim
    columns: tuple[str, ...]
    shape: Shape
    epsilon: float | None = 1.0
    rho: float | None = None
    row: tuple[str, str | int] | None = None
    repeats: int = 1
    most: int | None = None
    reaches: str = ""
