"""How far one distribution over cells is from another.

Both are made to add up to 1, negative figures as 0 and those not shown as 0, as a
reader who draws the shares would take them.
"""

from __future__ import annotations

import numpy as np

from tre.evaluation.measures.errors import Reals


def total_variation(values: Reals, exact: Reals) -> Reals:
    """Half the sum of |p − q|: the largest share by which any group of cells is off.

    Levin and Peres 2017, Markov Chains and Mixing Times, proposition 4.2.
    """
    found: Reals = np.abs(_shares(values) - _shares(exact[None, :])).sum(axis=1) / 2
    return found


def earth_movers(values: Reals, exact: Reals) -> Reals:
    """The work that turns one into the other, in steps from a cell to the next.

    For cells in an order, such as ages: the sum of distances between cumulative shares
    (Vallender 1974, Theory of Probability and Its Applications 18(4)).
    """
    moved = np.cumsum(_shares(values) - _shares(exact[None, :]), axis=1)
    found: Reals = np.abs(moved).sum(axis=1)
    return found


def _shares(values: Reals) -> Reals:
    """Each row as shares of its sum; NaN where there is nothing."""
    positive = np.maximum(np.nan_to_num(values), 0.0)
    total = positive.sum(axis=1, keepdims=True)
    found: Reals = np.full(positive.shape, np.nan)
    np.divide(positive, total, out=found, where=total > 0)
    return found
