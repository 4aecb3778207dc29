"""Whom a provider's word is of, and what ends when it is taken back."""

from __future__ import annotations

from typing import Any

import pytest

from privacy.errors import Refused
from tests.control.world import ADMINISTRATOR, COLLEAGUE, RESEARCHER
from tests.identity.conftest import Reception
from tests.identity.test_sign_in import refusal
from tre.audit.act import acting
from tre.governance.people import add_person
from tre.governance.roles import Role
from tre.identity.issuer import Issuer
from tre.identity.providers import Provider, person_of
from tre.identity.sessions import open_session

ISSUER = "https://id.example.org"
MAIL = "mail@example.org"


def provider(issuer: str = ISSUER, *, by_email: bool = True) -> Provider:
    """A provider that answers as it should."""
    return Provider(issuer, "tre", "urn:tre", by_email=by_email)


@pytest.fixture(autouse=True)
def trusted(reception: Reception, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is set up, and the researcher is a subject of it."""
    monkeypatch.setattr(Issuer, "keys", lambda *_, **__: None)
    reception.desk.set_provider(provider(), by=ADMINISTRATOR)
    reception.desk.link("subject", RESEARCHER, by=ADMINISTRATOR)
    with reception.world.act(ADMINISTRATOR) as act:
        add_person(act, MAIL, [Role.RESEARCHER])


def session(reception: Reception, person: str = RESEARCHER) -> str:
    """A session that somebody opened by the provider."""
    with acting(reception.world.control, person, reception.now) as act:
        return open_session(act).secret


def known_as(reception: Reception, **claims: Any) -> str:
    """Whom the provider's claims are of; empty for nobody here."""
    with reception.world.control.reading() as connection:
        try:
            return person_of(connection, provider(), {"sub": "x"} | claims)
        except Refused:
            return ""


def test_who_is_unlinked_is_out_at_once(reception: Reception) -> None:
    """Unlinked, or linked to somebody else: what was open ends, others' stays."""
    other, own = session(reception, COLLEAGUE), session(reception)
    reception.desk.unlink("subject", by=ADMINISTRATOR)
    assert refusal(reception.desk.session, own) == "not_authenticated"
    reception.desk.link("subject", RESEARCHER, by=ADMINISTRATOR)
    own = session(reception)
    reception.desk.link("subject", COLLEAGUE, by=ADMINISTRATOR)
    assert refusal(reception.desk.session, own) == "not_authenticated"
    assert reception.desk.session(other).person == COLLEAGUE


def test_another_provider_or_none_ends_every_session(reception: Reception) -> None:
    """Setting the same one again ends nothing; what the old one vouched for ends."""
    held = session(reception)
    reception.desk.set_provider(provider(by_email=False), by=ADMINISTRATOR)
    assert reception.desk.session(held).person == RESEARCHER
    elsewhere = provider("https://other.example.org")
    reception.desk.set_provider(elsewhere, by=ADMINISTRATOR)
    assert refusal(reception.desk.session, held) == "not_authenticated"
    held = session(reception)
    reception.desk.remove_provider(by=ADMINISTRATOR)
    assert refusal(reception.desk.session, held) == "not_authenticated"


@pytest.mark.parametrize(
    ("claims", "person"),
    [
        ({"email": MAIL, "email_verified": True}, MAIL),
        ({"email": MAIL, "email_verified": False}, ""),
        ({"email": MAIL, "email_verified": "true"}, ""),
        ({"email": MAIL, "email_verified": 1}, ""),
        ({"email": MAIL}, ""),
        ({"email": MAIL.upper(), "email_verified": True}, ""),
        ({"email": ADMINISTRATOR, "email_verified": True}, ""),
        ({"email": [MAIL], "email_verified": True}, ""),
        ({"email": "", "email_verified": True}, ""),
        ({"sub": ADMINISTRATOR}, ""),
        ({"sub": MAIL}, ""),
        ({"sub": "subject", "email": MAIL, "email_verified": True}, RESEARCHER),
    ],
)
def test_an_address_counts_where_it_is_one_and_verified(
    reception: Reception, claims: dict[str, Any], person: str
) -> None:
    """No name or subject is taken for a person's id; a linked subject goes first."""
    assert known_as(reception, **claims) == person
