"""A person's sign-in in a browser: a random cookie, kept only as a digest.

A session ends after half an hour without a request, eight hours in all, or at
sign-out. What a page sends back is told from what another site had the browser send
by a token that only the page was given.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, delete, insert, select, update

from privacy.errors import Refused
from tre.audit.act import Act
from tre.control.database import LOST, Control
from tre.control.tables import instant_text, session
from tre.governance.roles import find_person

LONGEST: Final = timedelta(hours=8)
IDLE: Final = timedelta(minutes=30)
_NOTED: Final = timedelta(minutes=1)
"""A session's last use is written down this often, not at every request."""


@dataclass(frozen=True, slots=True)
class Session:
    """A session just opened. `secret` goes into the cookie and is kept nowhere."""

    person: str
    ends_at: datetime
    secret: str = field(repr=False)

    @property
    def page_token(self) -> str:
        """What the pages of this session send back to show that they are its own."""
        return page_token(self.secret)


def open_session(act: Act) -> Session:
    """A new session of the acting person; sessions that have ended are swept."""
    secret = secrets.token_urlsafe(32)
    opened = Session(act.actor, act.now + LONGEST, secret)
    act.connection.execute(delete(session).where(session.c.ends_at <= act.now))
    act.connection.execute(
        insert(session).values(
            digest=_digest(secret),
            person=opened.person,
            opened_at=act.now,
            seen_at=act.now,
            ends_at=opened.ends_at,
        )
    )
    until = instant_text(opened.ends_at)
    act.record("session.opened", act.actor, {"digest": _digest(secret), "until": until})
    return opened


def session_person(control: Control, secret: str, now: datetime) -> str:
    """Whose session this is. Refused with not_authenticated where it has ended."""
    digest = _digest(secret)
    with control.reading() as connection:
        row = connection.execute(
            select(session).where(session.c.digest == digest)
        ).one_or_none()
        holder = find_person(connection, row.person) if row else None
    if row is None or holder is None or not holder.active:
        raise _ended()
    if row.ends_at <= now or row.seen_at + IDLE <= now:
        raise _ended()
    if row.seen_at + _NOTED <= now:
        # Not an act: it says nothing about anybody that the log should keep. Where it
        # cannot be written, the session goes on, and ends the sooner.
        with suppress(*LOST), control.writing() as connection:
            connection.execute(
                update(session).where(session.c.digest == digest).values(seen_at=now)
            )
    return holder.id


def close_session(act: Act, secret: str) -> None:
    """End a session of the acting person. No effect where it has ended."""
    act.connection.execute(
        delete(session).where(
            session.c.digest == _digest(secret), session.c.person == act.actor
        )
    )
    act.record("session.closed", act.actor, {"digest": _digest(secret)})


def close_sessions_of(connection: Connection, person: str) -> None:
    """End every session of somebody, in the act that says why."""
    connection.execute(delete(session).where(session.c.person == person))


def close_every_session(connection: Connection) -> None:
    """End every session there is, in the act that says why."""
    connection.execute(delete(session))


def page_token(secret: str) -> str:
    """What belongs to a session's cookie and cannot be told from it by other sites."""
    return hmac.digest(secret.encode(errors="replace"), b"tre page", "sha256").hex()


def check_page_token(secret: str, said: str | None) -> None:
    """Refused with forged_request where a request does not come from our own page."""
    shown = (said or "").encode(errors="replace")
    if not hmac.compare_digest(page_token(secret).encode(), shown):
        raise Refused(
            "forged_request",
            "A change needs the token of the page it comes from.",
            suggestion="Send `X-CSRF-Token`, as `GET /v1/me` gives it.",
        )


def _ended() -> Refused:
    return Refused("not_authenticated", "The session has ended: sign in again.")


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()
