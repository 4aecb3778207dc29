"""A control database on disk for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.control import world as worlds
from tests.control.world import World
from tests.postgres import Postgres, running


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server, for as long as tests run."""
    with running() as server:
        yield server


@pytest.fixture
def new(tmp_path: Path) -> Iterator[World]:
    """People only."""
    world = worlds.found(tmp_path / "control.db")
    yield world
    world.control.close()


@pytest.fixture
def populated(tmp_path: Path) -> Iterator[World]:
    """People, a population and a dataset."""
    world = worlds.populated(tmp_path / "control.db")
    yield world
    world.control.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """An active project."""
    world = worlds.activated(tmp_path / "control.db")
    yield world
    world.control.close()
