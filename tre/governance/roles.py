"""Roles, and which of them may do what. Everything not named here is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final

from sqlalchemy import Connection, bindparam, select

from privacy.errors import Refused
from tre.audit.act import Act
from tre.control.tables import person, person_role, storable


class Role(Enum):
    """What somebody is trusted to do. Some people have several."""

    RESEARCHER = "researcher"
    STEWARD = "steward"
    COMMITTEE = "committee"
    OUTPUT_CHECKER = "output-checker"
    EVALUATOR = "evaluator"
    AUDITOR = "auditor"
    LINKER = "linker"
    ADMINISTRATOR = "administrator"


class Action(Enum):
    """What can be done to the control plane, beside asking questions."""

    ADD_PERSON = "add a person"
    CHANGE_ROLES = "change roles"
    DISABLE_PERSON = "disable a person"
    ADD_ORGANISATION = "add an organisation"
    AFFILIATE_PERSON = "say which organisation a person is of"
    QUALIFY_PERSON = "record or end an accreditation or training"
    ISSUE_TOKEN = "issue a token"  # noqa: S105 - the name of an action
    REVOKE_TOKEN = "revoke a token"  # noqa: S105 - the name of an action
    INVITE_PERSON = "invite a person to sign in"
    SET_PROVIDER = "set up sign-in by a provider"
    BACK_UP = "back the environment up"
    SET_HEADS_PLACE = "say where signed heads are published"
    CREATE_POPULATION = "create a population"
    AGREE_PERIOD = "agree to a population's next budget"
    PUBLISH_DATASET = "publish a dataset"
    READ_INBOX = "have the server read a controller's files"
    WITHDRAW_DATASET = "withdraw a dataset"
    OBJECT = "take in objections"
    REVIEW_LINKS = "look at pairs of records, and decide on them"
    RELINK = "make a new spine version or linkage key"
    SET_CONDITIONS = "set the conditions of a dataset"
    PROPOSE_PROJECT = "propose a project"
    AMEND_PROJECT = "amend a project"
    APPROVE_PROJECT = "approve a project"
    WITHDRAW_APPROVAL = "withdraw an approval"
    SUSPEND_PROJECT = "suspend a project"
    RESUME_PROJECT = "resume a project"
    CLOSE_PROJECT = "close a project"
    PIN_VERSION = "pin a version of a dataset"
    RECORD_INCIDENT = "record or resolve an incident"
    SET_POLICY = "put a disclosure policy in force"
    CARRY = "ask to carry something past the airlock"
    CHECK_OUTPUT = "check what is carried out"
    CHECK_INPUT = "check what is carried in"
    ACCEPT_LAYER = "do without a layer of confinement"
    KEEP_KEYS = "rotate, protect or destroy keys"


_FIND: Final = (
    select(person, person_role.c.role)
    .join(person_role, person_role.c.person == person.c.id, isouter=True)
    .where(person.c.id == bindparam("person_id"))
)

_EVERYBODY: Final = frozenset(Role)

PERMITTED: Final[Mapping[Action, frozenset[Role]]] = MappingProxyType(
    {
        Action.ADD_PERSON: frozenset({Role.ADMINISTRATOR}),
        Action.CHANGE_ROLES: frozenset({Role.ADMINISTRATOR}),
        Action.DISABLE_PERSON: frozenset({Role.ADMINISTRATOR}),
        Action.ADD_ORGANISATION: frozenset({Role.ADMINISTRATOR}),
        Action.AFFILIATE_PERSON: frozenset({Role.ADMINISTRATOR}),
        Action.QUALIFY_PERSON: frozenset({Role.ADMINISTRATOR}),
        Action.ISSUE_TOKEN: _EVERYBODY,
        Action.REVOKE_TOKEN: _EVERYBODY,
        Action.INVITE_PERSON: frozenset({Role.ADMINISTRATOR}),
        Action.SET_PROVIDER: frozenset({Role.ADMINISTRATOR}),
        Action.BACK_UP: frozenset({Role.ADMINISTRATOR}),
        Action.SET_HEADS_PLACE: frozenset({Role.ADMINISTRATOR}),
        Action.CREATE_POPULATION: frozenset({Role.ADMINISTRATOR}),
        Action.AGREE_PERIOD: frozenset({Role.STEWARD}),
        Action.PUBLISH_DATASET: frozenset({Role.STEWARD, Role.ADMINISTRATOR}),
        Action.READ_INBOX: frozenset({Role.STEWARD}),
        Action.WITHDRAW_DATASET: frozenset({Role.STEWARD, Role.ADMINISTRATOR}),
        Action.OBJECT: frozenset({Role.STEWARD, Role.ADMINISTRATOR}),
        Action.REVIEW_LINKS: frozenset({Role.LINKER}),
        Action.RELINK: frozenset({Role.LINKER, Role.ADMINISTRATOR}),
        Action.SET_CONDITIONS: frozenset({Role.STEWARD}),
        Action.PROPOSE_PROJECT: frozenset({Role.RESEARCHER}),
        Action.AMEND_PROJECT: frozenset({Role.RESEARCHER}),
        Action.APPROVE_PROJECT: frozenset({Role.COMMITTEE, Role.STEWARD}),
        Action.WITHDRAW_APPROVAL: frozenset({Role.COMMITTEE, Role.STEWARD}),
        Action.SUSPEND_PROJECT: frozenset(
            {Role.COMMITTEE, Role.STEWARD, Role.ADMINISTRATOR}
        ),
        Action.RESUME_PROJECT: frozenset({Role.COMMITTEE}),
        Action.CLOSE_PROJECT: frozenset(
            {Role.RESEARCHER, Role.COMMITTEE, Role.ADMINISTRATOR}
        ),
        Action.PIN_VERSION: frozenset({Role.RESEARCHER}),
        Action.RECORD_INCIDENT: frozenset(
            {Role.COMMITTEE, Role.AUDITOR, Role.ADMINISTRATOR}
        ),
        Action.SET_POLICY: frozenset({Role.COMMITTEE}),
        Action.CARRY: frozenset({Role.RESEARCHER}),
        Action.CHECK_OUTPUT: frozenset({Role.OUTPUT_CHECKER}),
        Action.CHECK_INPUT: frozenset({Role.STEWARD}),
        Action.ACCEPT_LAYER: frozenset({Role.ADMINISTRATOR}),
        Action.KEEP_KEYS: frozenset({Role.ADMINISTRATOR}),
    }
)
"""Who may attempt what; each action adds whose datasets or projects it may touch."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody the environment knows. `controller` is whose data a steward keeps."""

    id: str
    roles: frozenset[Role]
    controller: str | None
    active: bool

    def may(self, action: Action) -> bool:
        """Whether one of the person's roles allows the attempt."""
        return self.active and bool(self.roles & PERMITTED[action])


