"""What the answers that synthetic rows are made of say: every two columns' counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from connectors.errors import Invalid
from tre.synthesis.asked import Block, Pair

_SIDED: Final = 1.959964

Numbers = NDArray[np.float64]
Rows: TypeAlias = Mapping[str, list[object]]
"""A released table, a list of values a column."""


@dataclass(frozen=True, slots=True)
class Marginal:
    """The noised numbers of people in some columns' cells, shape (their sizes,).

    NaN where they are hidden. `deviation` is about that of the noise of one cell.
    """

    columns: Pair
    counts: Numbers = field(repr=False)
    deviation: float

    @property
    def shown(self) -> NDArray[np.bool_]:
        """Which cells are not hidden."""
        return ~np.isnan(self.counts)


@dataclass(frozen=True, slots=True)
class Marginals:
    """Every two columns' counts, as they were told.

    `values` are the categories of each column, as the answer shows them. `total` is
    how many people there are, or how often they are in a cell of a pair, where that
    is more: they may have several rows.
    """

    values: tuple[tuple[object, ...], ...] = field(repr=False)
    pairs: tuple[Marginal, ...]
    total: float

    @property
    def hidden(self) -> float:
        """The share of cells that are hidden."""
        cells = sum(each.counts.size for each in self.pairs)
        return 1 - sum(int(each.shown.sum()) for each in self.pairs) / cells


def marginals(answers: Sequence[tuple[Block, pa.Table]], columns: int) -> Marginals:
    """Read the answers to all questions. Invalid where nothing of them is shown.

    What is asked of a pair again is taken from the last answer, which is more precise.
    Never Refused: what was answered was charged.
    """
    read = [(block, released.to_pydict()) for block, released in answers]
    values: dict[int, tuple[object, ...]] = {}
    for block, rows in read:
        for place in block.columns:
            values.setdefault(place, _values(rows, place, block))
    last = {pair: (block, rows) for block, rows in read for pair in block.pairs}
    pairs = tuple(
        _marginal(rows, pair, block, values) for pair, (block, rows) in last.items()
    )
    total = _total(*next(each for each in read if each[0].total))
    if total is None or not any(each.shown.any() for each in pairs):
        raise Invalid(
            "synthesise",
            "the release is paid and every figure in it is hidden, so that no rows can "
            "be made of it; spend more, or name fewer columns or bands",
        )
    often = float(np.median([np.nansum(each.counts) for each in pairs]))
    known = tuple(values[place] for place in range(columns))
    return Marginals(known, pairs, max(1.0, often, total))


def _total(block: Block, rows: Rows) -> float | None:
    """All people, as they are told; None where they are hidden."""
    (everything,) = _rows(rows, (), block)
    told = rows["n"][everything]
    return None if told is None else float(str(told))


def _rows(rows: Rows, kept: Sequence[int], block: Block) -> list[int]:
    """Where the cells of a grouping set are: its bits say which keys are left out."""
    size = len(block.columns)
    bits = sum(
        (place not in kept) << (size - 1 - at) for at, place in enumerate(block.columns)
    )
    return [at for at, marked in enumerate(rows["marginal"]) if marked == bits]


def _values(rows: Rows, place: int, block: Block) -> tuple[object, ...]:
    pair = next(each for each in block.pairs if place in each)
    return tuple(
        dict.fromkeys(rows[f"k{place}"][at] for at in _rows(rows, pair, block))
    )


def _marginal(
    rows: Rows, pair: Pair, block: Block, values: Mapping[int, tuple[object, ...]]
) -> Marginal:
    codes = [{value: code for code, value in enumerate(values[p])} for p in pair]
    counts = np.full([len(values[place]) for place in pair], np.nan)
    widths = []
    for at in _rows(rows, pair, block):
        n, low, high = (rows[name][at] for name in ("n", "n_low", "n_high"))
        if isinstance(n, int) and isinstance(low, int) and isinstance(high, int):
            cell = tuple(
                code[rows[f"k{place}"][at]]
                for place, code in zip(pair, codes, strict=True)
            )
            counts[cell] = n
            widths.append((high - low) / 2 / _SIDED)
    return Marginal(pair, counts, max(0.5, float(np.median(widths or [1.0]))))
