"""The desk at which everybody says who they are, over one control database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from ipaddress import IPv6Address, IPv6Network
from math import ceil
from typing import Final

from sqlalchemy import Connection

from privacy.errors import Refused
from tre.audit.act import acting
from tre.control import rates
from tre.control.database import LOST, Control, unavailable
from tre.governance import tokens
from tre.governance.roles import find_person
from tre.governance.scopes import EVERY_USE, USUAL, Scope, scopes_text
from tre.identity import accounts, flow, providers, sessions
from tre.identity.accounts import Credentials, Enrolment, Invitation
from tre.identity.claims import access_claims
from tre.identity.flow import Arrival, Departure
from tre.identity.issuer import Issuer
from tre.identity.providers import Provider
from tre.identity.sessions import Session

_WRONG: Final = "The name, the password or the code is not right."


class Means(Enum):
    """By what somebody showed who they are."""

    TOKEN = "token"  # noqa: S105 - the name of a means
    SESSION = "session"
    PROVIDER = "provider"


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who has shown who they are, and what for."""

    person: str
    scopes: frozenset[Scope]
    means: Means

    def in_person(self) -> str:
        """The person, who signed in. Refused with not_in_scope where a token speaks.

        A token makes no others: one that leaked would outlive its end, and its uses.
        """
        if self.means is not Means.SESSION:
            raise Refused(
                "not_in_scope",
                "Tokens are made by people who have signed in.",
                suggestion="Sign in, or have an administrator issue it.",
            )
        return self.person

    def needs(self, scope: Scope) -> str:
        """The person. Refused with not_in_scope where this is another use."""
        if scope not in self.scopes:
            raise Refused(
                "not_in_scope",
                f"The token is for: {scopes_text(self.scopes) or 'nothing'}.",
                suggestion=f"This needs a token for {scope.value}.",
            )
        return self.person


