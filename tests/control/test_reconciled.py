"""A table that says otherwise than the log is found, and what differs is named."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import Connection, text

from privacy.policy import GATEWAY
from tests.control import world as worlds
from tests.control.world import (
    ADMINISTRATOR,
    COLLEAGUE,
    COMMITTEE,
    KEY,
    NOW,
    RESEARCHER,
    STEWARD,
    World,
    application,
    publication,
)
from tre.audit.told import Discrepancy
from tre.governance.application import read_application
from tre.governance.conditions import Conditions, set_conditions
from tre.governance.confinement import accept_layer
from tre.governance.datasets import switch_versions, withdraw_dataset
from tre.governance.organisations import add_organisation, affiliate
from tre.governance.people import change_roles, disable_person
from tre.governance.policies import set_policy
from tre.governance.populations import Grant, agree_next_period
from tre.governance.projects import (
    amend_project,
    approve_project,
    close_project,
    propose_project,
    resume_project,
    suspend_project,
    withdraw_approval,
)
from tre.governance.reconcile import reconcile as reconcile_governance
from tre.governance.roles import Role
from tre.governance.tokens import issue_token, revoke_token
from tre.identity.accounts import invite
from tre.identity.providers import Provider, link, set_provider
from tre.identity.reconcile import reconcile as reconcile_identity
from tre.identity.sessions import open_session
from tre.ledger.reconcile import reconcile as reconcile_ledger
from tre.ledger.settle import settle_failed
from tre.releases import Content, publish
from tre.releases import reconcile as reconcile_releases

SEALING = bytes(32)
LATER = NOW + timedelta(days=900)
"""After the period of the population's first budget."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A control database in which every table has something."""
    world = worlds.activated(tmp_path_factory.mktemp("reconciled") / "control.db")
    published = world.reserve(7, "SELECT 1", idempotency_key="first")
    publish(world.control, published, {}, Content("text/csv", b"n\n12\n"), NOW)
    settle_failed(world.control, world.reserve(7, "SELECT 2"), NOW)
    world.reserve(7, "SELECT 3")
    _people(world)
    _projects(world)
    with world.act(STEWARD, LATER) as act:
        agree_next_period(act, "residents", Grant(worlds.zcdp(5), date(2030, 1, 1)))
    yield world
    world.control.close()


def _people(world: World) -> None:
    end = NOW + timedelta(days=1)
    with world.act(COMMITTEE) as act:
        set_policy(act, replace(GATEWAY, version=3), "A first policy.")
        set_policy(act, replace(GATEWAY, version=4), "A second.")
    with world.act(ADMINISTRATOR) as act:
        issue_token(act, RESEARCHER, end)
        revoke_token(act, issue_token(act, RESEARCHER, end).id)
        accept_layer(act, "landlock", "An old kernel.")
        provider = Provider("https://id.example.org", "tre", "tre", by_email=False)
        set_provider(act, provider, SEALING)
        link(act, "subject", RESEARCHER)
        invite(act, RESEARCHER, SEALING)
        add_organisation(act, "University of Examples")
        affiliate(act, COLLEAGUE, "University of Examples")
        add_organisation(act, "Elsewhere")
        change_roles(act, COLLEAGUE, [Role.RESEARCHER, Role.AUDITOR])
    with world.act(COLLEAGUE) as act:
        issue_token(act, COLLEAGUE, end)
        open_session(act)
    with world.act(ADMINISTRATOR) as act:
        disable_person(act, COLLEAGUE)
    with world.act(STEWARD) as act:
        switch_versions(act, [publication(number=2), publication("visits")])
        withdraw_dataset(act, "visits")


def _projects(world: World) -> None:
    with world.act(COMMITTEE) as act:
        withdraw_approval(act, "pathways")
        approve_project(act, "pathways")
        resume_project(act, "pathways")
    second = read_application(application(name="second"))
    with world.act(RESEARCHER) as act:
        propose_project(act, second)
    with world.act(STEWARD) as act:
        approve_project(act, "second")
    with world.act(RESEARCHER) as act:
        amend_project(act, second)
    worlds.approve(world, "second")
    _amend(world)
    with world.act(COMMITTEE) as act:
        suspend_project(act, "second", "A pause.")
        close_project(act, "second", "Nothing came of it.")


def _amend(world: World) -> None:
    """Change the terms of one project, twice over; ask for a change of the other."""
    wider = {"datasets": {"people": ["age", "pay"]}, "until": date(2027, 6, 30)}
    for changes in ({"lay_summary": "In other words."}, wider):
        changed = read_application(application(name="second", **changes))
        with world.act(RESEARCHER) as act:
            amend_project(act, changed)
        for person in (STEWARD, COMMITTEE) if "datasets" in changes else (COMMITTEE,):
            with world.act(person) as act:
                approve_project(act, "second")
    with world.act(RESEARCHER) as act:
        amend_project(act, read_application(application(**wider)))
    with world.act(STEWARD) as act:
        approve_project(act, "pathways")
        set_conditions(act, "people", Conditions(purposes=("research",)))


