"""Add the priced noise. Runs where the exact aggregates are, and nowhere else."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from privacy.mechanism import Mechanism, draw
from privacy.table import ExactTable, NoisedTable


def noise(
    exact: ExactTable, mechanisms: tuple[Mechanism, ...], draws: int
) -> NoisedTable:
    """Noise every component `draws` times over; each draw costs the whole price.

    One call of OpenDP a component, over draws × cells values. Raises ValueError
    where tables and mechanisms do not correspond.
    """
    if draws < 1 or len(exact.values) != len(mechanisms):
        raise ValueError("one mechanism a component, and at least one draw")
    pairs = zip(exact.values, mechanisms, strict=True)
    return NoisedTable(tuple(_noised(*pair, draws) for pair in pairs))


def _noised(
    values: NDArray[np.int64], mechanism: Mechanism, draws: int
) -> NDArray[np.int64]:
    return draw(mechanism, np.tile(values, (draws, 1)))
