"""Use what is known of somebody from elsewhere on a table of everybody.

Whoever has an age and a region to themselves is a cell of their own in a table by age
and region (Sweeney 2000, Simple demographics often identify people uniquely). Linkage
tells from an outside register who of its people is in the data; attribute inference
reads the secret of those who are known to be.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

import numpy as np

from tre.attacks.people import People
from tre.attacks.score import Score, scored
from tre.attacks.target import Target, numbers

BY_SICKNESS: Final = (
    "SELECT age, region, sick, COUNT(*) AS n FROM people GROUP BY age, region, sick"
)
BY_PERSON: Final = "SELECT age, region, COUNT(*) AS n FROM people GROUP BY age, region"

_HALF: Final = 0.5

Cells: TypeAlias = Mapping[tuple[object, ...], float]


def attribute_inference(target: Target, people: People) -> Score:
    """Whether each person in the table is sick, who have a cell to themselves."""
    cells = _cells(target, BY_SICKNESS, ("age", "region", "sick"))
    estimates = np.full(people.size, np.nan)
    for person in range(people.size):
        mine = int(people.ages[person]), people.regions[person]
        sick, well = (cells.get((*mine, kind), np.nan) for kind in (1, 0))
        estimates[person] = _HALF + np.nan_to_num(sick) - np.nan_to_num(well)
    hits = int(np.sum(people.right(estimates)))
    return scored("attribute inference", target.policy, hits=hits, trials=people.size)


def linkage(target: Target, people: People) -> Score:
    """Who of an outside register is in the table; half of them are."""
    cells = _cells(target, BY_PERSON, ("age", "region"))
    there = [
        cells.get((int(age), region), 0.0) > _HALF
        for age, region in zip(people.ages, people.regions, strict=True)
    ]
    inside = np.arange(len(there)) < people.size
    hits = int(np.sum(np.array(there) == inside))
    return scored("linkage", target.policy, hits=hits, trials=len(there))


def _cells(target: Target, sql: str, keys: tuple[str, ...]) -> Cells:
    """The counts of a table, by their keys; none where it is refused."""
    table = target.answer(sql)
    if table is None:
        return {}
    columns = (table.column(key).to_pylist() for key in keys)
    return dict(zip(zip(*columns, strict=True), numbers(table, "n"), strict=True))
