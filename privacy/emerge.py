"""Let keys that are not public come out, where enough people have them.

A key is released past a threshold on a noised count of its people. Keys of fewer than
k people are dropped first, and k − 1 is taken off the other counts: of a key that one
person more or less makes appear, the count then is 1, as the threshold's proof has it
(Korolova, Kenthapadi, Mishra, Ntoulas 2009; Desfontaines, Voss, Gipson, Mandayam 2022).
One person is behind at most C keys and moves each count by one. What is released of
the keys that came out is priced on its own, given these keys.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import pairwise
from math import prod
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from privacy.catalogue import Domain, Type, Value
from privacy.mechanism import Threshold, past
from privacy.table import Combination, Emerged

LONGEST: Final = 256
"""Characters of a text that may come out as a key; longer ones never do."""

Counts: TypeAlias = Mapping[Combination, int]
"""How many people have each combination of keys."""


def emerge(counts: Counts, threshold: Threshold, fewest: int, draws: int) -> Emerged:
    """The combinations that come out, `draws` times over; each costs the whole price.

    `fewest` people have each of them, and with noise many more. In the order of their
    values, whatever the data's.
    """
    known = {_text(each): each for each in counts if _is_short(each)}
    texts = lowered({text: counts[each] for text, each in known.items()}, fewest)
    found = [frozenset(past(threshold, texts)) for _ in range(draws)]
    shown = sorted((known[each] for each in frozenset().union(*found)), key=_place)
    present = np.array(
        [[_text(each) in drawn for each in shown] for drawn in found], dtype=bool
    )
    return Emerged(tuple(shown), present.reshape(draws, len(shown)))


def lowered(counts: Mapping[str, int], fewest: int) -> Mapping[str, int]:
    """Counts from 1 on, of the keys that `fewest` people have at least.

    One person more or less moves each key's count by at most one, from or to not
    being there where it is 1.
    """
    return {
        key: people - (fewest - 1) for key, people in counts.items() if people >= fewest
    }


def every(counts: Counts) -> Emerged:
    """All combinations there are, for exact answers in the laboratory only."""
    shown = sorted(counts, key=_place)
    return Emerged(tuple(shown), np.ones((1, len(shown)), dtype=bool))


def at_most(emerged: Emerged, cells: int, beside: int) -> Emerged:
    """As many of the first combinations as have at most `cells` cells.

    `beside` is how many cells each has by public keys. What is left out could have
    been shown; leaving it out tells nothing more.
    """
    kept = len(emerged.combinations)
    while kept and _product(emerged.combinations[:kept]) * beside > cells:
        kept = kept * 9 // 10
    return Emerged(emerged.combinations[:kept], emerged.present[:, :kept])


def filled(keys: Sequence[Domain], emerged: Emerged) -> tuple[Domain, ...]:
    """The domains of all keys: what came out is the list of those without one."""
    columns = iter(zip(*emerged.combinations, strict=True))
    domains = []
    for domain in keys:
        if domain.values is None:
            values = set(next(columns, ()))
            listed = tuple(sorted(values - {None}, key=_order))
            domain = replace(domain, nullable=None in values, values=listed)
        domains.append(domain)
    return tuple(domains)


def presence(
    keys: Sequence[Domain], lists: Sequence[Domain], emerged: Emerged
) -> NDArray[np.bool_]:
    """Which cells came out in each draw, shape (draws, cells).

    `keys` are the domains as they were known, `lists` as `filled`. Where there are
    several keys that are not public, not every combination of their values did.
    """
    hidden = [place for place, each in enumerate(keys) if each.values is None]
    sizes = [len(each.values or ()) + each.nullable for each in lists]
    present = np.zeros((emerged.present.shape[0], *sizes), dtype=np.bool_)
    axes = [place + 1 for place in hidden]
    front = np.moveaxis(present, axes, range(1, 1 + len(axes)))
    beside = front.shape[1 + len(axes) :]
    for place, combination in enumerate(emerged.combinations):
        codes: list[int | slice] = [slice(None)]
        for value, at in zip(combination, hidden, strict=True):
            codes.append(_code(value, lists[at]))
        shown = emerged.present[:, place].reshape(-1, *(1 for _ in beside))
        front[tuple(codes)] = shown
    return present.reshape(present.shape[0], -1)


def in_order(emerged: Emerged) -> bool:
    """Whether every combination is there once, in the order of their values."""
    places = [_place(each) for each in emerged.combinations]
    return all(one < other for one, other in pairwise(places))


def is_key(value: object, domain: Domain) -> bool:
    """Whether a value may have come out as a key: of its type, and not too long."""
    match value:
        case None:
            return domain.nullable
        case bool():
            return False
        case str():
            return domain.type is Type.TEXT and len(value) <= LONGEST
        case int():
            return domain.type is Type.NUMBER and abs(value) < 2**63
        case date():
            return domain.type is Type.DATE
        case _:
            return False


def _code(value: Value | None, domain: Domain) -> int:
    listed = domain.values or ()
    return len(listed) if value is None else listed.index(value)


def _product(combinations: Sequence[Combination]) -> int:
    return prod(len(set(column)) for column in zip(*combinations, strict=True))


def _is_short(combination: Combination) -> bool:
    texts = (each for each in combination if isinstance(each, str))
    return all(len(each) <= LONGEST for each in texts)


def _text(combination: Combination) -> str:
    """A combination as the mechanism knows it: one text for one combination."""
    plain = [str(each) if isinstance(each, date) else each for each in combination]
    return json.dumps(plain)


def _place(combination: Combination) -> list[tuple[bool, int | str]]:
    return [
        (each is None, "" if each is None else _order(each)) for each in combination
    ]


def _order(value: Value | None) -> int | str:
    """What values of one type sort by."""
    if isinstance(value, date):
        return value.toordinal()
    return value if isinstance(value, int | str) else ""
