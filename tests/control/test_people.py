from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from privacy.errors import Refused
from privacy.policy import GATEWAY
from tests.control.world import (
    ADMINISTRATOR,
    COMMITTEE,
    NOW,
    RESEARCHER,
    STEWARD,
    World,
    application,
    publication,
    zcdp,
)
from tre.airlock.form import Filled
from tre.airlock.moves import submit
from tre.airlock.submission import Context, Direction
from tre.audit.act import Act
from tre.governance.application import read_application
from tre.governance.conditions import lift_conditions
from tre.governance.confinement import accept_layer
from tre.governance.datasets import check_steward, switch_versions, withdraw_dataset
from tre.governance.incidents import record_incident
from tre.governance.organisations import (
    add_organisation,
    affiliate,
    organisation_of,
)
from tre.governance.people import (
    Background,
    add_person,
    change_roles,
    disable_person,
    found_environment,
)
from tre.governance.pins import pin_version
from tre.governance.policies import set_policy
from tre.governance.populations import Grant, agree_next_period, create_population
from tre.governance.projects import (
    amend_project,
    approve_project,
    close_project,
    propose_project,
    resume_project,
    suspend_project,
    withdraw_approval,
)
from tre.governance.qualifications import (
    VOUCHED,
    Kind,
    Qualified,
    disqualify_person,
    qualified_until,
    qualify_person,
)
from tre.governance.replacing import Reason, replace_versions
from tre.governance.roles import PERMITTED, Action, Role, find_person, permitted
from tre.governance.tokens import authenticate, issue_token, revoke_token
from tre.identity.accounts import invite
from tre.identity.providers import remove_provider

GRANT = Grant(zcdp(1), date(2028, 1, 1))
NOTHING = Filled(Direction.OUT, Context("Title", "What", "Why", "Whom"), (), {})
DEEDS: dict[Action, Callable[[Act], object]] = {
    Action.ADD_PERSON: lambda act: add_person(act, "new", [Role.AUDITOR]),
    Action.CHANGE_ROLES: lambda act: change_roles(act, COMMITTEE, [Role.AUDITOR]),
    Action.DISABLE_PERSON: lambda act: disable_person(act, COMMITTEE),
    Action.ISSUE_TOKEN: lambda act: issue_token(act, act.actor, NOW + timedelta(1)),
    Action.REVOKE_TOKEN: lambda act: revoke_token(
        act, issue_token(act, act.actor, NOW + timedelta(1)).id
    ),
    Action.ADD_ORGANISATION: lambda act: add_organisation(act, "University"),
    Action.AFFILIATE_PERSON: lambda act: affiliate(act, COMMITTEE, "University"),
    Action.QUALIFY_PERSON: lambda act: disqualify_person(
        act, RESEARCHER, Kind.TRAINING, "It was another's."
    ),
    Action.SET_CONDITIONS: lambda act: lift_conditions(act, "people"),
    Action.INVITE_PERSON: lambda act: invite(act, COMMITTEE, bytes(32)),
    Action.SET_PROVIDER: lambda act: remove_provider(act),
    Action.BACK_UP: lambda act: permitted(act, Action.BACK_UP),
    Action.SET_HEADS_PLACE: lambda act: permitted(act, Action.SET_HEADS_PLACE),
    Action.CREATE_POPULATION: lambda act: create_population(act, "others", GRANT),
    Action.AGREE_PERIOD: lambda act: agree_next_period(act, "residents", GRANT),
    Action.PUBLISH_DATASET: lambda act: switch_versions(act, [publication(number=2)]),
    Action.READ_INBOX: lambda act: check_steward(
        act.connection, act.actor, "Elsewhere"
    ),
    Action.WITHDRAW_DATASET: lambda act: withdraw_dataset(act, "people"),
    Action.PROPOSE_PROJECT: lambda act: propose_project(
        act, read_application(application(name="another"))
    ),
    Action.AMEND_PROJECT: lambda act: amend_project(
        act, read_application(application())
    ),
    Action.APPROVE_PROJECT: lambda act: approve_project(act, "pathways"),
    Action.OBJECT: lambda act: replace_versions(act, [], Reason.OBJECTION),
    Action.WITHDRAW_APPROVAL: lambda act: withdraw_approval(act, "pathways"),
    Action.SUSPEND_PROJECT: lambda act: suspend_project(act, "pathways", "Why not."),
    Action.RESUME_PROJECT: lambda act: resume_project(act, "pathways"),
    Action.CLOSE_PROJECT: lambda act: close_project(act, "pathways", "Done."),
    Action.PIN_VERSION: lambda act: pin_version(act, "pathways", "people", "2026"),
    Action.RECORD_INCIDENT: lambda act: record_incident(act, "A drill."),
    Action.SET_POLICY: lambda act: set_policy(act, replace(GATEWAY, version=9), "So."),
    Action.CARRY: lambda act: submit(act, "pathways", NOTHING, ()),
    Action.CHECK_OUTPUT: lambda act: permitted(act, Action.CHECK_OUTPUT),
    Action.CHECK_INPUT: lambda act: permitted(act, Action.CHECK_INPUT),
    Action.KEEP_KEYS: lambda act: permitted(act, Action.KEEP_KEYS),
    Action.REVIEW_LINKS: lambda act: permitted(act, Action.REVIEW_LINKS),
    Action.RELINK: lambda act: replace_versions(act, [], Reason.LINKAGE),
    Action.ACCEPT_LAYER: lambda act: accept_layer(act, "landlock", "No kernel."),
}