def found(connection: Connection) -> list[Discrepancy]:
    """Everything that differs."""
    return [
        *reconcile_ledger(connection),
        *reconcile_governance(connection),
        *reconcile_identity(connection),
        *reconcile_releases(connection, KEY.public_key()),
    ]


def test_what_acts_have_done_is_as_the_log_has_it(world: World) -> None:
    """Approvals taken back and given again, amendments, ends: all of it."""
    with world.control.reading() as connection:
        assert found(connection) == []


CHANGES = {
    "an approval added": (
        f"INSERT INTO approval SELECT project, '{ADMINISTRATOR}', digest, capacity,"
        " controller, approved_at FROM approval WHERE project = 'pathways'"
        " AND capacity = 'steward'",
        "the approvals of project pathways",
    ),
    "an approval's person": (
        "UPDATE approval SET person = 'administrator' WHERE capacity = 'committee'"
        " AND project = 'pathways'",
        "the approvals of project pathways",
    ),
    "approvals dropped": ("DELETE FROM approval", "the approvals of project second"),
    "a closed project opened": (
        "UPDATE project SET state = 'active' WHERE name = 'second'",
        "the state of project second",
    ),
    "a project's end": (
        "UPDATE project SET until = '2099-01-01'",
        "the until of project pathways",
    ),
    "an application": (
        "UPDATE project SET application = replace(application, 'raise', 'lower')",
        "the application of project pathways",
    ),
    "a proposer": (
        f"UPDATE project SET proposer = '{COMMITTEE}'",
        "the proposer of project pathways",
    ),
    "an outcome": (
        "UPDATE project SET outcome = 'A success.' WHERE name = 'second'",
        "the outcome of project second",
    ),
    "a researcher": (
        f"INSERT INTO project_researcher VALUES ('pathways', '{COLLEAGUE}')",
        "the researchers of project pathways",
    ),
    "a column": (
        """UPDATE project_table SET columns = '["age","pay"]'""",
        "the tables of project pathways",
    ),
    "a project made up": (
        "INSERT INTO project SELECT 'other', population, application, digest, proposer,"
        " 'active', until, proposed_at, outcome, route FROM project"
        " WHERE name = 'pathways'",
        "the state of project other",
    ),
    "a project dropped": (
        "DELETE FROM project WHERE name = 'second'",
        "the state of project second",
    ),
    "a route": (
        "UPDATE project SET route = 'heightened'",
        "the route of project second",
    ),
    "an amendment": (
        "UPDATE amendment SET application = replace(application, 'pay', 'age')",
        "the amendment of project pathways",
    ),
    "an amendment dropped": (
        "DELETE FROM amendment",
        "the amendment of project pathways",
    ),
    "a qualification": (
        "UPDATE qualification SET until = '2199-01-01'",
        "the training of researcher",
    ),
    "a qualification made up": (
        "INSERT INTO qualification"
        f" VALUES ('{STEWARD}', 'training', '2099-01-01', 'x')",
        f"the training of {STEWARD}",
    ),
    "an organisation": (
        "UPDATE affiliation SET organisation = 'Elsewhere'",
        "the organisation of colleague",
    ),
    "conditions": ("DELETE FROM dataset_condition", "the conditions on the dataset"),
    "a revoked token": (
        "UPDATE token SET revoked_at = NULL WHERE revoked_at IS NOT NULL",
        "the end of token",
    ),
    "a token's time": (
        "UPDATE token SET expires_at = '2099-01-01T00:00:00.000000Z'",
        "the time of token",
    ),
    "a token's uses": ("UPDATE token SET scopes = 'account'", "the uses of token"),
    "a token's holder": (
        f"UPDATE token SET person = '{ADMINISTRATOR}'",
        "the holder of token",
    ),
    "a token's secret": (
        f"UPDATE token SET digest = '{'0' * 64}'",
        "the secret of token",
    ),
    "a token made up": (
        "INSERT INTO token SELECT 'made-up', person, digest, issued_at, expires_at,"
        " NULL, scopes FROM token LIMIT 1",
        "the secret of token made-up",
    ),
    "a policy not set": (
        "DELETE FROM disclosure_policy WHERE number = 2",
        "disclosure policy, number 2",
    ),
    "a weaker policy": (
        "UPDATE disclosure_policy SET body = replace(body, '99/100', '95/100')",
        "disclosure policy, number 1",
    ),
    "a layer not accepted": ("DELETE FROM accepted_layer", "without landlock"),
    "a layer made up": (
        "INSERT INTO accepted_layer SELECT 'seccomp', person, reason, accepted_at"
        " FROM accepted_layer",
        "without seccomp",
    ),
    "who accepted a layer": (
        f"UPDATE accepted_layer SET person = '{STEWARD}'",
        "without landlock",
    ),
    "terms of a next budget": (
        "UPDATE period_agreement SET terms = replace(terms, '5000', '6000')",
        "agreed to for residents, period 2",
    ),
    "an agreement made up": (
        "INSERT INTO period_agreement SELECT population, period + 1, controller,"
        " person, terms, agreed_at FROM period_agreement",
        "agreed to for residents, period 3",
    ),
    "a frozen account opened": (
        "UPDATE account SET state = 'open' WHERE name = 'visits'",
        "what the dataset visits, period 1, may spend",
    ),
    "a closed period opened": (
        "UPDATE account SET state = 'open' WHERE period = 1 AND kind = 'population'",
        "what the population residents, period 1, may spend",
    ),
    "an account's end": (
        "UPDATE account SET until = '2099-01-01' WHERE kind = 'project'",
        "what the project pathways, period 1, may spend",
    ),
    "an account's measure": (
        "UPDATE account SET measure = 'pure' WHERE kind = 'project'",
        "what the project pathways, period 1, may spend",
    ),
    "an account made up": (
        "INSERT INTO account SELECT 99, kind, name, period + 7, population, measure,"
        " epsilon, delta, total_nano, 0, threshold_total_atto, 0, conversion_atto,"
        " until, state, opened_at FROM account WHERE name = 'pathways'",
        "what the project pathways, period 8, may spend",
    ),
    "a dataset's controller": (
        "UPDATE dataset SET controller = 'Elsewhere'",
        "whose the dataset people is",
    ),
    "a label": (
        "UPDATE dataset_version SET label = '3'",
        "the label of version people/1",
    ),
    "a description": (
        "UPDATE dataset_version SET descriptor = '{}'",
        "the description of version people/1",
    ),
    "a withdrawn version": (
        "UPDATE dataset_version SET state = 'current' WHERE dataset = 'visits'",
        "the state of version visits/1",
    ),
    "a disabled person": (
        f"UPDATE person SET active = 1 WHERE id = '{COLLEAGUE}'",
        f"the person {COLLEAGUE}",
    ),
    "an invitation": (
        "UPDATE local_account SET invitation = 'another'",
        "the invitation of researcher",
    ),
    "a password": (
        "UPDATE local_account SET password = 'another'",
        "the password of researcher",
    ),
    "an account to sign in with": (
        f"INSERT INTO local_account (person, password, factor)"
        f" VALUES ('{ADMINISTRATOR}', 'x', 'y')",
        f"the password of {ADMINISTRATOR}",
    ),
    "a session made up": (
        "INSERT INTO session SELECT 'made-up', person, opened_at, seen_at, ends_at"
        " FROM session",
        "the session made-up",
    ),
    "a session's person": (
        f"UPDATE session SET person = '{ADMINISTRATOR}'",
        "the session",
    ),
    "a provider": (
        "UPDATE identity_provider SET issuer = 'https://other.example.org'",
        "the provider that people sign in with",
    ),
    "a subject": (
        f"UPDATE external_identity SET person = '{ADMINISTRATOR}'",
        "who subject of https://id.example.org is",
    ),
    "a released table": (
        "UPDATE release SET content = CAST('n' AS BLOB)",
        "is not the one that was signed",
    ),
    "a receipt": (
        "UPDATE release SET receipt = replace(receipt, 'pathways', 'byways')",
        "is not the one that was signed",
    ),
    "a media type": (
        "UPDATE release SET media_type = 'text/plain'",
        "is not the one the log has",
    ),
    "a release dropped": ("DELETE FROM release", "is in the log, and nowhere else"),
    "a release made up": (
        "INSERT INTO release SELECT question.id, receipt, media_type, content"
        " FROM release, question WHERE state = 'failed'",
        "is not in the log",
    ),
}


