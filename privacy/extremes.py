"""How far from the end of a group an extreme is looked for, in rows.

Nothing near a true extreme can be told under differential privacy: looked for at the
very end, one of many candidates where nobody is comes out as likely as the last where
somebody is. Looked for far enough inwards that comes to be rare, whatever the data are.
Where values are known to reach the public bound there are few such candidates, and less
far errs less: the profile says which, and the choice is by public facts alone.
"""

from __future__ import annotations

from math import log
from typing import Final

import numpy as np
from numpy.typing import NDArray

from privacy.grid import Grid
from privacy.histogram import Histogram
from privacy.told import Crowd

Numbers = NDArray[np.float64]

_STEPS: Final = 8
"""How many parts of the whole way inwards are tried."""

_GAIN: Final = 0.8
"""Less than the whole way is gone only where the error falls to this or less."""


def rows_inwards(
    crowd: Crowd | None, grid: Grid, scale: float, margin: float, *, upper: bool
) -> float:
    """How many rows inwards an extreme is looked for; at most `margin`, and from 0 on.

    `scale` is that of a selection's noise, in rows, and half of that where it is looked
    for at the end; `upper` says whether it is the largest value that is looked for.
    Less than a row inwards is the end itself, and nothing is gained by going less far.
    """
    if crowd is None or crowd.rows is None or margin <= 1:
        return margin
    beyond = _beyond(grid, crowd.values, upper=upper) * crowd.rows
    tried = [margin * part / _STEPS for part in range(_STEPS + 1)]
    errors = [
        _error(beyond, grid, scale if each else scale / 2, each) for each in tried
    ]
    best = min(range(len(tried)), key=errors.__getitem__)
    return tried[best] if errors[best] <= _GAIN * errors[-1] else margin


def _beyond(grid: Grid, values: Histogram, *, upper: bool) -> Numbers:
    """The share of rows beyond each edge of the blocks, nearer to the extreme.

    Rows are spread evenly over classes in which there is surely somebody.
    """
    held = values.surely.people
    below = np.concatenate(([0.0], np.cumsum(held))) / max(1, sum(held))
    edges = grid.lower + np.array(grid.edges) * float(grid.step)
    share = np.interp(edges, (*values.starts, values.most), below)
    return 1 - share if upper else share


def _error(beyond: Numbers, grid: Grid, scale: float, inwards: float) -> float:
    """How far off a choice is expected to be, as a difference of values.

    A block as far from its mark as d rows is chosen in proportion to exp(−d/scale),
    and the extreme is in the last one that half of all groups have a row beyond.
    """
    edges = np.array(grid.edges) * float(grid.step)
    low, high = np.minimum(*_pairs(beyond)), np.maximum(*_pairs(beyond))
    off = np.maximum(0.0, np.maximum(low - inwards, inwards - high))
    chances = np.exp((off.min() - off) / scale)
    reached = np.where(high >= min(log(2), float(high.max())), high, np.inf)
    middles = np.add(*_pairs(edges)) / 2
    apart = np.abs(middles - middles[int(np.argmin(reached))])
    return float((chances * apart).sum() / chances.sum())


def _pairs(edges: Numbers) -> tuple[Numbers, Numbers]:
    return edges[:-1], edges[1:]
