"""The made population is what it says: seeded, mistaken in places, truth apart."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from tests.intake.test_link import VALID
from tre.demo.agencies import scores
from tre.demo.made_names import mistyped, national_insurance_numbers, nhs_numbers
from tre.demo.made_people import make_people
from tre.demo.made_population import Population, make_population


@pytest.fixture(scope="module")
def population() -> Population:
    """Some two thousand people."""
    return make_population(2_000, seed=7)


def _nhs_holds(number: str) -> bool:
    total = sum((10 - at) * int(digit) for at, digit in enumerate(number[:9]))
    return (11 - total % 11) % 11 == int(number[9])


def test_the_same_seed_makes_the_same_people(population: Population) -> None:
    """Size and seed decide every table; another seed makes other people."""
    again = make_population(2_000, seed=7)
    other = make_population(2_000, seed=8)
    for name, table in population.tables.items():
        assert table.equals(again.tables[name])
        assert not table.equals(other.tables[name])


def test_truth_is_kept_apart(population: Population) -> None:
    """Each row has a person, and no column tells which."""
    for agency in population.agencies.values():
        assert len(agency.truth) == agency.table.num_rows
        numbers = agency.truth.tolist()
        for name in agency.table.column_names:
            assert agency.table[name].to_pylist() != numbers


def test_numbers_could_have_been_issued() -> None:
    """NHS numbers carry their check digit; no number is somebody else's."""
    draw = np.random.default_rng(1)
    nhs = nhs_numbers(5_000, draw)
    assert _nhs_holds(VALID)
    assert all(map(_nhs_holds, nhs.tolist()))
    assert len(set(nhs.tolist())) == 5_000
    assert len(set(national_insurance_numbers(5_000, draw).tolist())) == 5_000


def test_some_households_have_twins() -> None:
    """Twins share birthday, surname and address, and have names of their own."""
    people = make_people(5_000, np.random.default_rng(1))
    homes = Counter(zip(people.household.tolist(), people.born.tolist(), strict=True))
    twins = [home for home, count in homes.items() if count > 1]
    assert 10 < len(twins) < 200


def test_typing_errors_change_one_letter_or_swap_two() -> None:
    """A chosen word keeps its length and all but two letters; others stay."""
    words = np.array(["albert", "bo", "c", ""] * 200)
    chosen = np.arange(800) % 8 < 4
    found = mistyped(words, chosen, np.random.default_rng(1))
    assert (found[~chosen] == words[~chosen]).all()
    assert (np.strings.str_len(found) == np.strings.str_len(words)).all()
    for one, other in zip(words.tolist(), found.tolist(), strict=True):
        assert sum(a != b for a, b in zip(one, other, strict=True)) <= 2
    assert (found != words).sum() > 100


def test_the_agencies_make_mistakes(population: Population) -> None:
    """Birthdays, postcodes and numbers are missing at times."""
    table = population.tables["earnings"]
    assert 0 < table["nino"].null_count < table.num_rows / 10
    assert 0 < table["postcode"].null_count < table.num_rows / 10


@pytest.mark.slow
def test_the_agencies_are_linked_well(population: Population) -> None:
    """Nearly all that are linked are rightly so, and nearly all are found."""
    for found in scores(population).values():
        assert found.precision > 0.98
        assert found.recall > 0.93
