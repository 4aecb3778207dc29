"""Decipher encodings of names without their key.

Whoever knows how common names are takes the most common encoding for the most common
name, and so on (as Niedermeyer, Steinmetzer, Kroll and Schnell 2014 begin; Christen,
Schnell, Vatsalan and Ranbaduge 2017). It works as far as equal names have equal
encodings. Whoever knows some of the people, too, can learn which bits go with which
name: encodings are made to be similar where names are, and stay personal data.
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.naive_bayes import BernoulliNB

from tre.attacks.score import Score, scored
from tre.intake.bloom import Encoder
from tre.manifest import Kind

SURNAMES: Final = tuple(
    f"{a}{b}"
    for a in ("Ash", "Brook", "Cliff", "Dale", "Elm")
    for b in ("by", "ton", "ley", "man", "son", "ford")
)
FORENAMES: Final = ("Ada", "Ben", "Cyd", "Dot", "Eli", "Fay", "Gus", "Hal", "Ivy", "Jo")


@dataclass(frozen=True, slots=True)
class Named:
    """People with names and days of birth who do not exist."""

    forenames: tuple[str, ...]
    surnames: tuple[str, ...]
    births: tuple[str, ...]


def made_names(size: int, *, seed: int) -> Named:
    """So many people; the k-th surname is 1/k as common as the first."""
    drawn = np.random.default_rng(seed)
    common = 1 / np.arange(1, len(SURNAMES) + 1)
    surnames = drawn.choice(SURNAMES, size, p=common / common.sum())
    days = np.datetime64("1940-01-01") + drawn.integers(0, 25_000, size)
    return Named(
        tuple(map(str, drawn.choice(FORENAMES, size))),
        tuple(map(str, surnames)),
        tuple(str(day).replace("-", "") for day in days),
    )


def surname_encodings(named: Named, encoder: Encoder) -> tuple[str, ...]:
    """What encoding surnames alone would give: equal where they are equal."""
    return tuple(encoder.encode([(Kind.SURNAME, each)]) for each in named.surnames)


def record_encodings(named: Named, encoder: Encoder) -> tuple[str, ...]:
    """What `tre encode` gives: one encoding of all identifiers together."""
    records = zip(named.forenames, named.surnames, named.births, strict=True)
    return tuple(
        encoder.encode(
            [(Kind.FORENAME, first), (Kind.SURNAME, last), (Kind.DATE_OF_BIRTH, born)]
        )
        for first, last, born in records
    )


def frequency(policy: str, encodings: Sequence[str], named: Named) -> Score:
    """Whose surname is told, where it is known how common each is.

    Chance is what always naming the most common one gets.
    """
    by_name = [name for name, _ in Counter(named.surnames).most_common()]
    by_encoding = [each for each, _ in Counter(encodings).most_common()]
    told = dict(zip(by_encoding, by_name, strict=False))
    pairs = zip(encodings, named.surnames, strict=True)
    hits = sum(told.get(each, by_name[0]) == name for each, name in pairs)
    return _scored("frequency of encodings", policy, hits, named.surnames)


def known_people(
    policy: str, encodings: Sequence[str], named: Named, *, known: int
) -> Score:
    """Whose surname is told of the others, where so many people are known."""
    bits = np.stack([_bits(each) for each in encodings])
    surnames = np.array(named.surnames)
    learned = BernoulliNB().fit(bits[:known], surnames[:known])
    told = learned.predict(bits[known:])
    others = named.surnames[known:]
    hits = int(np.sum(told == surnames[known:]))
    return _scored("encodings of people who are known", policy, hits, others)


def _scored(attack: str, policy: str, hits: int, surnames: Sequence[str]) -> Score:
    ((_, most),) = Counter(surnames).most_common(1)
    trials = len(surnames)
    return scored(attack, policy, hits=hits, trials=trials, chance=most / trials)


def _bits(encoding: str) -> NDArray[np.uint8]:
    return np.unpackbits(np.frombuffer(base64.b64decode(encoding), np.uint8))
