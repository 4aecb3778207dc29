"""Organisations, and which of them a person is of."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, bindparam, delete, insert, select

from privacy.errors import Refused
from tre.audit.act import Act
from tre.control.tables import affiliation, organisation, storable
from tre.governance.roles import Action, find_person, permitted

LONGEST: Final = 200
_OF: Final = select(affiliation.c.organisation).where(
    affiliation.c.person == bindparam("person_id")
)


def add_organisation(act: Act, name: str) -> None:
    """Make an organisation known, by the name the public knows it by.

    Refused with not_permitted, invalid_name, or organisation_exists.
    """
    permitted(act, Action.ADD_ORGANISATION)
    if not 0 < len(name.strip()) <= LONGEST or not storable(name):
        raise Refused(
            "invalid_name",
            f"An organisation's name has 1 to {LONGEST} characters.",
            clause=name[:80],
        )
    if name in organisations(act.connection):
        raise Refused("organisation_exists", f"{name} is known already.")
    act.connection.execute(insert(organisation).values(name=name, added_at=act.now))
    act.record("organisation.added", name, {})


def affiliate(act: Act, person_id: str, name: str) -> None:
    """Say which organisation a person is of, from now on. Nobody moves themselves.

    Refused with not_permitted, separation_of_duties, unknown_person, or
    unknown_organisation.
    """
    permitted(act, Action.AFFILIATE_PERSON)
    if person_id == act.actor:
        raise Refused("separation_of_duties", "Nobody says this of themselves.")
    if find_person(act.connection, person_id) is None:
        raise Refused("unknown_person", f"{person_id[:80]} is not known here.")
    place(act, person_id, name)


def place(act: Act, person_id: str, name: str) -> None:
    """As `affiliate`, where the caller has seen to who may."""
    known = organisations(act.connection)
    if name not in known:
        raise Refused(
            "unknown_organisation",
            "No organisation of this name is known.",
            clause=name[:80],
            suggestion=f"There are: {', '.join(known)}."
            if known
            else "An administrator adds it: `tre organisation add`.",
        )
    connection = act.connection
    connection.execute(delete(affiliation).where(affiliation.c.person == person_id))
    connection.execute(
        insert(affiliation).values(person=person_id, organisation=name, since=act.now)
    )
    act.record("person.affiliated", person_id, {"organisation": name})


def organisations(connection: Connection) -> tuple[str, ...]:
    """Every organisation, by name."""
    rows = connection.execute(select(organisation.c.name).order_by(organisation.c.name))
    return tuple(rows.scalars())


def organisation_of(connection: Connection, person_id: str) -> str | None:
    """The organisation somebody is of; None where nobody has said."""
    return connection.execute(_OF, {"person_id": person_id}).scalar_one_or_none()
