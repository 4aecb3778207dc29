"""Intake links FEBRL's made people as well as is promised."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.linkage.febrl import (
    DATASET_3,
    DATASET_4,
    documented,
    fetched,
    linked,
    quality,
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """FEBRL 3 and 4."""
    return fetched(tmp_path_factory.mktemp("febrl"))


def test_two_files_are_linked(folder: Path) -> None:
    """FEBRL 4, two files of 5,000 people: F1 of at least 0.995, and hardly an error."""
    found = linked(folder, DATASET_4)
    assert found.f1 >= 0.995
    assert found.precision >= 0.999
    told = documented("FEBRL 4")
    assert (found.precision, found.recall) == pytest.approx(told, abs=5e-4)


def test_duplicates_within_a_file_are_found(folder: Path) -> None:
    """FEBRL 3, up to five duplicates a person: pairwise F1 of at least 0.97."""
    found = linked(folder, DATASET_3)
    assert found.f1 >= 0.97
    assert found.precision >= 0.999
    told = documented("FEBRL 3")
    assert (found.precision, found.recall) == pytest.approx(told, abs=5e-4)


def test_weighing_finds_more_than_the_passes(folder: Path) -> None:
    """With a threshold of 1 only the passes decide, and fewer pairs are found."""
    passes = linked(folder, DATASET_4, threshold=1, review=1)
    assert linked(folder, DATASET_4).right > passes.right


def test_quality_counts_pairs() -> None:
    """Three of four records linked as one: of three pairs one is right."""
    found = quality([1, 1, 1, None], ["ann", "ann", "bob", "bob"])
    assert (found.found, found.right, found.possible) == (3, 1, 2)
