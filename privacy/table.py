"""The tables an answer passes through. Which one a function takes says its rights."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from privacy.catalogue import Value
from privacy.price import Price

Values: TypeAlias = NDArray[Any]
"""An array whose type is a fact of the question: int64, float64, bool or object."""


@dataclass(frozen=True, slots=True)
class Tally:
    """How many rows each bucket of each cell has, where it has any; int64 arrays."""

    cells: NDArray[np.int64] = field(repr=False)
    buckets: NDArray[np.int64] = field(repr=False)
    rows: NDArray[np.int64] = field(repr=False)


@dataclass(frozen=True, slots=True)
class ExactTable:
    """True aggregates. They live only between execute and noise, in the enclave.

    One int64 array of shape (cells,) for each component of the plan, in order,
    clamped to ±2⁶²; a cell without rows is 0. One tally for each argument that is
    put in order.
    """

    values: tuple[NDArray[np.int64], ...] = field(repr=False)
    tallies: tuple[Tally, ...] = field(repr=False, default=())


Combination: TypeAlias = tuple[Value | None, ...]
"""Values of the keys that are not public, in the question's order."""


@dataclass(frozen=True, slots=True)
class Emerged:
    """The combinations of keys that came out, and in which draws, (draws, them)."""

    combinations: tuple[Combination, ...] = field(repr=False)
    present: NDArray[np.bool_] = field(repr=False)


@dataclass(frozen=True, slots=True)
class NoisedTable:
    """Components after a priced mechanism. Whatever is made of them is free.

    One int64 array of shape (draws, cells) for each component of the plan, and in
    `picked` the bucket chosen by each of its choices. Where keys are not public,
    `emerged` says which came out; the cells of all others are 0.
    """

    values: tuple[NDArray[np.int64], ...] = field(repr=False)
    picked: tuple[NDArray[np.int64], ...] = field(repr=False, default=())
    emerged: Emerged | None = field(repr=False, default=None)

    @property
    def draws(self) -> int:
        """How many times over everything was drawn."""
        return int((*self.values, *self.picked)[0].shape[0])


class ColumnKind(Enum):
    """How the values of a released column are to be read."""

    INTEGER = "integer"
    DECIMAL = "decimal"
    FLOAT = "float"
    TEXT = "text"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"


@dataclass(frozen=True, slots=True)
class Figures:
    """Values that may be missing: where `null`, the value means nothing.

    Both arrays have a shape that broadcasts to (draws, cells): what is the same
    in every draw, as keys are, is held once.
    """

    values: Values = field(repr=False)
    null: NDArray[np.bool_] = field(repr=False)


@dataclass(frozen=True, slots=True)
class DerivedOutput:
    """One output over every cell: value, 95% interval, and of which type.

    `aggregates` are the positions it depends on; where there are none it is a
    public fact and has no interval. A missing end of an interval is no bound.
    INTEGER and DECIMAL hold unscaled int64, FLOAT float64.
    """

    name: str
    kind: ColumnKind
    scale: int
    aggregates: frozenset[int]
    value: Figures
    low: Figures | None
    high: Figures | None


@dataclass(frozen=True, slots=True)
class DerivedTable:
    """Outputs and aggregates computed from noised components. Nothing is hidden yet.

    `keys` and `aggregates` follow the question's and hold numbers as float64.
    """

    price: Price
    noised: NoisedTable
    keys: tuple[Figures, ...]
    aggregates: tuple[Figures, ...]
    outputs: tuple[DerivedOutput, ...]
    present: NDArray[np.bool_] | None = field(repr=False, default=None)


class Status(Enum):
    """What may be relied on in a released figure."""

    OK = "ok"
    UNRELIABLE = "unreliable"
    FREQUENCY = "suppressed:frequency"
    DOMINANCE = "suppressed:dominance"
    CLASS = "suppressed:class"
    SECONDARY = "suppressed:secondary"


@dataclass(frozen=True, slots=True)
class CheckedTable:
    """A table in which every figure that may not be shown is missing.

    `present` are the cells whose keys came out, (draws, cells); None where all keys
    are public. `statuses` has, for each output that depends on an aggregate, the
    position in `STATUSES` of each figure's status, uint8 of shape (draws, cells);
    None for public facts.
    """

    price: Price
    draws: int
    keys: tuple[Figures, ...]
    aggregates: tuple[Figures, ...]
    outputs: tuple[DerivedOutput, ...]
    statuses: tuple[NDArray[np.uint8] | None, ...] = field(repr=False)
    present: NDArray[np.bool_] | None = field(repr=False, default=None)


STATUSES: Final = tuple(Status)
"""Statuses by the code that stands for them in a checked table."""


@dataclass(frozen=True, slots=True)
class ReleasedColumn:
    """One column as the researcher receives it.

    INTEGER: int64. DECIMAL: unscaled int64 at `scale` decimal digits. FLOAT:
    float64. BOOLEAN: bool. TEXT, DATE, DATETIME: objects. Where `null`, the value
    means nothing. All of shape (rows,).
    """

    name: str
    kind: ColumnKind
    scale: int
    values: Values = field(repr=False)
    null: NDArray[np.bool_] = field(repr=False)


@dataclass(frozen=True, slots=True)
class ReleasedTable:
    """What leaves the environment: columns of equal length, and each row's draw.

    Rows are draw by draw, in the question's order within a draw. `draw` counts
    from 0 and is all zeros for a question asked once.
    """

    columns: tuple[ReleasedColumn, ...]
    draw: NDArray[np.int64] = field(repr=False)

    @property
    def rows(self) -> int:
        """How many rows there are, over all draws."""
        return int(self.draw.size)
