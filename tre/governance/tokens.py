"""Bearer tokens: random, kept only as a digest, and ended at any moment.

A token is 256 random bits, so its plain SHA-256 cannot be searched; a slow hash is
for what people can remember.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, insert, select, update

from privacy.errors import Refused
from tre.audit.act import Act
from tre.control.tables import instant_text, storable, token
from tre.governance.roles import Action, Person, Role, find_person, permitted

_PREFIX: Final = "tre"


@dataclass(frozen=True, slots=True)
class Token:
    """A token just issued. `secret` is shown this once and kept nowhere."""

    id: str
    person: str
    expires_at: datetime
    secret: str = field(repr=False)


def issue_token(act: Act, person_id: str, expires_at: datetime) -> Token:
    """A token for oneself, or by an administrator for anybody active."""
    _own_or_administrator(permitted(act, Action.ISSUE_TOKEN), person_id)
    holder = find_person(act.connection, person_id)
    if holder is None or not holder.active:
        raise Refused("unknown_person", f"{person_id} is not known here.")
    if expires_at <= act.now:
        raise Refused("invalid_token", "A token ends in the future.")
    token_id, random = secrets.token_hex(8), secrets.token_urlsafe(32)
    act.connection.execute(
        insert(token).values(
            id=token_id,
            person=person_id,
            digest=_digest(random),
            issued_at=act.now,
            expires_at=expires_at,
        )
    )
    detail = {"person": person_id, "expires_at": instant_text(expires_at)}
    act.record("token.issued", token_id, detail)
    return Token(token_id, person_id, expires_at, f"{_PREFIX}_{token_id}_{random}")


def revoke_token(act: Act, token_id: str) -> None:
    """End a token now: one's own, or any by an administrator."""
    actor = permitted(act, Action.REVOKE_TOKEN)
    holder = act.connection.execute(
        select(token.c.person).where(token.c.id == token_id)
    ).scalar_one_or_none()
    if holder is None:
        raise Refused("unknown_token", "There is no such token.")
    _own_or_administrator(actor, holder)
    act.connection.execute(
        update(token)
        .where(token.c.id == token_id, token.c.revoked_at.is_(None))
        .values(revoked_at=act.now)
    )
    act.record("token.revoked", token_id, {"person": holder})


def authenticate(connection: Connection, secret: str, now: datetime) -> Person:
    """The active person who holds this token. Refused with not_authenticated.

    The refusal is the same whatever is wrong with the token.
    """
    parts = secret.split("_", 2)
    if len(parts) == 3 and parts[0] == _PREFIX and storable(parts[1]):  # noqa: PLR2004 - prefix, id, secret
        row = connection.execute(
            select(token).where(token.c.id == parts[1])
        ).one_or_none()
        holder = find_person(connection, row.person) if row else None
        if row and holder and hmac.compare_digest(row.digest, _digest(parts[2])):
            ended = row.revoked_at is not None or row.expires_at <= now
            if holder.active and not ended:
                return holder
    raise Refused("not_authenticated", "The token is not valid.")


def _own_or_administrator(actor: Person, holder: str) -> None:
    if actor.id != holder and Role.ADMINISTRATOR not in actor.roles:
        raise Refused("not_permitted", "Only administrators handle others' tokens.")


def _digest(random: str) -> str:
    return hashlib.sha256(random.encode(errors="replace")).hexdigest()
