"""Whether a regression says the same: the sign and the size of its coefficients.

With coverage of their intervals (`intervals`) these are what replications are judged
by (Barrientos et al. 2018, Annals of Applied Statistics 12(2), on verifying
coefficients under differential privacy).
"""

from __future__ import annotations

import numpy as np

from tre.evaluation.measures.errors import Reals


def sign_agreement(values: Reals, exact: Reals) -> Reals:
    """The share of coefficients, shown and not 0, that have the right sign."""
    counted = ~np.isnan(values) & (exact != 0) & ~np.isnan(exact)
    same = (np.sign(values) == np.sign(exact)) & counted
    number = counted.sum(axis=1)
    found: Reals = np.full(len(values), np.nan)
    np.divide(same.sum(axis=1), number, out=found, where=number > 0)
    return found


def size_ratio(values: Reals, exact: Reals) -> Reals:
    """The median of coefficient over exact coefficient: 1 where sizes are right."""
    size = np.where(exact == 0, np.nan, exact)
    ratios = values / size
    kept = ~np.isnan(ratios).all(axis=1)
    found = np.full(len(values), np.nan)
    if kept.any():
        found[kept] = np.nanmedian(ratios[kept], axis=1)
    return found
