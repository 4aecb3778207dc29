"""Local accounts, for where there is no provider: a password and a second factor.

An administrator invites; the invitation is good once and for two days. Recovery is
another invitation: it ends the password, the second factor and every session.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, insert, select, update

from privacy.errors import Refused
from tre.audit.act import Act
from tre.control.canonical import text_digest
from tre.control.tables import instant_text, local_account
from tre.governance.roles import Action, find_person, permitted
from tre.identity.passwords import hash_password, password_matches
from tre.identity.sealing import seal, unseal
from tre.identity.second_factor import enrolment_uri, new_secret, step_of_code
from tre.identity.sessions import close_sessions_of

INVITATION_LIFE: Final = timedelta(days=2)
_PURPOSE: Final = "second factor of "
_NOBODYS_FACTOR: Final = b"A" * 32
"""Codes of people who have none are checked against it."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """Leave to choose a password. `secret` is shown this once and kept nowhere."""

    person: str
    expires_at: datetime
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an invited person puts into their authenticator."""

    person: str
    uri: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What somebody says to sign in."""

    person: str
    password: str = field(repr=False)
    code: str = field(repr=False)


def invite(act: Act, person_id: str, key: bytes) -> Invitation:
    """Let somebody choose a password anew, by an administrator.

    What they had, and every session, ends. Refused with not_permitted or
    unknown_person.
    """
    permitted(act, Action.INVITE_PERSON)
    invited = find_person(act.connection, person_id)
    if invited is None or not invited.active:
        raise Refused("unknown_person", "Nobody active of this name is known here.")
    made = Invitation(person_id, act.now + INVITATION_LIFE, secrets.token_urlsafe(32))
    factor = seal(key, _PURPOSE + person_id, new_secret().encode())
    close_sessions_of(act.connection, person_id)
    act.connection.execute(
        delete(local_account).where(local_account.c.person == person_id)
    )
    act.connection.execute(
        insert(local_account).values(
            person=person_id,
            factor=factor,
            invitation=_digest(made.secret),
            invited_until=made.expires_at,
        )
    )
    until = instant_text(made.expires_at)
    detail = {"until": until, "digest": _digest(made.secret)}
    act.record("account.invited", person_id, detail)
    return made


def enrolment(
    connection: Connection, invitation: str, now: datetime, key: bytes
) -> Enrolment:
    """What an invitation is for. Refused with invalid_invitation."""
    row = _invited(connection, invitation, now)
    return Enrolment(row.person, enrolment_uri(_factor(row, key), row.person))


def enrol(act: Act, invitation: str, password: str, code: str, key: bytes) -> None:
    """Use an invitation: the acting person now signs in with this password.

    `code` shows that the authenticator works. Refused with invalid_invitation,
    invalid_password or not_authenticated; the invitation is then still good.
    """
    row = _invited(act.connection, invitation, act.now)
    if row.person != act.actor:
        raise Refused("invalid_invitation", "The invitation is for somebody else.")
    step = step_of_code(_factor(row, key), code, act.now, used=None)
    if step is None:
        raise Refused("not_authenticated", "The code is not right.")
    hashed = hash_password(password, row.person)
    act.connection.execute(
        update(local_account)
        .where(local_account.c.person == row.person)
        .values(
            password=hashed,
            used_step=step,
            invitation=None,
            invited_until=None,
        )
    )
    act.record("account.enrolled", row.person, {"password": text_digest(hashed)})


def right_step(
    connection: Connection, said: Credentials, now: datetime, key: bytes
) -> int | None:
    """The step of the code, where password and code are right and the person active.

    Whether or not somebody is known, and whichever part is wrong, the same is done.
    """
    holder = find_person(connection, said.person)
    row = connection.execute(
        select(local_account).where(
            local_account.c.person == (holder.id if holder else "")
        )
    ).one_or_none()
    matches = password_matches(row.password if row else None, said.password)
    sealed = row.factor if row else seal(key, _PURPOSE, _NOBODYS_FACTOR)
    factor = unseal(key, _PURPOSE + (row.person if row else ""), sealed).decode()
    used = row.used_step if row else None
    step = step_of_code(factor, said.code, now, used)
    known = row is not None and holder is not None and holder.active
    return step if known and matches else None


def use_step(act: Act, step: int) -> None:
    """Take a code of the acting person for good; it and earlier ones are over.

    Refused with not_authenticated where somebody was faster.
    """
    used = act.connection.execute(
        update(local_account)
        .where(
            local_account.c.person == act.actor,
            (local_account.c.used_step.is_(None)) | (local_account.c.used_step < step),
        )
        .values(used_step=step)
    )
    if used.rowcount != 1:
        raise Refused("not_authenticated", "The code has been used.")


def _invited(connection: Connection, invitation: str, now: datetime) -> Row[Any]:
    row = connection.execute(
        select(local_account).where(local_account.c.invitation == _digest(invitation))
    ).one_or_none()
    holder = find_person(connection, row.person) if row else None
    if row is None or holder is None or not holder.active or row.invited_until <= now:
        raise Refused(
            "invalid_invitation",
            "The invitation is not valid, or has been used.",
            suggestion="An administrator can make another.",
        )
    return row


def _factor(row: Row[Any], key: bytes) -> str:
    return unseal(key, _PURPOSE + row.person, row.factor).decode()


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()
