"""Fit the noised cells of several grouping sets to one table of whole numbers.

The least-squares fit of every cell of all keys, given each measured set's noise, then
rounded so that sums of cells over any keys stay near the fit's: what is rounded are
running totals over all keys, of which a cell of a set of d keys is a signed sum of 2^d.
So margins equal the sums of their cells exactly, and rounding moves a figure by less
than 2^(d−1) units. All of it is post-processing.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Final, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from privacy.bound import key_sizes
from privacy.grouping import KeySet
from privacy.levels import measured_in, precisions
from privacy.mechanism import LARGEST
from privacy.plan import Component
from privacy.price import Price
from privacy.strategy import information, subsets
from privacy.table import NoisedTable

_SAFE: Final = 2.0**61
"""Beyond it a whole number might not fit once others are added."""

Numbers = NDArray[np.float64]
Wholes = NDArray[np.int64]
Cells = TypeVar("Cells", NDArray[np.float64], NDArray[np.int64])


def reconcile(noised: NoisedTable, price: Price) -> tuple[NoisedTable, ...]:
    """The told components in each grouping set asked, in order.

    Without grouping sets the noised table is told as it is.
    """
    plan = price.plan
    if not plan.told:
        return (noised,)
    told = [_component(each, noised, price) for each in plan.told]
    return tuple(
        NoisedTable(tuple(each[kept] for each in told)) for kept in plan.query.sets
    )


def _component(
    component: Component, noised: NoisedTable, price: Price
) -> Mapping[KeySet, Wholes]:
    measured = {
        kept: noised.values[position]
        for kept, position in measured_in(price, component).items()
    }
    sets = price.plan.query.sets
    if not component.adds_up:
        return {kept: measured[kept] for kept in sets}
    sizes = key_sizes(price.plan.query)
    shaped = {kept: _shaped(each, sizes, kept) for kept, each in measured.items()}
    if len(measured) == 1 and len(next(iter(measured))) == len(sizes):
        (cells,) = shaped.values()
    else:
        cells = _fitted(shaped, sizes, precisions(price, component))
    return {kept: _summed(cells, sizes, kept) for kept in sets}


def _shaped(values: Wholes, sizes: tuple[int, ...], kept: KeySet) -> Wholes:
    """One axis for the draws and one for each key, of length 1 where left out."""
    axes = [size if key in kept else 1 for key, size in enumerate(sizes)]
    return values.reshape(-1, *axes)


def _fitted(
    shaped: Mapping[KeySet, Wholes],
    sizes: tuple[int, ...],
    known: Mapping[KeySet, float],
) -> Wholes:
    """Whole cells of all keys, near the least-squares fit in every set.

    Where all keys were measured, only what the fit adds to them is rounded, so that
    large numbers lose nothing to floats.
    """
    every = tuple(range(len(sizes)))
    start: Wholes = shaped.get(every, np.zeros(1, dtype=np.int64))
    whole = np.broadcast_to(start, (len(next(iter(shaped.values()))), *sizes))
    gaps = {
        kept: (values - _over(whole, kept)).astype(np.float64)
        for kept, values in shaped.items()
    }
    fit: Numbers = np.zeros(whole.shape)
    for kept, gap in gaps.items():
        for space in subsets(kept):
            share = known[kept] / information(sizes, known, space)
            fit += share * _only(gap, kept, space)
    return whole + _rounded(fit)


def _over(cells: Cells, kept: KeySet) -> Cells:
    """The cells summed over the keys a set leaves out."""
    axes = tuple(key + 1 for key in range(cells.ndim - 1) if key not in kept)
    return cast(Cells, cells.sum(axis=axes, keepdims=True))


def _only(values: Numbers, kept: KeySet, space: KeySet) -> Numbers:
    """What the keys of a space do together in a set, beyond what fewer of them do."""
    found = values
    for key in kept:
        mean = found.mean(axis=key + 1, keepdims=True)
        found = found - mean if key in space else mean
    return found


def _rounded(fit: Numbers) -> Wholes:
    """Whole numbers whose sums over any keys are near those of the fit."""
    totals = fit
    for axis in range(1, fit.ndim):
        totals = np.cumsum(totals, axis=axis)
    whole = np.rint(np.clip(totals, -_SAFE, _SAFE)).astype(np.int64)
    for axis in range(1, fit.ndim):
        whole = np.diff(whole, axis=axis, prepend=0)
    return whole


def _summed(cells: Wholes, sizes: tuple[int, ...], kept: KeySet) -> Wholes:
    """A set's figures, saturating: sums of clamped cells may outgrow 64 bits."""
    total = _over(cells, kept)
    rough = _over(cells.astype(np.float64), kept)
    total = np.where(np.abs(rough) > _SAFE, np.sign(rough) * LARGEST, total)
    return total.reshape(-1, prod(sizes[each] for each in kept)).astype(np.int64)
