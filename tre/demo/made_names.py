"""Names and numbers of people who do not exist, in the frequencies of those who do."""

from __future__ import annotations

from itertools import product
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Words: TypeAlias = NDArray[np.str_]
Whole: TypeAlias = NDArray[np.int64]

ONSETS: Final = (
    *"bcdfghjklmnprstvw",
    *("br", "ch", "cl", "dr", "fr", "gr", "sh", "st", "th", "tr"),
)
VOWELS: Final = ["a", "e", "i", "o", "u", "ai", "ea", "ie", "oa"]
CODAS: Final = ["", "l", "n", "r", "s", "t", "ck", "ll", "ld", "rt", "th"]
ENDINGS: Final = {"f": ["a", "ie", "elle", "lyn"], "m": ["an", "o", "ert", "us"]}
SURNAME_ENDINGS: Final = ["", "son", "ton", "ley", "er", "s", "man", "field"]
STREET_ENDINGS: Final = ["street", "road", "lane", "close", "avenue"]

TEN: Final = 10
"""A check digit of ten cannot be written: such numbers are not issued."""

SWAPPED: Final = 0.5
"""The share of typing errors that change two letters round; the rest are one letter."""

NINO_FIRST: Final = "ABCEGHJKLMNOPRSTWXYZ"
NINO_SECOND: Final = "ABCEGHJKLMNPRSTWXYZ"


def _syllables() -> list[str]:
    return ["".join(part) for part in product(ONSETS, VOWELS, CODAS)]


def vocabulary(endings: list[str], size: int, draw: np.random.Generator) -> Words:
    """`size` different words that end so, in an order that `draw` decides."""
    stems = draw.permutation(np.array(_syllables()))
    words = [f"{stem}{ending}" for ending in endings for stem in stems]
    return np.unique(draw.permutation(np.array(words)))[
        draw.permutation(len(set(words)))[:size]
    ]


def zipf(words: Words, size: int, draw: np.random.Generator) -> Words:
    """Words drawn so that the n-th is chosen in proportion to 1/(n + 10)."""
    weights = 1 / (np.arange(len(words)) + 10)
    return words[draw.choice(len(words), size, p=weights / weights.sum())]


def nhs_numbers(size: int, draw: np.random.Generator) -> Words:
    """Different numbers whose check digit holds (weights 10 to 2, modulo 11)."""
    wanted = size + size // 4 + 100  # one in eleven has no check digit
    first = 400_000_000 + draw.permutation(max(wanted, 1_000) * 4)[:wanted]
    digits = first[:, None] // 10 ** np.arange(8, -1, -1) % 10
    check = (11 - digits @ np.arange(10, 1, -1) % 11) % 11
    kept = check < TEN
    return (first[kept] * 10 + check[kept])[:size].astype(np.str_)


def national_insurance_numbers(size: int, draw: np.random.Generator) -> Words:
    """Different numbers with a prefix and suffix that are issued."""
    prefixes = np.array(
        [a + b for a, b in product(NINO_FIRST, NINO_SECOND) if "O" not in (a, b)]
    )
    places = draw.permutation(max(size, 1_000))[:size]
    middle = np.strings.zfill((places % 1_000_000).astype(np.str_), 6)
    letters = np.array(list("ABCD"))[draw.integers(0, 4, size)]
    prefix = prefixes[(places // 1_000_000 * 97 + places) % len(prefixes)]
    return np.strings.add(np.strings.add(prefix, middle), letters)


def mistyped(
    words: Words, chosen: NDArray[np.bool_], draw: np.random.Generator
) -> Words:
    """The same words, with one letter of each that is `chosen` changed or swapped."""
    width = words.dtype.itemsize // 4
    rows = np.flatnonzero(chosen & (np.strings.str_len(words) > 1))
    if not len(rows) or not width:
        return words
    letters = (
        np.ascontiguousarray(words[rows]).view(np.uint32).reshape(-1, width).copy()
    )
    lengths = np.strings.str_len(words[rows])
    place = (draw.random(len(rows)) * (lengths - 1)).astype(np.int64)
    every = np.arange(len(rows))
    swap = draw.random(len(rows)) < SWAPPED
    here, there = letters[every, place], letters[every, place + 1]
    other = draw.integers(ord("a"), ord("z") + 1, len(rows), dtype=np.uint32)
    letters[every, place] = np.where(swap, there, other)
    letters[every, place + 1] = np.where(swap, here, there)
    found = words.copy()
    found[rows] = letters.view(words.dtype).reshape(-1)
    return found