@pytest.mark.parametrize(("change", "named"), CHANGES.values(), ids=CHANGES)
def test_what_was_changed_behind_the_logs_back_is_named(
    world: World, change: str, named: str
) -> None:
    """An edited, added or dropped row of any table that is acted on."""
    with world.control.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        assert connection.execute(text(change)).rowcount > 0
        told = [f"{each.what} {each.problem}" for each in found(connection)]
        connection.rollback()
        connection.exec_driver_sql("PRAGMA foreign_keys = ON")
    assert any(named in each for each in told), told


LATER_FIELDS = {
    "tables_sha256": "what is public of version people/1",
    "cap": "what the dataset people, period 1, may spend",
    "scopes": "the uses of token",
    "digest": "the secret of token",
    "controller": "whose the dataset people is",
    "label": "the label of version people/1",
}


@pytest.mark.parametrize(("field", "named"), LATER_FIELDS.items())
def test_what_an_older_record_does_not_say_is_told_as_such(
    world: World, field: str, named: str
) -> None:
    """Records without a field that later ones have prove nothing of it, in words."""
    kinds = ("dataset.published", "token.issued")
    with world.control.engine.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        rows = text(f"SELECT position, detail FROM audit_record WHERE kind IN {kinds}")
        for row in connection.execute(rows).all():
            older = json.loads(row.detail)
            older.pop(field, None)
            connection.execute(
                text("UPDATE audit_record SET detail = :older WHERE position = :at"),
                {"older": json.dumps(older), "at": row.position},
            )
        told = found(connection)
        connection.rollback()
    assert all(each.unsaid for each in told), told
    assert any(named in each.what for each in told), told
