"""Where each cell of an answer stands: one grouping set after another.

Within a set cells are the product of its keys in order, the last key fastest.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from privacy.bound import key_sizes
from privacy.query import BoundQuery, GroupingRef, Operation, Post
from privacy.table import Figures


def codes_of(query: BoundQuery, position: int) -> NDArray[np.intp]:
    """Which value of a key each cell has, shape (1, cells).

    One past the public values is NULL: the value that is missing, and the key that a
    grouping set leaves out.
    """
    sizes = key_sizes(query)
    null = len(query.keys[position].domain.values or ())
    every = query.sets or (tuple(range(len(sizes))),)
    codes = [_codes(tuple(sizes[k] for k in kept), kept, position) for kept in every]
    filled = [np.full(size, null) if found is None else found for found, size in codes]
    return np.concatenate(filled).astype(np.intp).reshape(1, -1)


def _codes(
    sizes: tuple[int, ...], kept: tuple[int, ...], position: int
) -> tuple[NDArray[np.intp] | None, int]:
    """The codes of a key in one set, None where it is left out; and how many cells."""
    cells = int(np.prod(sizes, dtype=np.int64)) if sizes else 1
    if position not in kept:
        return None, cells
    return np.unravel_index(np.arange(cells), sizes)[kept.index(position)], cells


def groupings(query: BoundQuery) -> Mapping[Post, Figures]:
    """GROUPING(…) over every cell, wherever the question uses it."""
    terms = [each.value for each in query.outputs]
    terms += [each.value for each in query.ordering]
    terms += [] if query.having is None else [query.having]
    found = {each for term in terms for each in _asked(term)}
    return {each: _bits(query, each) for each in found}


def grouping_bits(kept: tuple[int, ...], reference: GroupingRef) -> int:
    """GROUPING(…) in the rows of one set."""
    bits = 0
    for position in reference.positions:
        bits = 2 * bits + (position not in kept)
    return bits


def _bits(query: BoundQuery, reference: GroupingRef) -> Figures:
    sizes = key_sizes(query)
    values = [
        np.full(
            int(np.prod([sizes[k] for k in kept], dtype=np.int64)),
            float(grouping_bits(kept, reference)),
        )
        for kept in query.sets
    ]
    bits = np.concatenate(values).reshape(1, -1)
    return Figures(bits, np.zeros(bits.shape, dtype=bool))


def _asked(post: Post) -> set[GroupingRef]:
    match post:
        case GroupingRef():
            return {post}
        case Operation(_, arguments):
            return set().union(*map(_asked, arguments))
        case _:
            return set()
