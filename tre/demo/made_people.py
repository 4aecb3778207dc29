"""People who do not exist, in households, as nobody has written them down yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from tre.demo.made_names import (
    ENDINGS,
    STREET_ENDINGS,
    SURNAME_ENDINGS,
    Whole,
    Words,
    national_insurance_numbers,
    nhs_numbers,
    vocabulary,
    zipf,
)

TWINS: Final = 0.03
"""The share of households whose last two people are twins."""

REGIONS: Final = np.array(["North East", "North West", "London", "Wales"])
FIRST_BIRTHDAY: Final = np.datetime64("1940-01-01")
DAYS: Final = 24_000
"""Births are spread over the days up to 2005."""


@dataclass(frozen=True, slots=True)
class People:
    """One entry a person in each array; `household` numbers whom they live with.

    `married` is the surname a person takes who changes it, `moved` the postcode of
    who moves. `level` is their highest qualification, from 0 to 4.
    """

    household: Whole
    forename: Words
    surname: Words
    married: Words
    sex: Words
    born: np.ndarray[tuple[int], np.dtype[np.datetime64]]
    address: Words
    postcode: Words
    moved: Words
    region: Words
    nhs_number: Words
    national_insurance_number: Words
    level: Whole

    def __len__(self) -> int:
        """How many people there are."""
        return len(self.household)


def make_people(size: int, draw: np.random.Generator) -> People:
    """`size` people in households of one to five, with twins in some."""
    household = np.repeat(np.arange(size), draw.integers(1, 6, size))[:size]
    households = int(household[-1]) + 1
    sex = np.array(["f", "m"])[draw.integers(0, 2, size)]
    born = FIRST_BIRTHDAY + draw.integers(0, DAYS, size)
    twin = _twins(household, draw)
    born[twin] = born[twin - 1]
    surnames = vocabulary(SURNAME_ENDINGS, 8_000, draw)
    women = zipf(vocabulary(ENDINGS["f"], 600, draw), size, draw)
    men = zipf(vocabulary(ENDINGS["m"], 600, draw), size, draw)
    postcodes = _postcodes(households, draw)
    return People(
        household=household,
        forename=np.where(sex == "f", women, men),
        surname=zipf(surnames, households, draw)[household],
        married=zipf(surnames, size, draw),
        sex=sex,
        born=born,
        address=_addresses(households, draw)[household],
        postcode=postcodes[household],
        moved=draw.permutation(postcodes)[household],
        region=REGIONS[draw.integers(0, len(REGIONS), households)][household],
        nhs_number=nhs_numbers(size, draw),
        national_insurance_number=national_insurance_numbers(size, draw),
        level=draw.choice(5, size, p=[0.1, 0.2, 0.3, 0.25, 0.15]),
    )


def _twins(household: Whole, draw: np.random.Generator) -> Whole:
    """Places of people who are the twin of whoever stands before them."""
    last = np.flatnonzero(np.diff(household, append=-1) != 0)
    shared = last[1:][np.diff(last) > 1]
    return shared[draw.random(len(shared)) < TWINS]


def _postcodes(size: int, draw: np.random.Generator) -> Words:
    letters = np.array(list("ABDEFGHJLNPQRSTUWXYZ"))
    area = letters[draw.integers(0, len(letters), (4, size))]
    outward = draw.integers(1, 100, size).astype(np.str_)
    inward = draw.integers(0, 10, size).astype(np.str_)
    parts = [area[0], area[1], outward, np.full(size, " "), inward, area[2], area[3]]
    return _joined(parts)


def _addresses(size: int, draw: np.random.Generator) -> Words:
    streets = zipf(vocabulary(SURNAME_ENDINGS, 2_000, draw), size, draw)
    kinds = np.array(STREET_ENDINGS)[draw.integers(0, len(STREET_ENDINGS), size)]
    number = draw.integers(1, 200, size).astype(np.str_)
    blank = np.full(size, " ")
    return _joined([number, blank, streets, blank, kinds])


def _joined(parts: list[Words]) -> Words:
    whole = parts[0]
    for part in parts[1:]:
        whole = np.strings.add(whole, part)
    return whole
