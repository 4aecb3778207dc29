"""What is restored is what was backed up, and what came after is missed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import create_engine, select

from connectors.errors import Invalid
from privacy.accounting import Loss
from privacy.errors import Refused
from tests.environment.world import (
    COMMITTEE,
    RESEARCHER,
    STEWARD,
    furnished,
    project,
)
from tests.postgres import running
from tre.audit.outside import Forked
from tre.backup import restore
from tre.control.engines import read_address
from tre.control.tables import metadata
from tre.environment import Environment
from tre.environment.acting import OPERATOR
from tre.release import Release

PASSPHRASE = "four words put together"
COUNT = "SELECT COUNT(*) AS n FROM people"


@dataclass(frozen=True)
class Before:
    """A home on a server, its backup, and what was asked before and after it."""

    home: Path
    backup: Path
    asked: Release
    lost: int
    left: Loss
    """What the project had left when it was backed up."""


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Before]:
    """Backed up between two questions, the second of which was published outside."""
    folder = tmp_path_factory.mktemp("restored")
    outside = folder / "outside"
    outside.mkdir()
    with running() as server:
        address = server.new().render_as_string()
        with furnished(folder / "home", folder, control=address) as environment:
            environment.publish_heads_to(str(outside))
            asked = ask(environment)
            left = environment.remaining("pathways")
            environment.back_up(folder / "backup", PASSPHRASE, person=None)
            size = environment.log.note().size
            ask(environment, fresh=True)
            note = environment.log.publish()
            assert note is not None
        lost = note.size - size
        yield Before(folder / "home", folder / "backup", asked, lost, left)


def address_of(home: Path) -> str:
    """Where a home's control database is."""
    return (home / "control.url").read_text().strip()


def ask(environment: Environment, *, fresh: bool = False) -> Release:
    """The researcher's question."""
    return environment.ask(
        COUNT, project="pathways", person=RESEARCHER, rho=1e-3, fresh=fresh
    )


@pytest.fixture(params=["file", "another server"])
def control(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """Where the control database is restored to."""
    if request.param == "file":
        yield None
        return
    with running() as server:
        yield server.new().render_as_string()


def test_a_backup_of_a_server_is_restored_to_another_or_to_a_file(
    before: Before, control: str | None, tmp_path: Path
) -> None:
    """Every row is there; the charge after it is missed, in words and in the log.

    Nobody asks on until the committee resumes; then new projects can be opened too.
    """
    home = tmp_path / "home"
    restored = restore(before.backup, home, PASSPHRASE, OPERATOR, control)
    assert (restored.suspended, restored.lost) == (("pathways",), before.lost)
    assert (home / "control.sqlite").exists() == (control is None)
    with Environment.open(home) as environment:
        assert environment.remaining("pathways") == before.left
        found = environment.verify_audit()
        assert found.problem == "the records are not those of the checkpoint"
        assert environment.verify_audit(environment.checkpoint()).sound
        with pytest.raises(Forked):
            environment.log.publish()
        with pytest.raises(Refused) as refused:
            ask(environment)
        assert refused.value.code == "project_not_active"
        environment.resume("pathways", person=COMMITTEE)
        again = ask(environment)
        assert (again.charged, again.id) == (False, before.asked.id)
        assert ask(environment, fresh=True).charged
        environment.propose(project(name="second"), person=RESEARCHER)
        environment.approve("second", person=COMMITTEE)
        environment.approve("second", person=STEWARD)
        assert environment.verify_audit(environment.checkpoint()).sound


def test_every_row_is_restored(before: Before, tmp_path: Path) -> None:
    """Of every table, as it was on the server, but for what restoring records."""
    home = tmp_path / "home"
    restore(before.backup, home, PASSPHRASE, OPERATOR)
    stored = create_engine(f"sqlite:///{home / 'control.sqlite'}")
    served = create_engine(read_address(address_of(before.home)))
    later = {"audit_record", "audit_node", "audit_head", "audit_tree", "project"}
    later |= {"account", "question", "charge", "release"}  # asked after the backup
    with stored.connect() as ours, served.connect() as theirs:
        for table in metadata.sorted_tables:
            rows = set(map(repr, theirs.execute(select(table))))
            found = set(map(repr, ours.execute(select(table))))
            if table.name not in later:
                assert found == rows, table.name
        release = select(metadata.tables["release"])
        assert set(ours.execute(release)) < set(theirs.execute(release))
    stored.dispose()
    served.dispose()


def test_a_server_with_something_in_it_is_not_restored_to(
    before: Before, tmp_path: Path
) -> None:
    """Nothing is overwritten, and nothing is left."""
    address = address_of(before.home)
    with pytest.raises(Invalid, match="nothing in it"):
        restore(before.backup, tmp_path / "home", PASSPHRASE, OPERATOR, address)
    assert list(tmp_path.iterdir()) == []
