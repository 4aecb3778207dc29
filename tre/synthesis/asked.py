"""The questions that synthetic rows are made of: pairs of columns, in few questions.

One question has eight keys in grouping sets at most, and 10⁶ combinations of them, so
that more columns take several. Each is priced, charged and logged by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import prod, sqrt
from typing import TypeAlias

from privacy.grouping import MOST_SET_KEYS
from privacy.keys import MOST_CELLS
from tre.synthesis.columns import Category

Pair: TypeAlias = tuple[int, int]
"""Two columns, by their positions, in order."""


@dataclass(frozen=True, slots=True)
class Block:
    """The pairs of columns that one question is about, its text, and what it weighs.

    Of a price, questions get parts by `weight`: cells of all pairs then have about the
    same noise, as a pair has its share within one by the root of its cells
    (`privacy.levels`). `total` is whether it asks for all people besides.
    """

    sql: str
    pairs: tuple[Pair, ...]
    weight: float
    total: bool

    @property
    def columns(self) -> tuple[int, ...]:
        """Every column of a pair, in order."""
        return columns_of(self.pairs)


def blocks(
    table: str, columns: Sequence[Category], pairs: Sequence[Pair] = ()
) -> tuple[Block, ...]:
    """The pairs named, each in one question; without any, every two of the columns.

    Of every two, the first question asks for all people besides.

    A person with at most C rows is in at most C cells of a pair and counts once in
    each, so Δ₁ ≤ C and Δ₂² ≤ C for each pair's table, and the price is that of all of
    them together. Numbers of people do not add up, so `privacy.levels` measures every
    pair by itself: no figure follows from others, and hiding one takes no other along.
    """
    sizes = [each.size for each in columns]
    return tuple(
        Block(
            sql=_question(table, columns, group, total=not (pairs or place)),
            pairs=group,
            weight=sum(sqrt(sizes[one] * sizes[other]) for one, other in group),
            total=not (pairs or place),
        )
        for place, group in enumerate(grouped(sizes, pairs))
    )


def grouped(
    sizes: Sequence[int], pairs: Sequence[Pair] = ()
) -> tuple[tuple[Pair, ...], ...]:
    """Pairs of columns of these sizes, all without any, in groups that can be asked.

    A pair goes into the first group that has room for its columns.
    """
    found: list[list[Pair]] = []
    for pair in sorted(pairs) or combinations(range(len(sizes)), 2):
        for group in found:
            if _fits(columns_of([*group, pair]), sizes):
                group.append(pair)
                break
        else:
            found.append([pair])
    return tuple(map(tuple, found))


def columns_of(pairs: Sequence[Pair]) -> tuple[int, ...]:
    """Every column of some pairs, in order."""
    return tuple(sorted({place for pair in pairs for place in pair}))


def _fits(columns: Sequence[int], sizes: Sequence[int]) -> bool:
    cells = prod(sizes[place] for place in columns)
    return len(columns) <= MOST_SET_KEYS and cells <= MOST_CELLS


def _question(
    table: str, columns: Sequence[Category], pairs: Sequence[Pair], *, total: bool
) -> str:
    keys = {place: columns[place].expression for place in columns_of(pairs)}
    sets = [f"({keys[one]}, {keys[other]})" for one, other in pairs]
    shown = ", ".join(f"{key} AS k{place}" for place, key in keys.items())
    marginal = f"GROUPING({', '.join(keys.values())}) AS marginal"
    return (
        f"SELECT {shown}, {marginal}, COUNT(DISTINCT person_id) AS n"
        f' FROM "{table}" GROUP BY GROUPING SETS'
        f" ({', '.join([*sets, *(['()'] if total else [])])})"
    )