def refusal(world: World, actor: str, deed: Callable[[Act], object]) -> str:
    """The code with which a deed is refused; empty where it is done."""
    try:
        with world.act(actor) as act:
            deed(act)
    except Refused as refused:
        return refused.code
    return ""


@pytest.mark.parametrize("role", Role)
def test_roles_permit_what_the_matrix_says(world: World, role: Role) -> None:
    """A role may attempt the actions the matrix gives it, and is refused all others."""
    with world.act(ADMINISTRATOR) as act:
        add_person(act, "someone", [role], controller="Elsewhere")
    with world.control.reading() as connection:
        someone = find_person(connection, "someone")
    assert someone is not None
    for action in Action:
        allowed = role in PERMITTED[action]
        assert someone.may(action) == allowed
        if not allowed:
            assert refusal(world, "someone", DEEDS[action]) == "not_permitted"


def test_every_action_has_roles_and_a_deed() -> None:
    """Nothing that can be done is left out of the matrix, or of this test."""
    assert set(PERMITTED) == set(Action) == set(DEEDS)
    assert all(PERMITTED.values())


def test_strangers_may_do_nothing(world: World) -> None:
    """Somebody unknown, or disabled, is refused every action."""
    with world.act(ADMINISTRATOR) as act:
        every = [role for role in Role if role is not Role.LINKER]  # goes with few
        add_person(act, "former", every, "Department of Examples")
        disable_person(act, "former")
    for actor in ("stranger", "former", "\ud800"):
        for deed in DEEDS.values():
            assert refusal(world, actor, deed) == "not_permitted"


def test_an_environment_is_founded_once(new: World) -> None:
    """There is one first administrator."""
    assert refusal(new, "usurper", found_environment) == "not_permitted"


@pytest.mark.parametrize(
    ("person", "roles", "controller"),
    [
        ("", [Role.AUDITOR], None),
        ("two words", [Role.AUDITOR], None),
        ("new\nline", [Role.AUDITOR], None),
        ("a" * 255, [Role.AUDITOR], None),
        ("environment", [Role.AUDITOR], None),
        ("unknown", [Role.AUDITOR], None),
        ("nobody", [], None),
        ("steward-of-nothing", [Role.STEWARD], None),
        ("steward-of-blank", [Role.STEWARD], "  "),
        ("steward-of-garble", [Role.STEWARD], "\ud800"),
    ],
)
def test_a_person_has_a_plain_id_and_a_role(
    new: World, person: str, roles: list[Role], controller: str | None
) -> None:
    """An id that cannot be shown or is the log's own, or no role, is refused."""
    deed = lambda act: add_person(act, person, roles, controller)
    assert refusal(new, ADMINISTRATOR, deed) == "invalid_person"


