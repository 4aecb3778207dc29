"""The test of accountability: duties apart, approvals of all, a log that stands."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Connection, delete, text, update

from privacy.errors import Refused
from tests.control import world as worlds
from tests.control.test_people import DEEDS, refusal
from tests.control.world import (
    ADMINISTRATOR,
    COMMITTEE,
    KEY,
    RESEARCHER,
    STEWARD,
    World,
    publication,
    table,
)
from tests.trust.conftest import Neighbours, ask
from tre.airlock.form import Filled
from tre.airlock.moves import submit, vote
from tre.airlock.submission import Context, Direction, Verdict
from tre.audit.checkpoint import latest_checkpoint
from tre.audit.verify import verify
from tre.control.tables import audit_head, audit_record
from tre.gateway.formats import as_parquet
from tre.governance.datasets import switch_versions
from tre.governance.people import add_person, change_roles
from tre.governance.project import Standing
from tre.governance.projects import approve_project
from tre.governance.roles import PERMITTED, Action, Role
from tre.handed import verify_handed


@pytest.mark.parametrize("role", Role)
def test_every_role_may_do_what_the_matrix_says(world: World, role: Role) -> None:
    """Role by action: what is not permitted is refused and leaves no trace."""
    with world.act(ADMINISTRATOR) as act:
        add_person(act, "someone", [role], controller="Elsewhere")
    for action in Action:
        if role not in PERMITTED[action]:
            assert refusal(world, "someone", DEEDS[action]) == "not_permitted", action


def test_nobody_approves_their_own_project(populated: World) -> None:
    """With every role there is, proposer and researcher are turned away."""
    worlds.propose(populated)
    with populated.act(ADMINISTRATOR) as act:
        change_roles(act, RESEARCHER, [Role.RESEARCHER, Role.COMMITTEE])
    with pytest.raises(Refused) as caught, populated.act(RESEARCHER) as act:
        approve_project(act, "pathways")
    assert caught.value.code == "separation_of_duties"


def test_a_project_takes_the_committee_and_every_controller(populated: World) -> None:
    """Two agencies' data: with one of three approvals lacking, nothing is asked."""
    with populated.act(ADMINISTRATOR) as act:
        add_person(act, "other", [Role.STEWARD], "Office of Others")
        tables = (table("earnings", "earnings", "pay"),)
        version = publication("earnings", controller="Office of Others", tables=tables)
        switch_versions(act, [version])
    worlds.propose(populated, datasets={"people": ["age"], "earnings": ["pay"]})
    for person in (STEWARD, "other", COMMITTEE):
        with pytest.raises(Refused) as caught:
            populated.reserve(1)
        assert caught.value.code == "project_not_active"
        with populated.act(person) as act:
            held = approve_project(act, "pathways")
    assert held.standing is Standing.ACTIVE
    populated.reserve(1)


def test_nobody_checks_their_own_output(world: World) -> None:
    """Who is in the project gives no verdict, whatever other role they have."""
    filled = Filled(Direction.OUT, Context("A title", "What", "Why", "Whom"), (), {})
    with world.act(RESEARCHER) as act:
        made = submit(act, "pathways", filled, ())
    with world.act(ADMINISTRATOR) as act:
        change_roles(act, RESEARCHER, [Role.RESEARCHER, Role.OUTPUT_CHECKER])
    with pytest.raises(Refused) as caught, world.act(RESEARCHER) as act:
        vote(act, made.id, Verdict.APPROVE, "Mine.", KEY)
    assert caught.value.code == "separation_of_duties"


def _flip(connection: Connection) -> None:
    connection.execute(
        update(audit_record)
        .where(audit_record.c.position == 5)
        .values(actor="somebody-else")
    )


def _drop(connection: Connection) -> None:
    connection.execute(delete(audit_record).where(audit_record.c.position == 5))


def _reorder(connection: Connection) -> None:
    for old, new in ((5, -1), (6, 5), (-1, 6)):
        connection.execute(
            update(audit_record)
            .where(audit_record.c.position == old)
            .values(position=new)
        )


def _truncate(connection: Connection) -> None:
    last = "(SELECT max(position) FROM audit_record)"
    connection.execute(text(f"DELETE FROM audit_record WHERE position = {last}"))
    connection.execute(
        delete(audit_head).where(
            audit_head.c.size == text("(SELECT max(size) FROM audit_head)")
        )
    )


@pytest.mark.parametrize("tampered", [_flip, _drop, _reorder, _truncate])
def test_a_changed_log_does_not_verify_and_the_place_is_named(
    world: World, tampered: Callable[[Connection], None]
) -> None:
    """Flipped, dropped, reordered or cut off under a kept head: it shows and where."""
    with world.control.reading() as connection:
        kept = latest_checkpoint(connection)
        assert verify(connection, KEY.public_key(), kept).sound
    with world.control.writing() as connection:
        tampered(connection)
    with world.control.reading() as connection:
        found = verify(connection, KEY.public_key(), kept)
    assert not found.sound
    assert found.problem
    if tampered is not _truncate:
        assert found.position == 5


def test_a_receipt_is_checked_by_whoever_has_it(neighbours: Neighbours, tmp_path):
    """Signed, in the log, and verified without the environment."""
    environment = neighbours.present
    release = ask(environment, "SELECT COUNT(*) AS n FROM people", rho=0.0015)
    file = tmp_path / "release.parquet"
    file.write_bytes(as_parquet(release))
    key = environment.log.verifier_key()
    assert verify_handed(file, key)["release"] == release.id
