"""Released figures beside the exact ones, as arrays over draws and cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tre.evaluation.measures.errors import Reals
from tre.evaluation.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Grid:
    """One column's figures, shape (draws, cells), beside the exact ones (cells,).

    NaN where a figure is not shown, or there is none.
    """

    values: Reals = field(repr=False)
    low: Reals = field(repr=False)
    high: Reals = field(repr=False)
    exact: Reals = field(repr=False)
    rows: Reals = field(repr=False)


def grids(outcome: Outcome, exact: pa.Table, draws: int) -> Mapping[str, Grid]:
    """Each column's figures beside the exact ones.

    The cells are those of the exact answer; others, which noise let through, are not
    counted.
    """
    found = {}
    for column in exact["column"].unique().to_pylist():
        truth = exact.filter(pc.equal(exact["column"], column))
        figures = outcome.figures
        figures = figures.filter(pc.equal(figures["column"], column))
        names = truth["cell"].combine_chunks()
        places = pc.fill_null(pc.index_in(figures["cell"], value_set=names), -1)
        at = (figures["draw"].to_numpy(), places.to_numpy())
        shape = (draws, len(names))
        filled = {
            name: _filled(figures[name].to_numpy(), at, shape)
            for name in ("value", "low", "high")
        }
        found[column] = Grid(
            filled["value"],
            filled["low"],
            filled["high"],
            truth["exact"].to_numpy(),
            truth["rows"].to_numpy(),
        )
    return found


def _filled(numbers: Reals, at: tuple[Reals, Reals], shape: tuple[int, int]) -> Reals:
    full = np.full(shape, np.nan)
    inside = at[1] >= 0
    full[at[0][inside], at[1][inside]] = numbers[inside]
    return full
