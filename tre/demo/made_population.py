"""A population that does not exist, as three agencies have written it down.

Education, earnings and benefits each know some of the people, by identifiers of
their own, with the mistakes that such records have: letters mistyped, surnames that
changed, people who moved, days and months changed round, fields left empty, and a
number that is somebody else's of the household. Who is who is kept apart from the
tables. The same size and seed give the same population; nothing here is secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tre.demo.made_names import Whole, Words, mistyped
from tre.demo.made_people import People, make_people

YEARS: Final = (2018, 2019, 2020)
BENEFITS: Final = np.array(["housing", "disability", "jobseeker", "pension"])
SUBJECTS: Final = np.array(["mathematics", "trades", "languages", "science", "arts"])

MISTYPED: Final = 0.03
RENAMED: Final = 0.10
MOVED: Final = 0.12
SHARED: Final = 0.005
TURNED: Final = 0.01
MISSING: Final = 0.03


@dataclass(frozen=True, slots=True)
class Agency:
    """An agency's table, and who each of its rows is about."""

    table: pa.Table
    truth: Whole


@dataclass(frozen=True, slots=True)
class Population:
    """The three agencies' tables by name, each with its truth apart."""

    agencies: Mapping[str, Agency]

    @property
    def tables(self) -> dict[str, pa.Table]:
        """What the agencies hold."""
        return {name: agency.table for name, agency in self.agencies.items()}


def make_population(size: int, *, seed: int, share: float = 0.8) -> Population:
    """A population of `size`, each known to each agency with probability `share`.

    Memory is some 3 KiB a person.
    """
    draw = np.random.default_rng(seed)
    people = make_people(size, draw)
    return Population(
        {
            "education": _education(people, share, draw),
            "earnings": _earnings(people, share, draw),
            "benefits": _benefits(people, share, draw),
        }
    )


@dataclass(frozen=True, slots=True)
class _Written:
    """People as one agency wrote them down, once each; empty text is missing."""

    whom: Whole
    forename: Words
    surname: Words
    born: Words
    postcode: Words
    number: Words


def _written(people: People, share: float, draw: np.random.Generator) -> _Written:
    whom = np.flatnonzero(draw.random(len(people)) < share)
    size = len(whom)

    def some(rate: float) -> NDArray[np.bool_]:
        return draw.random(size) < rate

    renamed = some(RENAMED) & (people.sex[whom] == "f")
    surname = np.where(renamed, people.married[whom], people.surname[whom])
    moved = np.where(some(MOVED), people.moved[whom], people.postcode[whom])
    return _Written(
        whom=whom,
        forename=mistyped(people.forename[whom], some(MISTYPED), draw),
        surname=mistyped(surname, some(MISTYPED), draw),
        born=np.where(some(MISSING / 3), "", _turned(people.born[whom], some(TURNED))),
        postcode=np.where(some(MISSING), "", moved),
        number=np.where(some(MISSING), "", _numbers(people, whom, some(SHARED))),
    )


def _numbers(people: People, whom: Whole, shared: NDArray[np.bool_]) -> Words:
    """Each person's number; where it is shared, that of who stands before them."""
    before = np.maximum(whom - 1, 0)
    home = people.household[before] == people.household[whom]
    return people.national_insurance_number[np.where(shared & home, before, whom)]


def _turned(
    born: np.ndarray[tuple[int], np.dtype[np.datetime64]], chosen: NDArray[np.bool_]
) -> Words:
    """Birthdays as text; where chosen, day and month change places if they can."""
    text = np.datetime_as_string(born)
    year, rest = np.strings.slice(text, 0, 5), np.strings.slice(text, 5, 10)
    day, month = np.strings.slice(rest, 3, 5), np.strings.slice(rest, 0, 2)
    can = chosen & (day <= "12")
    dash = np.full(len(text), "-")
    turned = np.strings.add(np.strings.add(np.strings.add(year, day), dash), month)
    return np.where(can, turned, text)


def _education(people: People, share: float, draw: np.random.Generator) -> Agency:
    written = _written(people, share, draw)
    rows = np.repeat(
        np.arange(len(written.whom)), draw.integers(1, 3, len(written.whom))
    )
    whom = written.whom[rows]
    year = draw.integers(2000, 2018, len(rows))
    return Agency(
        pa.table(
            {
                "nhs_number": _text(people.nhs_number[whom]),
                **_names(written, rows),
                "sex": _text(people.sex[whom]),
                "date_of_birth": _text(written.born[rows]),
                "postcode": _text(written.postcode[rows]),
                "year": pa.array(year),
                "subject": _text(SUBJECTS[draw.integers(0, len(SUBJECTS), len(rows))]),
                "level": pa.array(people.level[whom]),
            }
        ),
        whom,
    )


def _earnings(people: People, share: float, draw: np.random.Generator) -> Agency:
    written = _written(people, share, draw)
    rows = np.repeat(np.arange(len(written.whom)), len(YEARS))
    whom = written.whom[rows]
    pay = np.exp(9.6 + 0.18 * people.level[whom] + draw.normal(0, 0.4, len(rows)))
    return Agency(
        pa.table(
            {
                "nino": _text(written.number[rows]),
                **_names(written, rows),
                "date_of_birth": _text(written.born[rows]),
                "postcode": _text(written.postcode[rows]),
                "tax_year": pa.array(np.tile(YEARS, len(written.whom))),
                "region": _text(people.region[whom]),
                "pay": pa.array(np.round(pay, 2)),
            }
        ),
        whom,
    )


def _benefits(people: People, share: float, draw: np.random.Generator) -> Agency:
    written = _written(people, share / 2, draw)
    rows = np.arange(len(written.whom))
    whom = written.whom
    blank = np.full(len(rows), " ")
    name = np.strings.add(np.strings.add(written.forename, blank), written.surname)
    return Agency(
        pa.table(
            {
                "nino": _text(written.number),
                "name": _text(name),
                "date_of_birth": _text(written.born),
                "address": _text(people.address[whom]),
                "postcode": _text(written.postcode),
                "kind": _text(BENEFITS[draw.integers(0, len(BENEFITS), len(rows))]),
                "weeks": pa.array(draw.integers(1, 53, len(rows))),
            }
        ),
        whom,
    )


def _names(written: _Written, rows: Whole) -> dict[str, pa.Array]:
    return {
        "forename": _text(written.forename[rows]),
        "surname": _text(written.surname[rows]),
    }


def _text(words: Words) -> pa.Array:
    """Words as Arrow text, missing where there is none."""
    found = pa.array(words, pa.string())
    return pc.if_else(pc.equal(found, ""), None, found)
