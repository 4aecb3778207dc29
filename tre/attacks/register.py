"""Real people to attack: those of a table that an evaluator holds, half of them by lot.

Half of a table's rows are asked about, and half are kept out of it, drawn by lot: so
who is in tells nothing but by the answers, and what works on people who are kept out
is no breach of anybody's privacy (Giomi and others 2023, A unified framework for
quantifying privacy risk in synthetic data, PoPETs 2023(2), who call them controls).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import numpy as np
import pyarrow as pa

from tre.attacks.target import Target, numbers
from tre.lab import Lab

LEAST: Final = 10
"""Fewer people of a kind would tell nothing."""

Cell: TypeAlias = tuple[object, ...]
"""A value of each known column: all that an attacker knows of somebody."""
Secrets: TypeAlias = Mapping[object, float]
"""How many people of a cell have the secret (True), or have it not (False)."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of people from elsewhere, and what is secret: a condition in SQL.

    Every row of the `table` is a person. Of `columns` without public values the gateway
    tells those alone that many people share.
    """

    table: str
    columns: tuple[str, ...]
    secret: str

    @property
    def by_person(self) -> str:
        """The question for how many people are in each cell."""
        keys = ", ".join(f'"{each}"' for each in self.columns)
        return f'SELECT {keys}, COUNT(*) AS n FROM "{self.table}" GROUP BY {keys}'

    @property
    def by_secret(self) -> str:
        """The question for how many of each cell have the secret, and have it not."""
        keys = ", ".join(f'"{each}"' for each in self.columns)
        return (
            f"SELECT {keys}, ({self.secret}) AS told, COUNT(*) AS n"
            f' FROM "{self.table}" GROUP BY {keys}, ({self.secret})'
        )


@dataclass(frozen=True, slots=True)
class Register:
    """Whom an attacker looks for, each of them alone in their cell over both halves.

    In the table are as many with the secret (`having`) as without it (`lacking`);
    `absent`, as many as both, are kept out. `seen` are all cells that hold one person
    of the other half, and `isolating` those of them that hold one of this half too.
    """

    having: tuple[Cell, ...] = field(repr=False)
    lacking: tuple[Cell, ...] = field(repr=False)
    absent: tuple[Cell, ...] = field(repr=False)
    seen: tuple[Cell, ...] = field(repr=False)
    isolating: frozenset[Cell] = field(repr=False)

    @property
    def present(self) -> tuple[Cell, ...]:
        """Whoever is looked for and is in the table."""
        return (*self.having, *self.lacking)

    @property
    def enough(self) -> bool:
        """Whether there is anybody to look for."""
        return len(self.having) >= LEAST and len(self.seen) >= LEAST


def halved(table: pa.Table, *, seed: int) -> tuple[pa.Table, pa.Table]:
    """Half of a table's rows, and the other half; by a lot that `seed` fixes."""
    drawn = np.random.default_rng(seed).permutation(table.num_rows)
    half = table.num_rows // 2
    return table.take(drawn[:half]), table.take(drawn[half:])


def register(
    inside: Lab, outside: Lab, known: Known, *, people: int, seed: int
) -> Register:
    """So many people of each half, drawn by lot; fewer where there are not so many.

    The laboratories hold a half each; exact answers say who is alone in a cell, as an
    outside register would.
    """
    drawn = np.random.default_rng(seed)
    here, there = (secrets_of(lab.exact(known.by_secret)) for lab in (inside, outside))
    alone = [cell for cell, of in here.items() if one(of) and cell not in there]
    having, lacking = (
        [cell for cell in alone if here[cell].get(kind) == 1] for kind in (True, False)
    )
    seen = [cell for cell, of in there.items() if one(of)]
    absent = [cell for cell in seen if cell not in here]
    each = min(people // 2, len(having), len(lacking), len(absent) // 2)
    return Register(
        having=_some(having, each, drawn),
        lacking=_some(lacking, each, drawn),
        absent=_some(absent, 2 * each, drawn),
        seen=tuple(seen),
        isolating=frozenset(c for c in seen if c in here and one(here[c])),
    )


def counted(target: Target, sql: str) -> Mapping[Cell, float]:
    """A table's counts by its cells: NaN where hidden, none where it is refused."""
    table = target.answer(sql)
    return {} if table is None else _by_cell(table)


def secrets_of(table: pa.Table) -> Mapping[Cell, Secrets]:
    """The counts of `Known.by_secret` by cell; cells of nobody are left out."""
    found: dict[Cell, dict[object, float]] = {}
    for (*cell, told), count in _by_cell(table).items():
        if count and None not in cell:
            found.setdefault(tuple(cell), {})[told] = count
    return found


def one(secrets: Secrets) -> bool:
    """Whether there is one person in a cell."""
    return sum(secrets.values()) == 1


def _by_cell(table: pa.Table) -> Mapping[Cell, float]:
    """A table's column n by the columns before it."""
    keys = table.column_names[: table.column_names.index("n")]
    cells = zip(*(table.column(key).to_pylist() for key in keys), strict=True)
    return dict(zip(cells, numbers(table, "n").tolist(), strict=True))


def _some(
    cells: Sequence[Cell], size: int, drawn: np.random.Generator
) -> tuple[Cell, ...]:
    """So many of the cells, by lot; the same ones for the same seed."""
    ordered = sorted(cells, key=repr)
    return tuple(ordered[at] for at in drawn.permutation(len(ordered))[:size])
