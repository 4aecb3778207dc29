"""Which agreements make two records one person: the deterministic passes.

A pass is a set of evidence that two records must share exactly. Passes without a
local id never join two people whose local ids differ. No pass rests on a household's
shared facts alone (surname, postcode, address): each has a forename, a date of birth
or a number of the person's own. Twins at one address share birthdays too, so what a
pass finds is a candidate: `agree` drops pairs that contradict each other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Final

from tre.intake.identity import valid
from tre.intake.record import COLUMNS, COMPLETE, LISTED, SINGLE, name_of
from tre.intake.sql import Tree, column, number, sql
from tre.manifest.model import Evidence, Kind

E = Evidence
PASSES: Final[tuple[tuple[Evidence, ...], ...]] = (
    (E.LOCAL_ID,),
    (E.NHS_NUMBER,),
    (E.NATIONAL_INSURANCE_NUMBER,),
    (E.ALL,),
    (E.ENCODED,),
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
"""Strongest first."""

Parts = tuple[Tree, ...]
"""Normalised values that are compared together."""


WRITTEN: Final = "coalesce(CAST(:value AS VARCHAR), '')"


@dataclass(frozen=True, slots=True)
class Signature:
    """One value of one pass: its rank, its name, and what it is made of.

    The value exists for records where every part is present.
    """

    rank: int
    name: str
    parts: Parts


def signatures(
    kinds: Sequence[Kind], passes: Sequence[Sequence[Evidence]] = PASSES
) -> tuple[Signature, ...]:
    """Every signature that records with identifiers of these kinds allow.

    Equal local ids come first, whatever the passes are.
    """
    offers = _offers(Counter(kinds))
    own = tuple(tuple(needed) for needed in passes if tuple(needed) != PASSES[0])
    return tuple(
        Signature(rank, "+".join(evidence.value for evidence in needed), parts)
        for rank, needed in enumerate((PASSES[0], *own))
        for parts in _choices([offers.get(evidence, ()) for evidence in needed])
    )


def _choices(offers: Sequence[Sequence[Parts]]) -> list[Parts]:
    return [
        tuple(part for parts in choice for part in parts) for choice in product(*offers)
    ]


def _offers(kinds: Counter[Kind]) -> Mapping[Evidence, Sequence[Parts]]:
    """The ways in which each kind of evidence can be had from these kinds."""
    one: dict[Kind, list[Parts]] = {
        kind: [(column(name_of(kind)),)] for kind in kinds if kind in SINGLE
    }
    if Kind.FULL_NAME in kinds:
        one.setdefault(Kind.FORENAME, [(column("forename"),)])
        one.setdefault(Kind.SURNAME, [(column("surname"),)])
    listed = {kind: _members(kind, kinds[kind]) for kind in LISTED if kind in kinds}
    nhs, national = Kind.NHS_NUMBER, Kind.NATIONAL_INSURANCE_NUMBER
    lists = {kind: [(part,) for part in parts] for kind, parts in listed.items()}
    return {
        E.LOCAL_ID: one.get(Kind.LOCAL_ID, []),
        E.NHS_NUMBER: [_if_valid(nhs, parts) for parts in one.get(nhs, [])],
        E.NATIONAL_INSURANCE_NUMBER: [
            _if_valid(national, parts) for parts in one.get(national, [])
        ],
        E.ALL: _all(kinds),
        E.NUMBER: [
            *lists.get(Kind.OTHER, []),
            *one.get(nhs, []),
            *one.get(national, []),
        ],
        E.NAME: _names(one),
        E.FORENAME: one.get(Kind.FORENAME, []),
        E.SURNAME: one.get(Kind.SURNAME, []),
        E.ENCODED: one.get(Kind.ENCODED, []),
        E.BIRTH: one.get(Kind.DATE_OF_BIRTH, []),
        E.POSTCODE: one.get(Kind.POSTCODE, []),
        E.ADDRESS: lists.get(Kind.ADDRESS, []),
        E.TWO_ADDRESSES: [
            tuple(pair) for pair in combinations(listed.get(Kind.ADDRESS, []), 2)
        ],
        E.CONTACT: [*lists.get(Kind.PHONE, []), *lists.get(Kind.EMAIL, [])],
    }


def _members(kind: Kind, fields: int) -> list[Tree]:
    """The elements of a list; they are sorted, so pairs come in one order."""
    name = column(name_of(kind))
    return [
        sql("list_extract(:list, :place)", list=name, place=number(place + 1))
        for place in range(fields)
    ]


def _if_valid(kind: Kind, parts: Parts) -> Parts:
    template = "CASE WHEN :valid THEN :n END"
    return tuple(sql(template, valid=valid(kind, part), n=part) for part in parts)


def _all(kinds: Counter[Kind]) -> Sequence[Parts]:
    """Every identifier at once, where none is missing."""
    if set(kinds) == {Kind.LOCAL_ID}:
        return []
    complete = sql("CASE WHEN :complete THEN 'complete' END", complete=column(COMPLETE))
    values = [column(name) for name in COLUMNS if name != COMPLETE]
    return [(complete, *(sql(WRITTEN, value=value) for value in values))]


def _names(one: Mapping[Kind, Sequence[Parts]]) -> Sequence[Parts]:
    found = list(one.get(Kind.FULL_NAME, []))
    if Kind.FULL_NAME not in one and {Kind.FORENAME, Kind.SURNAME} <= set(one):
        (forename,), (surname,) = one[Kind.FORENAME][0], one[Kind.SURNAME][0]
        found.append((sql(":f || :s", f=forename, s=surname),))
    return found
