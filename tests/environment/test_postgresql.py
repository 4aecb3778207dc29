"""An environment whose control database is a PostgreSQL server is like any other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.errors import Invalid
from tests.environment.world import RESEARCHER, furnished
from tests.postgres import Postgres, running
from tre.environment import Environment

COUNT = "SELECT COUNT(*) AS n FROM people"


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    """A server for this module."""
    with running() as server:
        yield server


def test_the_main_job_on_postgresql(postgres: Postgres, tmp_path: Path) -> None:
    """Onboarded, approved, asked, repeated, reopened, verified; no file has its facts.

    Another home cannot be made on the same database.
    """
    address = postgres.new().render_as_string()
    home = tmp_path / "home"
    with furnished(home, tmp_path, control=address) as environment:
        first = environment.ask(
            COUNT, project="pathways", person=RESEARCHER, epsilon=0.5
        )
        left = environment.remaining("pathways")
    with Environment.open(home) as environment:
        again = environment.ask(
            COUNT, project="pathways", person=RESEARCHER, epsilon=0.5
        )
        assert again.id == first.id
        assert environment.remaining("pathways") == left
        assert environment.verify_audit().sound
    assert not (home / "control.sqlite").exists()
    with pytest.raises(Invalid, match="nothing in it"):
        Environment.create(tmp_path / "other", control=address)


@pytest.mark.parametrize(
    "address", ["postgresql://tre:secret@localhost/tre", "sqlite:///x", "nonsense"]
)
def test_an_address_that_will_not_do_makes_no_home(
    tmp_path: Path, address: str
) -> None:
    """Nothing is left of a home that was not made, and no password is said again."""
    with pytest.raises(Invalid) as problem:
        Environment.create(tmp_path / "home", control=address)
    assert "secret" not in str(problem.value)
    assert not (tmp_path / "home").exists()


def test_a_server_that_is_not_there_refuses(tmp_path: Path) -> None:
    """It says so in the environment's own words, and makes nothing."""
    nowhere = f"postgresql://tre@/tre?host={tmp_path}"
    with pytest.raises(Invalid, match="no such database answers"):
        Environment.create(tmp_path / "home", control=nowhere)
    assert not (tmp_path / "home").exists()
