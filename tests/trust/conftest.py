"""Two environments that differ by one person, and a control plane with people in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tests.control.conftest import populated, world
from tests.environment.world import CANARY, RESEARCHER, STEWARD, furnished, rows
from tests.environment.world import write_source as write
from tre.audit.record import Record
from tre.environment import Environment

__all__ = ["populated", "world"]  # fixtures of the control plane, here too

PRESENT = 7
"""Who is in one of the two environments: the row of this number, and nobody else's."""


@dataclass(frozen=True)
class Neighbours:
    """The same acts on databases with and without one person's row."""

    present: Environment
    absent: Environment
    sources: Path
    begun: tuple[tuple[Record, ...], ...]
    """What the logs of the two told when they had been made, asked once each."""

    def __iter__(self) -> Iterator[Environment]:
        """Both, the one with the person first."""
        return iter((self.present, self.absent))

    def objections(self) -> Path:
        """A file in which that person objects."""
        file = self.sources / "objections.csv"
        file.write_text(f"local-id\n{CANARY}-{PRESENT}\n", encoding="utf-8")
        return file


def ask(environment: Environment, sql: str, **said: Any):
    """A question of the researcher's."""
    spending = said or {"rho": 0.001}
    return environment.ask(sql, project="pathways", person=RESEARCHER, **spending)


def without(table: pa.Table) -> pa.Table:
    """The rows of everybody else."""
    other = pc.not_equal(table["local"], f"{CANARY}-{PRESENT}")
    return table.filter(other)


@pytest.fixture(scope="session")
def neighbours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neighbours]:
    """Asked and refused alike; tests leave them able to ask."""
    folder = tmp_path_factory.mktemp("trust")
    made = []
    for name, table in (("present", rows()), ("absent", without(rows()))):
        (folder / name).mkdir()
        environment = furnished(folder / name / "home", folder / name)
        environment.onboard(write(folder / name, table), person=STEWARD)
        ask(environment, "SELECT region, COUNT(*) AS n FROM people GROUP BY region")
        made.append(environment)
    present, absent = made
    begun = tuple(environment._told() for environment in made)
    yield Neighbours(present, absent, folder, begun)
    for environment in made:
        environment.close()


@pytest.fixture
def environment(neighbours: Neighbours) -> Environment:
    """One of the two."""
    return neighbours.present
