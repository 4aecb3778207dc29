"""Add the priced noise. Runs where the exact aggregates are, and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from privacy.mechanism import LARGEST, Mechanism, draw
from privacy.pick import pick
from privacy.selection import Selector
from privacy.table import ExactTable, NoisedTable


@dataclass(frozen=True, slots=True)
class Pick:
    """A choice to be made in every cell, from the tally at this position."""

    tally: int
    selector: Selector


def noise(
    exact: ExactTable,
    mechanisms: tuple[Mechanism, ...],
    draws: int,
    picks: tuple[Pick, ...] = (),
    cells: int = 1,
) -> NoisedTable:
    """Noise every component `draws` times over; each draw costs the whole price.

    One call of OpenDP a component, over draws × cells values, and for each pick one
    or two a cell and draw. Raises ValueError where tables and mechanisms do not
    correspond.
    """
    if draws < 1 or len(exact.values) != len(mechanisms):
        raise ValueError("one mechanism a component, and at least one draw")
    pairs = zip(exact.values, mechanisms, strict=True)
    return NoisedTable(
        tuple(_noised(*pair, draws) for pair in pairs),
        tuple(
            pick(exact.tallies[each.tally], each.selector, draws, cells)
            for each in picks
        ),
    )


def _noised(
    values: NDArray[np.int64], mechanism: Mechanism, draws: int
) -> NDArray[np.int64]:
    """Shape (draws, cells); what is of all cells together is the same in each."""
    if not mechanism.whole:
        return draw(mechanism, np.tile(values, (draws, 1)))
    together = max(-LARGEST, min(LARGEST, sum(values.tolist())))
    drawn = draw(mechanism, np.full((draws, 1), together, dtype=np.int64))
    return np.repeat(drawn, values.size, axis=1)
