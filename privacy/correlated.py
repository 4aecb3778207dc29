"""Correlations from noised second moments."""

from __future__ import annotations

import numpy as np

from privacy.centred import Moments, about_ends, squares_of
from privacy.evidence import Ends
from privacy.table import Figures


def correlation(moments: Moments) -> Figures:
    """The noised correlation, in [−1, 1]; NULL where a variance is not positive."""
    squares = squares_of(moments)
    left, right = (
        moments.about(cross, mean, mean)
        for cross, mean in zip(squares, moments.means, strict=True)
    )
    null = (left <= 0) | (right <= 0)
    root = np.sqrt(np.where(null, 1.0, left)) * np.sqrt(np.where(null, 1.0, right))
    return Figures(np.where(null, 0.0, np.clip(moments.second / root, -1, 1)), null)


def correlation_ends(moments: Moments, coverage: float) -> Ends:
    """From intervals of all three at a third of the miss each: at least covers."""
    each = 1 - (1 - coverage) / 3
    left, right = squares_of(moments)
    low, high = about_ends(moments, moments.spread.cross, (0, 1), each)
    first, other = (
        about_ends(moments, cross, (side, side), each)
        for side, cross in enumerate((left, right))
    )
    least, most = (
        np.sqrt(np.maximum(a, 0.0)) * np.sqrt(np.maximum(b, 0.0))
        for a, b in zip(first, other, strict=True)
    )
    known = np.isfinite(low) & (least > 0)
    narrow, wide = np.where(known, least, 1.0), np.where(known, most, 1.0)
    ends = (
        np.minimum(low / narrow, low / wide),
        np.maximum(high / narrow, high / wide),
    )
    return (
        np.where(known, np.clip(ends[0], -1, 1), -1.0),
        np.where(known, np.clip(ends[1], -1, 1), 1.0),
    )
