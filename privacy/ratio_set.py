"""Intervals of ratios whose divisor may be anything, 0 among it.

For a/b the set {r : |a − r·b| ≤ the quantile of the noise in a − r·b} has the true
ratio in it at its level, however large the noise is beside b (Fieller 1954): of a true
ratio r the difference a − r·b is nothing but noise. Where b is lost in its noise the
set has no ends, and what is publicly possible takes their place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from privacy.evidence import Ends, Evidence, Numbers
from privacy.first_order import Local, added, width_of

_STEPS: Final = 12


def ratio_ends(
    above: Local, below: Local, evidence: Evidence, coverage: float, limits: Ends
) -> Ends:
    """The ends of the set between these limits; those of the set or farther out."""
    sign = np.where(below.value < 0, -1.0, 1.0)
    above, below = added([(above, sign)]), added([(below, sign)])

    def outside(ratio: Numbers) -> Numbers:
        """How far a ratio is from being in the set; negative where it is."""
        left = added([(above, 1.0), (below, -ratio)])
        distance: Numbers = np.abs(left.value - left.shift)
        return distance - width_of(left, evidence, coverage)

    width = width_of(above, evidence, coverage)
    room = below.value - below.shift - width_of(below, evidence, coverage)
    top = np.abs(above.value - above.shift)
    farthest = np.where(room > 0, (top + width) / np.where(room > 0, room, 1.0), np.inf)
    low, high = np.maximum(limits[0], -farthest), np.minimum(limits[1], farthest)
    middle = (above.value - above.shift) / (below.value - below.shift)
    start = np.clip(middle, np.maximum(low, limits[0]), high)
    return _end(start, low, outside), _end(start, high, outside)


def _end(start: Numbers, limit: Numbers, outside: Callable[..., Numbers]) -> Numbers:
    """The farthest of the set towards a limit, by false position (Illinois).

    Between `start` in the set and `limit` outside there is one end. What is returned
    is the nearest point that was found to be outside.
    """
    known = np.isfinite(limit)
    inner, outer = start + 0.0 * limit.clip(-1, 1), np.where(known, limit, start)
    short, over = outside(inner), outside(outer)
    reached = over <= 0
    last = np.zeros_like(outer)
    for _ in range(_STEPS):
        span = np.where(over > short, over - short, 1.0)
        step = inner + (outer - inner) * np.clip(-short / span, 0.0, 1.0)
        found = outside(step)
        beyond = found > 0
        outer, over = (
            np.where(beyond, step, outer),
            np.where(beyond, found, np.where(last < 0, over / 2, over)),
        )
        inner, short = (
            np.where(beyond, inner, step),
            np.where(beyond, np.where(last > 0, short / 2, short), found),
        )
        last = np.where(beyond, 1.0, -1.0)
    return np.where(known & ~reached, outer, limit)
