"""What intervals are computed from, and sums of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from privacy.form import Linear
from privacy.price import Price
from privacy.table import Figures, NoisedTable

Numbers: TypeAlias = NDArray[np.float64]
Ends: TypeAlias = tuple[Numbers, Numbers]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What intervals are computed from: public facts and noised values."""

    price: Price
    noised: NoisedTable = field(repr=False)
    keys: tuple[Figures, ...] = field(repr=False)

    @property
    def shape(self) -> tuple[int, ...]:
        """Draws and cells."""
        noised = self.noised
        return (*noised.values, *noised.picked)[0].shape


def point(value: Linear, evidence: Evidence) -> Numbers:
    """The noised value of a sum of components, shape (draws, cells)."""
    total = np.full(evidence.shape, float(value.constant))
    for position, coefficient in value.terms:
        total += evidence.noised.values[position] * float(coefficient)
    return total
