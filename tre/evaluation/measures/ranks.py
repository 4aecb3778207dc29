"""Whether cells come out in the right order.

Kendall's τ-b (Kendall 1945, Biometrika 33, for ties) and Spearman's ρ (1904), over the
cells that are shown; and how many of the k largest are among the k shown as largest.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tre.evaluation.measures.errors import Reals

FEWEST: Final = 3
"""Cells below which an order says nothing."""


def kendall(values: Reals, exact: Reals) -> Reals:
    """Kendall's τ-b of each draw, from −1 to 1; memory is quadratic in cells."""
    return np.array([_kendall(*_shown(row, exact)) for row in values])


def spearman(values: Reals, exact: Reals) -> Reals:
    """Spearman's ρ of each draw: the correlation of ranks, ties sharing theirs."""
    return np.array([_spearman(*_shown(row, exact)) for row in values])


def top_agreement(values: Reals, exact: Reals, top: int) -> Reals:
    """The share of the `top` largest cells that are shown among the `top` largest.

    What is not shown is not among them. Where cells share the last place, any of them
    is right. NaN where there are no more cells than `top`.
    """
    known = np.flatnonzero(~np.isnan(exact))
    if len(known) <= top:
        return np.full(len(values), np.nan)
    least = np.sort(exact[known])[-top]
    ordered = np.argsort(np.where(np.isnan(values), -np.inf, values), axis=1)[:, -top:]
    named = np.take_along_axis(values, ordered, axis=1)
    right = (exact[ordered] >= least) & ~np.isnan(named)
    found: Reals = right.mean(axis=1)
    return found


def _shown(values: Reals, exact: Reals) -> tuple[Reals, Reals]:
    kept = ~(np.isnan(values) | np.isnan(exact))
    return values[kept], exact[kept]


def _kendall(values: Reals, exact: Reals) -> float:
    if len(values) < FEWEST:
        return np.nan
    one, other = (np.sign(each[:, None] - each[None, :]) for each in (values, exact))
    sizes = np.abs(one).sum() * np.abs(other).sum()
    return float((one * other).sum() / np.sqrt(sizes)) if sizes else np.nan


def _spearman(values: Reals, exact: Reals) -> float:
    if len(values) < FEWEST:
        return np.nan
    one, other = _centred(values), _centred(exact)
    sizes = (one @ one) * (other @ other)
    return float(one @ other / np.sqrt(sizes)) if sizes else np.nan


def _centred(values: Reals) -> Reals:
    """Mean ranks, less their own mean."""
    distinct: NDArray[np.intp]
    _, distinct, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks = (last - (counts - 1) / 2)[distinct]
    centred: Reals = ranks - ranks.mean()
    return centred
