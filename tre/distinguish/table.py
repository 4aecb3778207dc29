"""Released tables as numbers: one row a play, one column a figure that is looked at."""

from __future__ import annotations

from datetime import date
from typing import TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from privacy.names import DRAW
from tre.distinguish.game import Game

Figures: TypeAlias = NDArray[np.float64]
"""Shape (plays, figures); NaN where nothing was shown."""


def figures(drawn: pa.Table, game: Game, plays: int) -> Figures:
    """What `plays` × `repeats` draws of a game's question showed.

    Where one row is looked at, 1 comes first if it came out. A row that did not is
    missing, as a suppressed figure is.
    """
    times = plays * game.repeats
    draws = drawn.column(DRAW).to_numpy().astype(np.int64)
    columns = [_numbers(drawn.column(name)) for name in game.columns]
    if game.row is None:
        each = drawn.num_rows // times
        seen = np.stack(columns, axis=1).reshape(times, each * len(columns))
    else:
        name, value = game.row
        kept = np.array([key == value for key in drawn.column(name).to_pylist()], bool)
        there = np.ones(drawn.num_rows)
        seen = np.full((times, 1 + len(columns)), np.nan)
        for place, column in enumerate((there, *columns)):
            seen[draws[kept], place] = column[kept]
    return seen.reshape(plays, -1)


def _numbers(column: pa.ChunkedArray) -> NDArray[np.float64]:
    kind = column.type
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        days = [
            each.toordinal() if isinstance(each, date) else np.nan
            for each in column.to_pylist()
        ]
        return np.array(days, dtype=np.float64)
    numbers: NDArray[np.float64] = column.cast(pa.float64()).to_numpy()
    return numbers