@dataclass(frozen=True, slots=True)
class Desk:
    """Sign-in, sessions and tokens. Safe across threads; everything goes by `clock`.

    `key` seals second factors, and hashes names to where their tries are counted.
    """

    control: Control
    clock: Callable[[], datetime]
    key: bytes = field(repr=False)
    _issuers: dict[Provider, Issuer] = field(default_factory=dict, repr=False)

    # ------------------------------------------------------------------- who speaks

    def bearer(self, secret: str) -> Caller:
        """Whose token this is, and its uses. Refused with not_authenticated.

        Our own tokens, and access tokens of the provider (RFC 9068), whose `scope`
        names our uses. Those make no tokens of ours, which would outlive them.
        """
        if not secret.startswith(f"{tokens.PREFIX}_"):
            return self._vouched(secret)
        with self.control.reading() as connection:
            holder, uses = tokens.authenticate(connection, secret, self.clock())
        return Caller(holder.id, uses, Means.TOKEN)

    def session(self, secret: str) -> Caller:
        """Whose session this is. Refused with not_authenticated."""
        person = sessions.session_person(self.control, secret, self.clock())
        return Caller(person, EVERY_USE, Means.SESSION)

    # --------------------------------------------------------------- local accounts

    def invite(self, person: str, *, by: str) -> Invitation:
        """Let somebody choose a password: the first time, or because it is lost."""
        with acting(self.control, by, self.clock()) as act:
            invitation = accounts.invite(act, person, self.key)
            rates.forgive(act.connection, rates.NAMES, self._place(person))
        return invitation

    def enrolment(self, invitation: str, *, address: str) -> Enrolment:
        """What the invited person puts into their authenticator."""
        self._limit_address(address)
        with self.control.reading() as connection:
            return accounts.enrolment(connection, invitation, self.clock(), self.key)

    def enrol(self, invitation: str, password: str, code: str, *, address: str) -> str:
        """Use an invitation; whose it was."""
        person = self.enrolment(invitation, address=address).person
        here = self._place_of(person, address)
        with acting(self.control, person, self.clock()) as act:
            accounts.enrol(act, invitation, password, code, self.key)
            rates.forgive(act.connection, rates.SIGN_INS, here)
        return person

    def sign_in(self, said: Credentials, *, address: str) -> Session:
        """Open a session with a password and a code.

        Refused with not_authenticated, the same whatever is wrong and whether or not
        the person is known, or with rate_limited after a few wrong tries, right or
        wrong: until then nothing is looked at.
        """
        self._limit_address(address)
        now, here = self.clock(), self._place_of(said.person, address)
        left = self._count(said.person, here, now)
        with self.control.reading() as connection:
            step = accounts.right_step(connection, said, now, self.key)
        if step is None:
            if left:
                self._note_lock(said.person)
            raise Refused("not_authenticated", _WRONG)
        with acting(self.control, said.person, now) as act:
            accounts.use_step(act, step)
            rates.forgive(act.connection, rates.SIGN_INS, here)
            self._limit_sessions(act.connection, said.person)
            return sessions.open_session(act)

    def sign_out(self, secret: str) -> None:
        """End a session. No effect where it has ended."""
        try:
            caller = self.session(secret)
        except Refused:
            return
        with acting(self.control, caller.person, self.clock()) as act:
            sessions.close_session(act, secret)

    # -------------------------------------------------------------------- providers

    def set_provider(self, provider: Provider, *, by: str) -> None:
        """Set up or change sign-in by a provider, which must answer as it should."""
        with acting(self.control, by, self.clock()) as act:
            providers.set_provider(act, provider, self.key)
            Issuer(provider, self.clock).keys()

    def remove_provider(self, *, by: str) -> None:
        """End sign-in by a provider."""
        with acting(self.control, by, self.clock()) as act:
            providers.remove_provider(act)

    def provider(self) -> Provider:
        """The provider. Refused with no_provider."""
        with self.control.reading() as connection:
            return providers.find_provider(connection, self.key)

    def link(self, subject: str, person: str, *, by: str) -> None:
        """Say which person a provider's subject is."""
        with acting(self.control, by, self.clock()) as act:
            providers.link(act, subject, person)

    def unlink(self, subject: str, *, by: str) -> None:
        """A provider's subject is nobody here any more."""
        with acting(self.control, by, self.clock()) as act:
            providers.unlink(act, subject)

    def depart(self, redirect: str, *, address: str) -> Departure:
        """Begin a sign-in by the provider."""
        self._limit_address(address)
        return flow.depart(self._issuer(), redirect, self.clock(), self.key)

    def arrive(self, arrival: Arrival, redirect: str, *, address: str) -> Session:
        """Open a session for whom the provider vouches for."""
        self._limit_address(address)
        issuer = self._issuer()
        claims = flow.arrive(issuer, arrival, redirect, self.clock(), self.key)
        with self.control.reading() as connection:
            person = providers.person_of(connection, issuer.provider, claims)
        with acting(self.control, person, self.clock()) as act:
            self._limit_sessions(act.connection, person)
            return sessions.open_session(act)

    def _vouched(self, token: str) -> Caller:
        try:
            issuer = self._issuer()
        except Refused:
            raise Refused("not_authenticated", "The token is not valid.") from None
        claims = access_claims(issuer, token, self.clock())
        with self.control.reading() as connection:
            person = providers.person_of(connection, issuer.provider, claims)
        said = str(claims.get("scope", "")).split()
        uses = frozenset(use for use in USUAL if use.value in said)
        return Caller(person, uses, Means.PROVIDER)

    def _issuer(self) -> Issuer:
        """The provider as it answers; what is fetched is kept while it is the same."""
        provider = self.provider()
        held = self._issuers.get(provider)
        if held is None:
            held = Issuer(provider, self.clock)
            self._issuers.clear()
            self._issuers[provider] = held
        return held

    # ----------------------------------------------------------------------- tokens

    def issue_token(
        self,
        person: str,
        *,
        by: str,
        life: timedelta = tokens.USUAL_LIFE,
        scopes: frozenset[Scope] = USUAL,
    ) -> tokens.Token:
        """A token for oneself, or by an administrator for anybody."""
        with acting(self.control, by, self.clock()) as act:
            return tokens.issue_token(act, person, act.now + life, scopes)

    def revoke_token(self, token: str, *, by: str) -> None:
        """End a token now."""
        with acting(self.control, by, self.clock()) as act:
            tokens.revoke_token(act, token)

    def tokens(self, person: str, *, by: str) -> list[tokens.TokenFacts]:
        """Somebody's tokens, newest first."""
        with self.control.reading() as connection:
            return tokens.tokens_of(connection, by, person)

    # ----------------------------------------------------------------------- limits

    @contextmanager
    def _counting(self) -> Iterator[Connection]:
        """A transaction that counts a try. Refused with unavailable where none can."""
        try:
            with self.control.writing() as connection:
                yield connection
        except LOST:
            raise unavailable() from None

    def _count(self, person: str, here: str, now: datetime) -> timedelta:
        """Count a sign-in before it is looked at: many at once are many.

        How long the next one waits comes back. Refused with rate_limited. One network
        that waits takes nothing of what the person may try from others.
        """
        everywhere = self._place(person)
        with self._counting() as connection:
            wait = rates.try_once(
                connection, rates.SIGN_INS, here, now
            ) or rates.try_once(connection, rates.NAMES, everywhere, now)
            left = max(
                rates.waiting(connection, rates.SIGN_INS, here, now),
                rates.waiting(connection, rates.NAMES, everywhere, now),
            )
        if wait:
            raise _limited(wait)
        return left

    def _limit_address(self, address: str) -> None:
        place = self._place(network_of(address))
        with self._counting() as connection:
            wait = rates.try_once(connection, rates.ADDRESSES, place, self.clock())
        if wait:
            raise _limited(wait)

    def _limit_sessions(self, connection: Connection, person: str) -> None:
        wait = rates.try_once(
            connection, rates.SESSIONS, self._place(person), self.clock()
        )
        if wait:
            raise _limited(wait)

    def _note_lock(self, person: str) -> None:
        """Record that somebody's sign-in now waits; of names nobody has, nothing."""
        with self.control.reading() as connection:
            known = find_person(connection, person)
        if known is not None:
            with acting(self.control, "environment", self.clock()) as act:
                act.record("account.locked", known.id, {})

    def _place_of(self, person: str, address: str) -> str:
        return self._place(f"{person}\n{network_of(address)}")

    def _place(self, subject: str) -> str:
        return rates.place_of(self.key, subject)


def network_of(address: str) -> str:
    """Whose an address is: an IPv6 subscriber has at least a /64 of them.

    >>> network_of("2001:db8::1"), network_of("192.0.2.7"), network_of("")
    ('2001:db8::/64', '192.0.2.7', '')
    """
    try:
        found = IPv6Address(address)
    except ValueError:
        return address
    return str(IPv6Network((int(found) >> 64 << 64, 64)))


def _limited(wait: timedelta) -> Refused:
    seconds = ceil(wait.total_seconds())
    return Refused(
        "rate_limited",
        "There were too many attempts.",
        suggestion=f"Try again in {seconds} seconds.",
    )
