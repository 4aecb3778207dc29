"""Adding people, and changing what they are trusted with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date
from typing import Final

from sqlalchemy import delete, exists, func, insert, select, update

from privacy.errors import Refused
from tre.audit.act import Act
from tre.control.tables import person, person_role, storable, token
from tre.governance.organisations import place
from tre.governance.qualifications import (
    USUAL_LIFE,
    VOUCHED,
    Qualified,
    record_qualification,
)
from tre.governance.qualifications import Kind as Qualification
from tre.governance.roles import Action, Person, Role, find_person, permitted
from tre.ledger.settle import ENVIRONMENT, UNKNOWN

SEE_ATTRIBUTES: Final = frozenset({Role.RESEARCHER, Role.STEWARD})
"""Roles that see rows of a dataset or figures of them."""

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._%+@-]{0,253}")


def found_environment(act: Act) -> Person:
    """Make the actor the first administrator of an environment without people."""
    if act.connection.execute(select(exists(select(person)))).scalar_one():
        raise Refused("not_permitted", "The environment has its first administrator.")
    act.record("environment.created", act.actor, {})
    return _insert(act, act.actor, [Role.ADMINISTRATOR], None)


@dataclass(frozen=True, slots=True)
class Background:
    """Where somebody comes from, and until when who adds them vouches for them.

    `qualified_until` says a last day by kind; a researcher has each kind for a year
    where it says nothing.
    """

    organisation: str | None = None
    qualified_until: Mapping[Qualification, date] = field(default_factory=dict)


def add_person(
    act: Act,
    person_id: str,
    roles: Iterable[Role],
    controller: str | None = None,
    background: Background | None = None,
) -> Person:
    """Add somebody, with roles. A steward needs the controller they act for.

    Whoever adds a researcher vouches for their accreditation and training, on record
    and until a day. Refused with not_permitted, invalid_person, person_exists,
    unknown_organisation, or invalid_qualification for a day that is over.
    """
    permitted(act, Action.ADD_PERSON)
    if find_person(act.connection, person_id) is not None:
        raise Refused("person_exists", f"{person_id} is known already.")
    added = _insert(act, person_id, roles, controller)
    known = background or Background()
    if known.organisation is not None:
        place(act, person_id, known.organisation)
    for kind, until in _vouched(act, added, known).items():
        record_qualification(act, person_id, Qualified(kind, until, VOUCHED))
    return added


def change_roles(act: Act, person_id: str, roles: Iterable[Role]) -> Person:
    """Replace somebody's roles. Nobody changes their own."""
    permitted(act, Action.CHANGE_ROLES)
    if person_id == act.actor:
        raise Refused("separation_of_duties", "Nobody changes their own roles.")
    found = _known(act, person_id)
    wanted = _checked(roles, found.controller)
    act.connection.execute(delete(person_role).where(person_role.c.person == person_id))
    _grant(act, person_id, wanted)
    act.record("person.roles_changed", person_id, {"roles": _names(wanted)})
    return Person(person_id, wanted, found.controller, found.active)


def disable_person(act: Act, person_id: str) -> None:
    """End what somebody may do, tokens included; the last administrator stays.

    Their name stays in what they did.
    """
    permitted(act, Action.DISABLE_PERSON)
    _known(act, person_id)
    act.connection.execute(
        update(person).where(person.c.id == person_id).values(active=False)
    )
    if _administrators(act) == 0:
        raise Refused("not_permitted", "The last administrator cannot be disabled.")
    act.connection.execute(
        update(token)
        .where(token.c.person == person_id, token.c.revoked_at.is_(None))
        .values(revoked_at=act.now)
    )
    act.record("person.disabled", person_id, {})


def _vouched(
    act: Act, added: Person, known: Background
) -> Mapping[Qualification, date]:
    usual = act.now.astimezone(UTC).date() + USUAL_LIFE
    researcher = Role.RESEARCHER in added.roles
    vouched = dict.fromkeys(Qualification, usual) if researcher else {}
    return {**vouched, **known.qualified_until}


def _administrators(act: Act) -> int:
    return act.connection.execute(
        select(func.count())
        .select_from(person_role.join(person))
        .where(person_role.c.role == Role.ADMINISTRATOR.value, person.c.active)
    ).scalar_one()


def _insert(
    act: Act, person_id: str, roles: Iterable[Role], controller: str | None
) -> Person:
    if not _ID.fullmatch(person_id) or person_id in {ENVIRONMENT, UNKNOWN}:
        raise Refused(
            "invalid_person",
            "A person's id is an e-mail address or a plain name.",
            clause=person_id[:80],
        )
    wanted = _checked(roles, controller)
    act.connection.execute(
        insert(person).values(
            id=person_id, controller=controller, active=True, added_at=act.now
        )
    )
    _grant(act, person_id, wanted)
    detail = {"roles": _names(wanted), "controller": controller}
    act.record("person.added", person_id, detail)
    return Person(person_id, wanted, controller, active=True)


def _checked(roles: Iterable[Role], controller: str | None) -> frozenset[Role]:
    wanted = frozenset(roles)
    if not wanted:
        raise Refused("invalid_person", "A person needs at least one role.")
    if not storable(controller or ""):
        raise Refused("invalid_person", "A controller's name is plain text.")
    if Role.STEWARD in wanted and not (controller or "").strip():
        raise Refused(
            "invalid_person", "A steward acts for a controller, which needs a name."
        )
    if Role.LINKER in wanted and wanted & SEE_ATTRIBUTES:
        raise Refused(
            "invalid_person",
            "Whoever sees identifiers sees no attributes: a linker is neither a"
            " researcher nor a steward.",
        )
    return wanted


def _grant(act: Act, person_id: str, roles: frozenset[Role]) -> None:
    act.connection.execute(
        insert(person_role),
        [{"person": person_id, "role": name} for name in _names(roles)],
    )


def _names(roles: frozenset[Role]) -> list[str]:
    return sorted(role.value for role in roles)


def _known(act: Act, person_id: str) -> Person:
    found = find_person(act.connection, person_id)
    if found is None:
        raise Refused("unknown_person", f"{person_id} is not known here.")
    return found
