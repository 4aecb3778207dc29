"""How wide sums of noise are whose coefficients differ from cell to cell.

Of noises taken for continuous ones (`quantile.smooth_scale`). Normals add up to a
normal. For Laplaces of scales a₁ … aₙ, P(|Σ| > w) = Σ cᵢ e^(−w/aᵢ) with
cᵢ = Π aᵢ² / (aᵢ² − aⱼ²) over j ≠ i, from partial fractions of the characteristic
function; scales nearer than 2% are first moved apart, upwards, so that nothing
cancels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from privacy.mechanism import Kind
from privacy.quantile import normal_half_width

Numbers = NDArray[np.float64]

_APART: Final = 1.02
_LEAST: Final = 1e-4
"""Smaller scales, relative to the largest, are taken to be this large."""

_STEPS: Final = 45


def mixture_half_width(
    scales: Sequence[Numbers], kind: Kind, coverage: float
) -> Numbers:
    """The w for which ±w covers a sum of independent noises of these scales.

    Each array has the scales of one noise, by cell; they broadcast. At least
    `coverage`, and no more than what moving scales apart costs.
    """
    stacked = np.stack(np.broadcast_arrays(*(np.abs(each) for each in scales)))
    if kind is Kind.GAUSSIAN:
        total: Numbers = np.sqrt(np.sum(stacked**2, axis=0))
        return normal_half_width(coverage) * total
    return _laplace_half_width(stacked, coverage)


def _laplace_half_width(scales: Numbers, coverage: float) -> Numbers:
    apart, largest = _moved_apart(scales)
    squares = apart**2
    shares = np.ones_like(apart)
    for place in range(len(apart)):
        for other in range(len(apart)):
            if other != place:
                shares[place] *= squares[place] / (squares[place] - squares[other])
    low = np.zeros(apart.shape[1:])
    high = np.full(low.shape, -2 * np.log(1 - coverage)) * np.sum(apart, axis=0)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        tail = np.sum(shares * np.exp(-middle / apart), axis=0)
        over = tail > 1 - coverage
        low, high = np.where(over, middle, low), np.where(over, high, middle)
    width: Numbers = high * largest
    return width


def _moved_apart(scales: Numbers) -> tuple[Numbers, Numbers]:
    """Scales in rising order, relative to the largest, each 2% above the one before."""
    largest = np.max(scales, axis=0)
    safe = np.where(largest > 0, largest, 1.0)
    ordered = np.sort(np.maximum(scales / safe, _LEAST), axis=0)
    for place in range(1, len(ordered)):
        ordered[place] = np.maximum(ordered[place], ordered[place - 1] * _APART)
    return ordered, largest
