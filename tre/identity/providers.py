"""Which OpenID provider people may sign in with, and whom its subjects are."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from sqlalchemy import Connection, delete, insert, select

from privacy.errors import Refused
from tre.audit.act import Act
from tre.control.canonical import Json
from tre.control.tables import external_identity, identity_provider, storable
from tre.governance.roles import Action, find_person, permitted
from tre.identity.sealing import seal, unseal
from tre.identity.sessions import close_every_session, close_sessions_of

_PURPOSE: Final = "client secret"
_LONGEST: Final = 250


@dataclass(frozen=True, slots=True)
class Provider:
    """An OpenID provider, and what it knows this environment as.

    `audience` is what access tokens must be made out to. `by_email` takes an e-mail
    address that the provider has verified for a person's id; otherwise subjects are
    linked to people one by one.
    """

    issuer: str
    client_id: str
    audience: str
    by_email: bool
    client_secret: str | None = field(default=None, repr=False)


def set_provider(act: Act, provider: Provider, key: bytes) -> None:
    """Set up or change sign-in by a provider. Subjects that were linked stay.

    Where it is another provider than before, every session ends: those that the old
    one vouched for are not told from others. Refused with not_permitted or
    invalid_provider.
    """
    permitted(act, Action.SET_PROVIDER)
    _check(provider)
    if _held_issuer(act.connection) not in {None, provider.issuer}:
        close_every_session(act.connection)
    secret = provider.client_secret
    sealed = None if secret is None else seal(key, _PURPOSE, secret.encode())
    act.connection.execute(delete(identity_provider))
    act.connection.execute(
        insert(identity_provider).values(
            id=1,
            issuer=provider.issuer,
            client_id=provider.client_id,
            client_secret=sealed,
            audience=provider.audience,
            by_email=provider.by_email,
        )
    )
    detail: dict[str, Json] = {
        "client_id": provider.client_id,
        "audience": provider.audience,
        "by_email": provider.by_email,
    }
    act.record("provider.set", provider.issuer, detail)


def remove_provider(act: Act) -> None:
    """End sign-in by a provider: its tokens, and every session, are over."""
    permitted(act, Action.SET_PROVIDER)
    issuer = _issuer(act.connection)
    close_every_session(act.connection)
    act.connection.execute(delete(identity_provider))
    act.record("provider.removed", issuer, {})


def find_provider(connection: Connection, key: bytes) -> Provider:
    """The provider. Refused with no_provider where none is set up."""
    row = connection.execute(select(identity_provider)).one_or_none()
    if row is None:
        raise _none()
    sealed = row.client_secret
    secret = None if sealed is None else unseal(key, _PURPOSE, sealed).decode()
    return Provider(row.issuer, row.client_id, row.audience, row.by_email, secret)


def link(act: Act, subject: str, person: str) -> None:
    """Say that the provider's subject is a person, by an administrator."""
    permitted(act, Action.SET_PROVIDER)
    issuer = _issuer(act.connection)
    if not storable(subject) or not 0 < len(subject) <= _LONGEST:
        raise Refused("invalid_provider", "A subject has 1 to 250 characters.")
    if find_person(act.connection, person) is None:
        raise Refused("unknown_person", "Nobody of this name is known here.")
    _unlink(act.connection, issuer, subject)
    act.connection.execute(
        insert(external_identity).values(issuer=issuer, subject=subject, person=person)
    )
    act.record("identity.linked", person, {"issuer": issuer, "subject": subject})


def unlink(act: Act, subject: str) -> None:
    """The provider's subject is nobody here any more; what they had open ends."""
    permitted(act, Action.SET_PROVIDER)
    issuer = _issuer(act.connection)
    _unlink(act.connection, issuer, subject)
    act.record("identity.unlinked", subject[:_LONGEST], {"issuer": issuer})


def person_of(
    connection: Connection, provider: Provider, claims: dict[str, Any]
) -> str:
    """Whom a provider's claims are of: an active person.

    Refused with not_authenticated, the same for whoever is not known.
    """
    found = connection.execute(
        select(external_identity.c.person).where(
            external_identity.c.issuer == provider.issuer,
            external_identity.c.subject == str(claims["sub"]),
        )
    ).scalar_one_or_none()
    if found is None and provider.by_email and claims.get("email_verified") is True:
        found = _address_of(claims)
    holder = None if found is None else find_person(connection, found)
    if holder is None or not holder.active:
        raise Refused(
            "not_authenticated",
            "The provider vouches for somebody who is not known here.",
            suggestion="An administrator adds people, and links them to subjects.",
        )
    return holder.id


def _address_of(claims: dict[str, Any]) -> str | None:
    """The claims' e-mail address; a plain name such as `administrator` is none."""
    said = claims.get("email")
    return said if isinstance(said, str) and "@" in said else None


def _issuer(connection: Connection) -> str:
    issuer = _held_issuer(connection)
    if issuer is None:
        raise _none()
    return issuer


def _held_issuer(connection: Connection) -> str | None:
    return connection.execute(select(identity_provider.c.issuer)).scalar_one_or_none()


def _unlink(connection: Connection, issuer: str, subject: str) -> None:
    """Forget whom a subject was, and end what they had open."""
    was = connection.execute(
        select(external_identity.c.person).where(
            external_identity.c.issuer == issuer,
            external_identity.c.subject == subject,
        )
    ).scalar_one_or_none()
    if was is not None:
        close_sessions_of(connection, was)
    connection.execute(
        delete(external_identity).where(
            external_identity.c.issuer == issuer,
            external_identity.c.subject == subject,
        )
    )


def _check(provider: Provider) -> None:
    if not secure(provider.issuer):
        raise Refused(
            "invalid_provider",
            "A provider's issuer is an https address, without query or fragment.",
            clause=provider.issuer[:80],
        )
    if not provider.client_id or not provider.audience:
        raise Refused("invalid_provider", "A provider needs a client id and audience.")


def secure(address: str) -> bool:
    """Whether an address is of TLS, or of this machine itself.

    >>> secure("https://id.example.org"), secure("http://127.0.0.1:9000")
    (True, True)
    >>> secure("http://id.example.org"), secure("https://id.example.org/?a=b")
    (False, False)
    """
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return False
    plain = not (parts.query or parts.fragment or parts.username)
    return (
        bool(host)
        and plain
        and (parts.scheme == "https" or (parts.scheme == "http" and _loopback(host)))
    )


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _none() -> Refused:
    return Refused("no_provider", "Sign-in by a provider is not set up here.")
