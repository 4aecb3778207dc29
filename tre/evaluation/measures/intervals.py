"""Whether intervals keep what they promise, and how wide they are.

Coverage against nominal level, and width (Casella and Berger 2002, section 9.3): an
interval that is never wrong because it is very wide has failed as well.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tre.evaluation.measures.errors import Reals, middle

_SLACK: Final = 1e-9
"""Ends and exact values are decimals held as floats."""


def coverage(low: Reals, high: Reals, exact: Reals) -> Reals:
    """The share of intervals that hold the exact value. One end may be open (NaN).

    Of figures without either end there is no interval, and nothing is counted.
    """
    given = ~(np.isnan(low) & np.isnan(high))
    slack = _SLACK * np.maximum(1.0, np.abs(exact))
    holds = (np.isnan(low) | (low <= exact + slack)) & (
        np.isnan(high) | (high >= exact - slack)
    )
    counted = given & ~np.isnan(exact)
    number = counted.sum(axis=1)
    found: Reals = np.full(len(low), np.nan)
    np.divide((holds & counted).sum(axis=1), number, out=found, where=number > 0)
    return found


def relative_width(low: Reals, high: Reals, exact: Reals) -> Reals:
    """The median half-width over |exact|, over cells whose exact value is not 0."""
    size = np.where(exact == 0, np.nan, np.abs(exact))
    return middle((high - low) / 2 / size)
