"""How people show who they are: as the log has it, and as the tables do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection, select

from tre.audit.told import UNSAID, Discrepancy, Told, different, told
from tre.control.canonical import text_digest
from tre.control.tables import (
    external_identity,
    identity_provider,
    instant_text,
    local_account,
    session,
)

_KINDS: Final = (
    *("account.invited", "account.enrolled", "session.opened", "session.closed"),
    *("provider.set", "provider.removed", "identity.linked", "identity.unlinked"),
)
_PROVIDER: Final = "the provider that people sign in with"


def reconcile(connection: Connection) -> tuple[Discrepancy, ...]:
    """Where accounts, sessions, or what a provider vouches for differ from the log."""
    stored = dict(_stored(connection))
    log = _told(connection)
    sessions = _sessions_told(connection)
    held = dict(_sessions(connection))
    # Sessions that ended by themselves are swept without a word.
    kept = {what: sessions[what] for what in held if what in sessions}
    return (*different(log, stored), *different(kept, held))


def _told(connection: Connection) -> dict[str, object]:
    found: dict[str, object] = {}
    for said in told(connection, *_KINDS):
        match said.kind:
            case "account.invited":
                found[_password(said.subject)] = None
                found[_invitation(said.subject)] = said.fact("digest")
            case "account.enrolled":
                found[_password(said.subject)] = said.fact("password")
                found[_invitation(said.subject)] = None
            case "provider.set":
                facts = (said.fact(name) for name in ("client_id", "audience"))
                found[_PROVIDER] = (said.subject, *facts, said.fact("by_email"))
            case "provider.removed":
                found.pop(_PROVIDER, None)
            case "identity.linked":
                issuer, subject = said.detail["issuer"], said.detail["subject"]
                found[_subject(issuer, subject)] = said.subject
            case "identity.unlinked":
                found.pop(_subject(said.detail["issuer"], said.subject), None)
            case _:
                pass  # sessions: below
    return found


def _stored(connection: Connection) -> Iterator[tuple[str, object]]:
    for row in connection.execute(select(local_account)):
        hashed = row.password
        yield _password(row.person), None if hashed is None else text_digest(hashed)
        yield _invitation(row.person), row.invitation
    for row in connection.execute(select(identity_provider)):
        yield _PROVIDER, (row.issuer, row.client_id, row.audience, row.by_email)
    for row in connection.execute(select(external_identity)):
        yield _subject(row.issuer, row.subject), row.person


def _sessions_told(connection: Connection) -> dict[str, object]:
    """The sessions that were opened, and neither closed nor ended by an invitation."""
    opened: dict[str, tuple[str, object]] = {}
    for said in told(connection, "session.opened", "session.closed", "account.invited"):
        match said.kind:
            case "session.opened":
                opened[_session_of(said)] = (said.subject, said.fact("until"))
            case "session.closed":
                opened.pop(_session_of(said), None)
            case _:
                own = [each for each, (who, _) in opened.items() if who == said.subject]
                for each in own:
                    del opened[each]
    return {
        what: UNSAID if UNSAID in facts else facts for what, facts in opened.items()
    }


def _sessions(connection: Connection) -> Iterator[tuple[str, object]]:
    for row in connection.execute(select(session)):
        yield _session(row.digest), (row.person, instant_text(row.ends_at))


def _session_of(said: Told) -> str:
    return _session(str(said.detail.get("digest", said.at)))


def _session(digest: str) -> str:
    return f"the session {digest[:12]}"


def _password(person: str) -> str:
    return f"the password of {person}"


def _invitation(person: str) -> str:
    return f"the invitation of {person}"


def _subject(issuer: str, subject: str) -> str:
    return f"who {subject} of {issuer} is"