def test_people_are_found_as_they_were_added(new: World) -> None:
    """A person has the roles they were given, and the controller they act for."""
    with new.control.reading() as connection:
        steward = find_person(connection, STEWARD)
        assert find_person(connection, "nobody") is None
    assert steward is not None
    assert steward.roles == {Role.STEWARD}
    assert steward.controller == "Department of Examples"
    again = lambda act: add_person(act, STEWARD, [Role.AUDITOR])
    assert refusal(new, ADMINISTRATOR, again) == "person_exists"


def test_nobody_changes_their_own_roles(new: World) -> None:
    """An administrator gives others roles, and never themselves."""
    with new.act(ADMINISTRATOR) as act:
        assert change_roles(act, COMMITTEE, [Role.ADMINISTRATOR]).roles
    own = lambda act: change_roles(act, act.actor, list(Role))
    assert refusal(new, COMMITTEE, own) == "separation_of_duties"
    unknown = lambda act: change_roles(act, "nobody", [Role.AUDITOR])
    assert refusal(new, ADMINISTRATOR, unknown) == "unknown_person"


def test_the_last_administrator_stays(new: World) -> None:
    """An environment is never without somebody to run it."""
    last = lambda act: disable_person(act, ADMINISTRATOR)
    assert refusal(new, ADMINISTRATOR, last) == "not_permitted"


def test_a_token_says_who_somebody_is(new: World) -> None:
    """The secret opens until it expires; it is kept nowhere and shown once."""
    with new.act(RESEARCHER) as act:
        token = issue_token(act, RESEARCHER, NOW + timedelta(hours=1))
    with new.control.reading() as connection:
        assert authenticate(connection, token.secret, NOW)[0].id == RESEARCHER
        for wrong in (
            "",
            "tre",
            "tre_x_y",
            token.secret[:-1],
            token.secret + "a",
            f"tre_{token.id}_",
            "tre_\ud800_\ud800",
            "a_b_c",
        ):
            with pytest.raises(Refused) as caught:
                authenticate(connection, wrong, NOW)
            assert caught.value.code == "not_authenticated"
        with pytest.raises(Refused):
            authenticate(connection, token.secret, NOW + timedelta(hours=1))
    assert token.secret not in repr(token)
    random = token.secret.split("_", 2)[2].encode()
    folder = Path(str(new.control.engine.url.database)).parent
    assert all(random not in path.read_bytes() for path in folder.iterdir())


def test_a_revoked_token_opens_nothing(new: World) -> None:
    """A token ends when its holder or an administrator says so, or with its holder."""
    with new.act(RESEARCHER) as act:
        tokens = [issue_token(act, RESEARCHER, NOW + timedelta(1)) for _ in range(3)]
    with new.act(RESEARCHER) as act:
        revoke_token(act, tokens[0].id)
    with new.act(ADMINISTRATOR) as act:
        revoke_token(act, tokens[1].id)
    with new.control.reading() as connection:
        assert authenticate(connection, tokens[2].secret, NOW)[0].id == RESEARCHER
    with new.act(ADMINISTRATOR) as act:
        disable_person(act, RESEARCHER)
    with new.control.reading() as connection:
        for token in tokens:
            with pytest.raises(Refused):
                authenticate(connection, token.secret, NOW)


def test_tokens_are_ones_own(new: World) -> None:
    """Only administrators issue and revoke the tokens of others."""
    with new.act(ADMINISTRATOR) as act:
        token = issue_token(act, STEWARD, NOW + timedelta(1))
    deeds = {
        "not_permitted": lambda act: issue_token(act, STEWARD, NOW + timedelta(1)),
        "unknown_token": lambda act: revoke_token(act, "nothing"),
        "invalid_token": lambda act: issue_token(act, RESEARCHER, NOW),
    }
    for code, deed in deeds.items():
        assert refusal(new, RESEARCHER, deed) == code
    revoke = lambda act: revoke_token(act, token.id)
    assert refusal(new, RESEARCHER, revoke) == "unknown_token"
    nobody = lambda act: issue_token(act, "nobody", NOW + timedelta(1))
    assert refusal(new, ADMINISTRATOR, nobody) == "unknown_person"