def find_person(connection: Connection, person_id: str) -> Person | None:
    """The person of that id, disabled ones included; None where there is none."""
    if not storable(person_id):
        return None
    rows = connection.execute(_FIND, {"person_id": person_id}).all()
    if not rows:
        return None
    roles = frozenset(Role(row.role) for row in rows if row.role is not None)
    return Person(rows[0].id, roles, rows[0].controller, rows[0].active)


def permitted(act: Act, action: Action) -> Person:
    """The acting person, who may attempt this. Refused with not_permitted otherwise."""
    return allowed(act.connection, act.actor, action)


def allowed(connection: Connection, person_id: str, action: Action) -> Person:
    """The person, who may attempt this. Refused with not_permitted otherwise."""
    found = find_person(connection, person_id)
    if found is None or not found.may(action):
        roles = sorted(role.value for role in PERMITTED[action])
        raise Refused(
            "not_permitted",
            f"You may not {action.value}.",
            suggestion=f"One of these roles may: {', '.join(roles)}.",
        )
    return found


def role_named(name: str) -> Role:
    """The role of a name. Refused with `invalid_person` for any other word."""
    try:
        return Role(name)
    except ValueError:
        known = ", ".join(role.value for role in Role)
    raise Refused(
        "invalid_person",
        "There is no such role.",
        clause=str(name)[:80],
        suggestion=f"Roles are {known}.",
    )
