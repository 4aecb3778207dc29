"""How far figures are from the exact ones: absolute and relative error, and bias.

Medians over cells, as a reader meets one cell: few very small cells would rule a mean
(Hyndman and Koehler 2006, Int. J. Forecasting 22(4), on scaled and relative errors).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]


def absolute_error(values: Reals, exact: Reals) -> Reals:
    """The median of |value − exact| over the cells shown, in the figure's unit."""
    return middle(np.abs(values - exact))


def relative_error(values: Reals, exact: Reals) -> Reals:
    """The median of |value − exact| / |exact| over cells whose exact value is not 0."""
    return middle(relative(values, exact))


def relative(values: Reals, exact: Reals) -> Reals:
    """|value − exact| / |exact| of each cell; NaN where the exact value is 0."""
    size = np.where(exact == 0, np.nan, np.abs(exact))
    found: Reals = np.abs(values - exact) / size
    return found


def bias(values: Reals, exact: Reals) -> Reals:
    """The mean over cells of value − exact, as a share of the cells' mean size.

    Noise has none; caps, clamps, suppressed-as-zero and rounding may.
    """
    shown = ~np.isnan(values)
    total = np.where(shown, values - exact, 0.0).sum(axis=1)
    size = np.where(shown, np.abs(exact), 0.0).sum(axis=1)
    found: Reals = np.full(len(values), np.nan)
    np.divide(total, size, out=found, where=size > 0)
    return found


def middle(found: Reals) -> Reals:
    """The median over the cells that have a number."""
    known = ~np.isnan(found)
    kept = known.any(axis=1)
    medians = np.full(len(found), np.nan)
    if kept.any():
        medians[kept] = np.nanmedian(found[kept], axis=1)
    return medians