def test_people_are_of_organisations_that_are_known(new: World) -> None:
    """An organisation is added once, by its name, and a person is of one at a time."""
    with new.act(ADMINISTRATOR) as act:
        add_organisation(act, "University of Examples")
        add_organisation(act, "Institute of Others")
        add_person(act, "new", [Role.AUDITOR], None, Background("Institute of Others"))
        affiliate(act, RESEARCHER, "Institute of Others")
        affiliate(act, RESEARCHER, "University of Examples")
    with new.control.reading() as connection:
        assert organisation_of(connection, RESEARCHER) == "University of Examples"
        assert organisation_of(connection, "new") == "Institute of Others"
        assert organisation_of(connection, STEWARD) is None
    deeds = {
        "organisation_exists": lambda act: add_organisation(act, "Institute of Others"),
        "invalid_name": lambda act: add_organisation(act, " "),
        "unknown_organisation": lambda act: affiliate(act, RESEARCHER, "Nowhere"),
        "unknown_person": lambda act: affiliate(act, "x", "Institute of Others"),
        "separation_of_duties": lambda act: affiliate(
            act, ADMINISTRATOR, "Institute of Others"
        ),
    }
    for code, deed in deeds.items():
        assert refusal(new, ADMINISTRATOR, deed) == code


def test_who_adds_a_researcher_vouches_for_a_year(new: World) -> None:
    """Accreditation and training are on record, with whose word they rest on."""
    later = {Kind.TRAINING: date(2026, 9, 1)}
    with new.act(ADMINISTRATOR) as act:
        add_person(act, "a", [Role.RESEARCHER])
        add_person(act, "b", [Role.RESEARCHER], None, Background(None, later))
        add_person(act, "c", [Role.AUDITOR])
        records = [record for record in act.records if VOUCHED in record.detail]
    year = {kind: date(2027, 7, 1) for kind in Kind}
    with new.control.reading() as connection:
        assert qualified_until(connection, "a") == year
        assert qualified_until(connection, "b") == year | later
        assert qualified_until(connection, "c") == {}
    assert [record.subject for record in records] == ["a", "a", "b", "b"]


def test_a_qualification_has_a_day_and_a_reference(new: World) -> None:
    """Nobody qualifies themselves, for a day that is over, or with nothing on paper."""

    def qualify(
        person: str = RESEARCHER, until: date = date(2030, 1, 1), reference: str = "A1"
    ) -> Callable[[Act], object]:
        qualified = Qualified(Kind.ACCREDITATION, until, reference)
        return lambda act: qualify_person(act, person, qualified)

    assert refusal(new, ADMINISTRATOR, qualify()) == ""
    with new.control.reading() as connection:
        held = qualified_until(connection, RESEARCHER)
    assert held[Kind.ACCREDITATION] == date(2030, 1, 1)
    deeds = {
        "separation_of_duties": qualify(ADMINISTRATOR),
        "unknown_person": qualify("nobody"),
        "reason_missing": qualify(reference=" "),
        "invalid_qualification": qualify(until=date(2026, 6, 30)),
    }
    for code, deed in deeds.items():
        assert refusal(new, ADMINISTRATOR, deed) == code


def test_a_qualification_ends_with_its_reason(new: World) -> None:
    """Ending one says why, and there must be one."""
    end = lambda reason: (
        lambda act: disqualify_person(act, RESEARCHER, Kind.TRAINING, reason)
    )
    assert refusal(new, ADMINISTRATOR, end(" ")) == "reason_missing"
    assert refusal(new, ADMINISTRATOR, end("It was another's.")) == ""
    assert refusal(new, ADMINISTRATOR, end("Again.")) == "wrong_state"
