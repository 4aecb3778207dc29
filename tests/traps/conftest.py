"""The control plane's active project, for traps of accounting."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.control import world as worlds
from tests.control.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """An active project of two researchers."""
    world = worlds.activated(
        tmp_path / "control.db", researchers=[worlds.RESEARCHER, worlds.COLLEAGUE]
    )
    yield world
    world.control.close()
