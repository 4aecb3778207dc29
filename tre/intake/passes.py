"""Which agreements make two records one person: the deterministic passes.

A pass is a set of evidence that two records must share exactly. Passes without a
local id never join two people whose local ids differ. No pass rests on a household's
shared facts alone (surname, postcode, address): each has a forename, a date of birth
or a number of the person's own. What no pass can see: twins whose forename is missing
or wrong, and two spellings of everything; probabilistic linkage is to weigh those.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import combinations, product
from typing import Final

import sqlglot.expressions as exp

from tre.intake.identity import valid
from tre.intake.sql import Tree, column, sql, text
from tre.manifest.model import Kind


class Evidence(Enum):
    """What two records may agree on."""

    LOCAL_ID = "local-id"
    NHS_NUMBER = "nhs-number"
    NATIONAL_INSURANCE_NUMBER = "national-insurance-number"
    ALL = "all"
    NUMBER = "number"
    NAME = "name"
    FORENAME = "forename"
    SURNAME = "surname"
    BIRTH = "date-of-birth"
    POSTCODE = "postcode"
    ADDRESS = "address"
    TWO_ADDRESSES = "two-addresses"
    CONTACT = "contact"


E = Evidence
PASSES: Final[tuple[tuple[Evidence, ...], ...]] = (
    (E.LOCAL_ID,),
    (E.NHS_NUMBER,),
    (E.NATIONAL_INSURANCE_NUMBER,),
    (E.ALL,),
    (E.NUMBER, E.BIRTH),
    (E.NUMBER, E.FORENAME),
    (E.NUMBER, E.SURNAME),
    (E.NUMBER, E.POSTCODE),
    (E.CONTACT, E.BIRTH),
    (E.CONTACT, E.NAME),
    (E.NAME, E.BIRTH),
    (E.FORENAME, E.BIRTH, E.POSTCODE),
    (E.SURNAME, E.BIRTH, E.POSTCODE),
    (E.NAME, E.POSTCODE, E.ADDRESS),
    (E.BIRTH, E.POSTCODE, E.ADDRESS),
    (E.FORENAME, E.BIRTH, E.ADDRESS),
    (E.BIRTH, E.TWO_ADDRESSES),
    (E.FORENAME, E.POSTCODE, E.TWO_ADDRESSES),
)
"""Strongest first. On FEBRL 4 they reach an F1 of 0.997 at precision 1."""

Parts = tuple[Tree, ...]
"""Normalised values that are compared together."""


@dataclass(frozen=True, slots=True)
class Signature:
    """One value of one pass: its rank, its name, and what it is made of.

    The value exists for records where every part is present.
    """

    rank: int
    name: str
    parts: Parts


def signatures(kinds: Sequence[Kind]) -> tuple[Signature, ...]:
    """Every signature that identifiers of these kinds, as `n0`, `n1`, … , allow."""
    offers = _offers(kinds)
    return tuple(
        Signature(rank, "+".join(evidence.value for evidence in needed), parts)
        for rank, needed in enumerate(PASSES)
        for parts in _choices([offers.get(evidence, ()) for evidence in needed])
    )


def _choices(offers: Sequence[Sequence[Parts]]) -> list[Parts]:
    return [
        tuple(part for parts in choice for part in parts) for choice in product(*offers)
    ]


def _offers(kinds: Sequence[Kind]) -> Mapping[Evidence, Sequence[Parts]]:
    """The ways in which each kind of evidence can be had from these columns."""
    columns: dict[Kind, list[Tree]] = {}
    for position, kind in enumerate(kinds):
        columns.setdefault(kind, []).append(column(f"n{position}"))
    one = {kind: [(tree,) for tree in trees] for kind, trees in columns.items()}
    addresses = columns.get(Kind.ADDRESS, [])
    return {
        E.LOCAL_ID: one.get(Kind.LOCAL_ID, []),
        E.NHS_NUMBER: [
            _if_valid(Kind.NHS_NUMBER, p) for p in one.get(Kind.NHS_NUMBER, [])
        ],
        E.NATIONAL_INSURANCE_NUMBER: [
            _if_valid(Kind.NATIONAL_INSURANCE_NUMBER, parts)
            for parts in one.get(Kind.NATIONAL_INSURANCE_NUMBER, [])
        ],
        E.ALL: _all(kinds),
        E.NUMBER: [
            *one.get(Kind.OTHER, []),
            *one.get(Kind.NHS_NUMBER, []),
            *one.get(Kind.NATIONAL_INSURANCE_NUMBER, []),
        ],
        E.NAME: _names(columns),
        E.FORENAME: one.get(Kind.FORENAME, []),
        E.SURNAME: one.get(Kind.SURNAME, []),
        E.BIRTH: one.get(Kind.DATE_OF_BIRTH, []),
        E.POSTCODE: one.get(Kind.POSTCODE, []),
        E.ADDRESS: one.get(Kind.ADDRESS, []),
        E.TWO_ADDRESSES: [_pair(a, b) for a, b in combinations(addresses, 2)],
        E.CONTACT: [*one.get(Kind.PHONE, []), *one.get(Kind.EMAIL, [])],
    }


def _if_valid(kind: Kind, parts: Parts) -> Parts:
    template = "CASE WHEN :valid THEN :n END"
    return tuple(sql(template, valid=valid(kind, part), n=part) for part in parts)


def _all(kinds: Sequence[Kind]) -> Sequence[Parts]:
    """Every identifier at once, sorted by kind so that the schema's order is moot."""
    if tuple(kinds) == (Kind.LOCAL_ID,):
        return []
    order = sorted(range(len(kinds)), key=lambda position: kinds[position].value)
    which = text(" ".join(kinds[position].value for position in order))
    return [(which, *(column(f"n{position}") for position in order))]


def _names(columns: Mapping[Kind, Sequence[Tree]]) -> Sequence[Parts]:
    found = [(tree,) for tree in columns.get(Kind.FULL_NAME, [])]
    if Kind.FORENAME in columns and Kind.SURNAME in columns:
        forename, surname = columns[Kind.FORENAME][0], columns[Kind.SURNAME][0]
        found.append((sql(":f || :s", f=forename, s=surname),))
    return found


def _pair(first: Tree, second: Tree) -> Parts:
    """Two different addresses, whichever column each is in."""
    lower = exp.func("least", first, second, dialect="duckdb")
    upper = exp.func("greatest", first, second, dialect="duckdb")
    different = "CASE WHEN :a <> :b THEN :x END"
    return (
        sql(different, a=first, b=second, x=lower),
        sql(different, a=first, b=second, x=upper),
    )
