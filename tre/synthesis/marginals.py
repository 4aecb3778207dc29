"""The one question that synthetic rows are made of, and what its answer says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from connectors.errors import Invalid
from tre.synthesis.columns import Category

_SIDED: Final = 1.959964

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Marginal:
    """The noised numbers of people in some columns' cells, shape (their sizes,).

    NaN where they are hidden. `deviation` is about that of the noise of one cell.
    """

    columns: tuple[int, ...]
    counts: Numbers = field(repr=False)
    deviation: float

    @property
    def shown(self) -> NDArray[np.bool_]:
        """Which cells are not hidden."""
        return ~np.isnan(self.counts)


@dataclass(frozen=True, slots=True)
class Marginals:
    """Every two columns' counts, as one release told them.

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


def question(table: str, columns: Sequence[Category]) -> str:
    """How many people are in each cell of each pair of columns, as one question.

    A person with at most C rows is in at most C cells of a pair and counts once in
    each, so Δ₁ ≤ C and Δ₂² ≤ C for each pair's table, and the price is that of all of
    them together. Numbers of people do not add up, so `privacy.levels` measures every
    pair by itself: no figure follows from others, and hiding one takes no other along.
    """
    keys = [each.expression for each in columns]
    pairs = ", ".join(f"({one}, {other})" for one, other in combinations(keys, 2))
    shown = ", ".join(f"{key} AS k{place}" for place, key in enumerate(keys))
    marginal = f"GROUPING({', '.join(keys)}) AS marginal"
    return (
        f"SELECT {shown}, {marginal}, COUNT(DISTINCT person_id) AS n"
        f' FROM "{table}" GROUP BY GROUPING SETS ({pairs}, ())'
    )


def marginals(released: pa.Table, columns: int) -> Marginals:
    """Read the answer to `question`. Invalid where nothing of it is shown.

    Never Refused: what was answered was charged.
    """
    rows = released.to_pydict()
    values = tuple(_values(rows, place, columns) for place in range(columns))
    pairs = tuple(
        _marginal(rows, pair, columns, values)
        for pair in combinations(range(columns), 2)
    )
    (everything,) = _rows(rows, (), columns)
    total = rows["n"][everything]
    if total is None or not any(each.shown.any() for each in pairs):
        raise Invalid(
            "synthesise",
            "the release is paid and every figure in it is hidden, so that no rows can "
            "be made of it; spend more, or name fewer columns or bands",
        )
    often = float(np.median([np.nansum(each.counts) for each in pairs]))
    return Marginals(values, pairs, max(1.0, often, float(str(total))))


def _rows(rows: dict[str, list[object]], kept: tuple[int, ...], size: int) -> list[int]:
    """Where the cells of a grouping set are: its bits say which keys are left out."""
    bits = sum((place not in kept) << (size - 1 - place) for place in range(size))
    return [at for at, marked in enumerate(rows["marginal"]) if marked == bits]


def _values(rows: dict[str, list[object]], place: int, size: int) -> tuple[object, ...]:
    other = 0 if place else 1
    at = _rows(rows, tuple(sorted((place, other))), size)
    return tuple(dict.fromkeys(rows[f"k{place}"][row] for row in at))


def _marginal(
    rows: dict[str, list[object]],
    pair: tuple[int, int],
    size: int,
    values: tuple[tuple[object, ...], ...],
) -> Marginal:
    codes = [{value: code for code, value in enumerate(values[p])} for p in pair]
    counts = np.full([len(values[place]) for place in pair], np.nan)
    widths = []
    for at in _rows(rows, pair, size):
        n, low, high = (rows[name][at] for name in ("n", "n_low", "n_high"))
        if isinstance(n, int) and isinstance(low, int) and isinstance(high, int):
            cell = tuple(
                code[rows[f"k{place}"][at]]
                for place, code in zip(pair, codes, strict=True)
            )
            counts[cell] = n
            widths.append((high - low) / 2 / _SIDED)
    return Marginal(pair, counts, max(0.5, float(np.median(widths or [1.0]))))
