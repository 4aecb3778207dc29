"""Choose what to hide beside hidden figures, so that margins do not give them away.

Margins equal the sums of their cells, so a figure hidden alone is what its margin and
its siblings leave over. Beside each, figures are hidden until there is a change of the
table that moves it and no shown figure: + and − in turn at the corners of a box (the
hypercube method: Repsilber 1994; Giessing 2004). Then nothing shown determines what is
hidden, in whatever way it is combined. Only what is hidden already, which follows from
noised counts, is looked at.

A box over keys A moves the sets that have all of A, as sums over any key of A cancel.
So A is taken so small that these are the hidden figure's own set and finer ones: the
corners are hidden in the first, and one cell of each corner in the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from privacy.grouping import KeySet

Mask: TypeAlias = NDArray[np.bool_]


def secondary(
    hidden: Mapping[KeySet, Mask], sizes: Sequence[int]
) -> Mapping[KeySet, Mask]:
    """What is hidden in each set once hidden figures are protected; same shapes.

    Masks are of shape (draws, cells of the set). What was hidden stays so.
    """
    first = {kept: _shaped(mask, sizes, kept) for kept, mask in hidden.items()}
    free = {kept: _free(kept, sizes) for kept in hidden}
    orders = [_order(list(first.values()), key) for key in range(len(sizes))]
    found = {kept: mask.copy() for kept, mask in first.items()}
    for kept in first:
        alike = [first[each] for each in first if free[each] == free[kept]]
        mask = np.logical_or.reduce([_as(each, first[kept].shape) for each in alike])
        box = _box(free[kept], list(free.values()))
        for key in box:
            mask = _grouped(mask, key + 1, orders[key])
        for finer in first:
            if set(free[kept]) <= set(free[finer]):
                found[finer] |= _inside(mask, found[finer].shape, orders)
    return {kept: mask.reshape(hidden[kept].shape) for kept, mask in found.items()}


def _free(kept: KeySet, sizes: Sequence[int]) -> KeySet:
    """The keys of a set that can differ: a key of one value tells nothing."""
    return tuple(key for key in kept if sizes[key] > 1)


def _box(kept: KeySet, sets: Sequence[KeySet]) -> KeySet:
    """The fewest keys whose box moves this set and finer ones only."""
    for size in range(len(kept) + 1):
        for keys in combinations(kept, size):
            touched = (each for each in sets if set(keys) <= set(each))
            if all(set(kept) <= set(each) for each in touched):
                return keys
    raise ValueError("a box over all keys of a set moves finer sets only")


def _shaped(mask: Mask, sizes: Sequence[int], kept: KeySet) -> Mask:
    axes = [size if key in kept else 1 for key, size in enumerate(sizes)]
    return mask.reshape(-1, *axes)


def _as(mask: Mask, shape: tuple[int, ...]) -> Mask:
    return mask.reshape(shape)


def _order(masks: Sequence[Mask], key: int) -> NDArray[np.intp]:
    """The values of a key, those with most hidden figures first; (draws, values)."""
    size = max(mask.shape[key + 1] for mask in masks)
    total = np.zeros((len(masks[0]), size), dtype=np.int64)
    for mask in masks:
        if mask.shape[key + 1] == size:
            others = tuple(a for a in range(1, mask.ndim) if a != key + 1)
            total += mask.sum(axis=others)
    return np.argsort(-total, axis=1, kind="stable")


def _grouped(mask: Mask, axis: int, order: NDArray[np.intp]) -> Mask:
    """Hide pairs of values, neighbours in order, where either is hidden.

    The last three are one group where the number is odd.
    """
    size = mask.shape[axis]
    starts = np.arange(0, size - 1, 2)
    lengths = np.diff(np.append(starts, size))
    places = _along(order, axis, mask.ndim)
    ordered = np.take_along_axis(mask, places, axis)
    groups = np.logical_or.reduceat(ordered, starts, axis=axis)
    spread = np.repeat(groups, lengths, axis=axis)
    back = _along(np.argsort(order, axis=1), axis, mask.ndim)
    return np.take_along_axis(spread, back, axis)


def _along(order: NDArray[np.intp], axis: int, dimensions: int) -> NDArray[np.intp]:
    shape = [order.shape[0], *[1] * (dimensions - 1)]
    shape[axis] = order.shape[1]
    return order.reshape(shape)


def _inside(
    mask: Mask, shape: tuple[int, ...], orders: Sequence[NDArray[np.intp]]
) -> Mask:
    """The hidden figures in a finer set: of each, the cell of one value a new key."""
    found = mask
    for key, order in enumerate(orders):
        size = shape[key + 1]
        if size > found.shape[key + 1]:
            chosen = np.arange(size)[None, :] == order[:, :1]
            found = found & _along(chosen.astype(np.intp), key + 1, mask.ndim).astype(
                bool
            )
    return found
