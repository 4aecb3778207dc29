"""Bearer tokens: random, kept only as a digest, for some uses, ended at any moment.

A token is 256 random bits, so its plain SHA-256 cannot be searched; a slow hash is
for what people can remember.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select, update

from privacy.errors import Refused
from tre.audit.act import Act
from tre.control.tables import instant_text, storable, token
from tre.governance.roles import Action, Person, Role, find_person, permitted
from tre.governance.scopes import USUAL, Scope, read_scopes, scopes_text

PREFIX: Final = "tre"
USUAL_LIFE: Final = timedelta(days=7)
LONGEST_LIFE: Final = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Token:
    """A token just issued. `secret` is shown this once and kept nowhere."""

    id: str
    person: str
    expires_at: datetime
    secret: str = field(repr=False)
    scopes: frozenset[Scope] = USUAL


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """What is kept of a token: everything but the token."""

    id: str
    person: str
    scopes: tuple[str, ...]
    issued_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


def issue_token(
    act: Act,
    person_id: str,
    expires_at: datetime,
    scopes: frozenset[Scope] = USUAL,
) -> Token:
    """A token for oneself, or by an administrator for anybody active.

    Refused with not_permitted, unknown_person or invalid_token.
    """
    _own_or_administrator(permitted(act, Action.ISSUE_TOKEN), person_id)
    holder = find_person(act.connection, person_id)
    if holder is None or not holder.active:
        raise Refused("unknown_person", f"{person_id} is not known here.")
    if not act.now < expires_at <= act.now + LONGEST_LIFE or not scopes:
        raise Refused(
            "invalid_token",
            "A token ends in the future, and within 90 days.",
            suggestion="Take a shorter one, and a new one when it has ended.",
        )
    token_id, random = secrets.token_hex(8), secrets.token_urlsafe(32)
    act.connection.execute(
        insert(token).values(
            id=token_id,
            person=person_id,
            digest=_digest(random),
            issued_at=act.now,
            expires_at=expires_at,
            scopes=scopes_text(scopes),
        )
    )
    detail = {
        "person": person_id,
        "expires_at": instant_text(expires_at),
        "scopes": scopes_text(scopes),
        "digest": _digest(random),
    }
    act.record("token.issued", token_id, detail)
    secret = f"{PREFIX}_{token_id}_{random}"
    return Token(token_id, person_id, expires_at, secret, scopes)


def revoke_token(act: Act, token_id: str) -> None:
    """End a token now: one's own, or any by an administrator.

    Refused with unknown_token, for others' as for one there is not.
    """
    actor = permitted(act, Action.REVOKE_TOKEN)
    holder = act.connection.execute(
        select(token.c.person).where(token.c.id == token_id)
    ).scalar_one_or_none()
    if holder is None or not _own_or_administrators(actor, holder):
        raise Refused(
            "unknown_token",
            "There is no such token of yours.",
            suggestion="`tre token list ID` has a person's tokens by their ids.",
        )
    act.connection.execute(
        update(token)
        .where(token.c.id == token_id, token.c.revoked_at.is_(None))
        .values(revoked_at=act.now)
    )
    act.record("token.revoked", token_id, {"person": holder})


def tokens_of(connection: Connection, actor_id: str, holder: str) -> list[TokenFacts]:
    """Somebody's tokens, newest first: one's own, or anybody's for administrators."""
    actor = find_person(connection, actor_id)
    if actor is None or not actor.active:
        raise Refused("not_permitted", "Only people known here have tokens.")
    _own_or_administrator(actor, holder)
    if find_person(connection, holder) is None:
        raise Refused("unknown_person", "Nobody of this name is known here.")
    rows = connection.execute(
        select(token)
        .where(token.c.person == holder)
        .order_by(token.c.issued_at.desc(), token.c.id)
    )
    return [_facts(row) for row in rows]


def authenticate(
    connection: Connection, secret: str, now: datetime
) -> tuple[Person, frozenset[Scope]]:
    """The active person who holds this token, and its uses.

    Refused with not_authenticated, the same whatever is wrong with the token.
    """
    parts = secret.split("_", 2)
    if len(parts) == 3 and parts[0] == PREFIX and storable(parts[1]):  # noqa: PLR2004 - prefix, id, secret
        row = connection.execute(
            select(token).where(token.c.id == parts[1])
        ).one_or_none()
        holder = find_person(connection, row.person) if row else None
        if row and holder and hmac.compare_digest(row.digest, _digest(parts[2])):
            ended = row.revoked_at is not None or row.expires_at <= now
            if holder.active and not ended:
                return holder, read_scopes(row.scopes.split())
    raise Refused("not_authenticated", "The token is not valid.")


def _facts(row: Row[Any]) -> TokenFacts:
    return TokenFacts(
        id=row.id,
        person=row.person,
        scopes=tuple(row.scopes.split()),
        issued_at=row.issued_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )


def _own_or_administrator(actor: Person, holder: str) -> None:
    if not _own_or_administrators(actor, holder):
        raise Refused("not_permitted", "Only administrators handle others' tokens.")


def _own_or_administrators(actor: Person, holder: str) -> bool:
    return actor.id == holder or Role.ADMINISTRATOR in actor.roles


def _digest(random: str) -> str:
    return hashlib.sha256(random.encode(errors="replace")).hexdigest()
