"""Made-up people to attack: secrets that nothing but the data tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

CODES: Final = 1_000
AGES: Final = 80
TRAITS: Final = 64
_HALF: Final = 0.5
REGIONS: Final = ("east", "north", "south", "west")


@dataclass(frozen=True, slots=True)
class People:
    """Some people in a table and as many who are not, of the same kind.

    An attacker knows everybody's `codes` (unique, as an outside register has them),
    `ages`, `regions` and `traits` (shape (people, traits), zeros and ones). The first
    half of them are in `table`, which knows who is sick (`sick`, one for each of
    them): exactly half, drawn by lot.
    """

    codes: NDArray[np.int64] = field(repr=False)
    ages: NDArray[np.int64] = field(repr=False)
    regions: tuple[str, ...] = field(repr=False)
    traits: NDArray[np.int64] = field(repr=False)
    sick: NDArray[np.int64] = field(repr=False)

    @property
    def size(self) -> int:
        """How many are in the table."""
        return len(self.sick)

    def right(self, estimates: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Of whom so much sickness is estimated rightly; NaN is taken for none.

        `estimates` has one for each person in the table.
        """
        right: NDArray[np.bool_] = (estimates > _HALF) == (self.sick == 1)
        return right

    @property
    def table(self) -> pa.Table:
        """The table, as a laboratory takes it under the name `people`."""
        inside = slice(self.size)
        columns: dict[str, Any] = {
            "code": self.codes[inside],
            "age": self.ages[inside],
            "region": self.regions[inside],
            "sick": self.sick,
        }
        for place in range(TRAITS):
            columns[f"t{place}"] = self.traits[inside, place]
        return pa.table(columns)


def made_people(size: int, *, seed: int) -> People:
    """So many people in a table, the same ones for the same seed."""
    drawn = np.random.default_rng(seed)
    everybody = 2 * size
    cells = drawn.choice(AGES * len(REGIONS), everybody, replace=False)
    return People(
        codes=drawn.choice(CODES, everybody, replace=False),
        ages=cells // len(REGIONS),
        regions=tuple(REGIONS[each % len(REGIONS)] for each in cells),
        traits=drawn.integers(0, 2, (everybody, TRAITS)),
        sick=drawn.permutation(np.arange(size) % 2),
    )


def _whole(name: str, most: int) -> Mapping[str, Any]:
    bounds = {"required": True, "minimum": 0, "maximum": most}
    return {"name": name, "type": "integer", "constraints": bounds}


PACKAGE: Final[Mapping[str, Any]] = {
    "name": "attacked",
    "tre": {
        "controller": "Nobody",
        "legal_basis": "None: made-up people",
        "population": "attacked",
    },
    "resources": [
        {
            "name": "people",
            "tre": {"privacy_unit": "row"},
            "schema": {
                "fields": [
                    _whole("code", CODES - 1),
                    _whole("age", AGES - 1),
                    {
                        "name": "region",
                        "constraints": {"required": True, "enum": [*REGIONS]},
                    },
                    _whole("sick", 1),
                    *(_whole(f"t{place}", 1) for place in range(TRAITS)),
                ]
            },
        }
    ],
}
"""The manifest that goes with a table of people."""
