"""Fixtures of the intake tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.intake.support import Register, new_zones
from tre.intake import Zones


@pytest.fixture
def zones(tmp_path: Path) -> Zones:
    """The zones of a new environment."""
    return new_zones(tmp_path / "home")


@pytest.fixture
def register() -> Register:
    """A register with no version on record."""
    return Register()
