"""Local accounts: a password, a second factor, and what wrong ones come to."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from privacy.errors import Refused
from tests.control.world import ADMINISTRATOR, COLLEAGUE, RESEARCHER
from tests.identity.conftest import PASSWORD, Reception
from tre.control.tables import audit_record, local_account, rate
from tre.governance.people import disable_person
from tre.identity.desk import Means
from tre.identity.sealing import Unsealable, seal, unseal
from tre.identity.sessions import IDLE, LONGEST


def refusal(deed, *arguments, **named) -> str:
    """The code with which a deed is refused; empty where it is done."""
    try:
        deed(*arguments, **named)
    except Refused as refused:
        return refused.code
    return ""


def records(reception: Reception, kind: str) -> list[str]:
    """The subjects of the log's records of a kind."""
    with reception.world.control.reading() as connection:
        found = select(audit_record.c.subject).where(audit_record.c.kind == kind)
        return list(connection.execute(found).scalars())


def test_a_password_and_a_code_open_a_session(reception: Reception) -> None:
    """Whoever has both is let in for every use, and the log says so."""
    session = reception.sign_in()
    caller = reception.desk.session(session.secret)
    assert (caller.person, caller.means) == (RESEARCHER, Means.SESSION)
    assert records(reception, "session.opened") == [RESEARCHER]


@pytest.mark.parametrize(
    ("person", "password", "code"),
    [
        (RESEARCHER, "another password", None),
        (RESEARCHER, "", None),
        (RESEARCHER, PASSWORD, "000000"),
        (RESEARCHER, PASSWORD, ""),
        (RESEARCHER, PASSWORD, "x" * 10_000),
        (COLLEAGUE, PASSWORD, None),
        ("nobody", PASSWORD, None),
        ("\ud800", "\ud800", None),
    ],
)
def test_whatever_is_wrong_the_refusal_is_the_same(
    reception: Reception, person: str, password: str, code: str | None
) -> None:
    """It does not say whether the person is known, nor which part was wrong."""
    with pytest.raises(Refused) as caught:
        reception.sign_in(person, password, code)
    assert caught.value.code == "not_authenticated"
    assert caught.value.message == "The name, the password or the code is not right."


def test_a_code_is_good_once(reception: Reception) -> None:
    """A code that was used, and those before it, open nothing any more."""
    code = reception.code()
    reception.sign_in(code=code)
    assert refusal(reception.sign_in, code=code) == "not_authenticated"
    reception.later(seconds=30)
    assert refusal(reception.sign_in, code=code) == "not_authenticated"
    assert reception.sign_in().person == RESEARCHER


@pytest.mark.parametrize(("seconds", "taken"), [(-60, False), (-30, True), (30, True)])
def test_a_telephone_may_be_half_a_minute_off(
    reception: Reception, seconds: int, taken: bool
) -> None:
    """Codes of the step before and after are taken, no others."""
    reception.later(minutes=5)
    reception.later(seconds=seconds)
    code = reception.code()
    reception.later(seconds=-seconds)
    assert (refusal(reception.sign_in, code=code) == "") is taken


def test_wrong_tries_are_few_and_a_restart_forgets_none(reception: Reception) -> None:
    """After five wrong tries even the right one waits, across restarts, then passes."""
    for _ in range(5):
        wrong = refusal(reception.sign_in, password="wrong password")
        assert wrong == "not_authenticated"
    assert records(reception, "account.locked") == [RESEARCHER]
    assert refusal(reception.sign_in) == "rate_limited"
    reception.restart()
    reception.later(minutes=14)
    assert refusal(reception.sign_in) == "rate_limited"
    reception.later(minutes=1)
    assert refusal(reception.sign_in) == ""
    for _ in range(4):  # a right one makes the allowance whole
        reception.later(seconds=30)
        assert refusal(reception.sign_in, password="wrong") == "not_authenticated"
    reception.later(seconds=30)
    assert refusal(reception.sign_in) == ""


def test_nobody_locks_another_out_from_one_network(reception: Reception) -> None:
    """Who knows a name waits where they are, and the person elsewhere does not."""
    for number in range(50):
        code = refusal(reception.sign_in, password="wrong", address="there")
        assert code == ("not_authenticated" if number < 5 else "rate_limited")
    assert refusal(reception.sign_in, address="here") == ""


def test_tries_from_everywhere_are_counted_together(reception: Reception) -> None:
    """Many networks guess one password no faster than a few."""
    codes = [
        refusal(reception.sign_in, password="wrong", address=f"from-{number}")
        for number in range(40)
    ]
    assert codes == ["not_authenticated"] * 30 + ["rate_limited"] * 10
    assert refusal(reception.sign_in, address="here") == "rate_limited"
    reception.later(minutes=5)
    assert refusal(reception.sign_in, address="here") == ""
    assert records(reception, "account.locked") == [RESEARCHER]


def test_names_that_are_made_up_wait_too_and_fill_nothing(
    reception: Reception,
) -> None:
    """Unknown people are locked out as known ones are; the log has nothing of them."""
    for number in range(8):
        code = refusal(reception.sign_in, "nobody")
        assert code == ("not_authenticated" if number < 5 else "rate_limited")
    assert records(reception, "account.locked") == []
    with reception.world.control.reading() as connection:
        places = list(connection.execute(select(rate.c.place)).scalars())
    assert all(len(place) == 4 for place in places)


def test_an_address_tries_only_so_often(reception: Reception) -> None:
    """One address that goes through names is slowed down, others are not."""
    desk = reception.desk
    codes = [refusal(desk.enrolment, "guess", address="there") for _ in range(70)]
    assert codes.count("invalid_invitation") == 60
    assert codes[-1] == "rate_limited"
    assert refusal(reception.sign_in, address="there") == "rate_limited"
    assert refusal(reception.sign_in, address="here") == ""


def test_an_invitation_is_good_once_and_for_two_days(reception: Reception) -> None:
    """A used, replaced, late or made-up invitation opens nothing."""
    desk = reception.desk
    replaced = desk.invite(COLLEAGUE, by=ADMINISTRATOR).secret
    invitation = desk.invite(COLLEAGUE, by=ADMINISTRATOR).secret
    for wrong in (replaced, invitation + "x", "", "\ud800"):
        assert refusal(desk.enrolment, wrong, address="a") == "invalid_invitation"
    assert desk.enrolment(invitation, address="a").person == COLLEAGUE
    reception.later(days=2)
    assert refusal(desk.enrolment, invitation, address="a") == "invalid_invitation"
    reception.enrol(COLLEAGUE)
    assert reception.sign_in(COLLEAGUE).person == COLLEAGUE


@pytest.mark.parametrize(
    "password",
    ["short", "x" * 257, "aaaaaaaaaaaaaaaa", "my name is colleague", "zero\0zero zero"],
)
def test_easy_passwords_are_refused_and_the_invitation_stays(
    reception: Reception, password: str
) -> None:
    """Too short, too long, the own name, one character: try again."""
    assert refusal(reception.enrol, COLLEAGUE, password) == "invalid_password"
    reception.enrol(COLLEAGUE)


def test_recovery_ends_what_there_was(reception: Reception) -> None:
    """A new invitation ends the password, the second factor and every session."""
    session = reception.sign_in()
    before = reception.secret
    for _ in range(5):
        refusal(reception.sign_in, password="forgotten it")
    reception.desk.invite(RESEARCHER, by=ADMINISTRATOR)
    assert refusal(reception.desk.session, session.secret) == "not_authenticated"
    reception.later(seconds=30)
    elsewhere = refusal(reception.sign_in, address="elsewhere")
    assert elsewhere == "not_authenticated"
    reception.enrol(password="entirely different words")
    assert reception.secret != before
    assert refusal(reception.sign_in, password=PASSWORD) == "not_authenticated"
    assert reception.sign_in(password="entirely different words").person == RESEARCHER
    assert records(reception, "account.invited") == [RESEARCHER] * 3


def test_only_administrators_invite(reception: Reception) -> None:
    """Nobody gives themselves, or others, another password."""
    assert refusal(reception.desk.invite, COLLEAGUE, by=RESEARCHER) == "not_permitted"
    unknown = refusal(reception.desk.invite, "nobody", by=ADMINISTRATOR)
    assert unknown == "unknown_person"


def test_a_session_ends_idle_late_or_with_its_person(reception: Reception) -> None:
    """Half an hour without a request, eight hours in all, or a disabled person."""
    idle = reception.sign_in().secret
    reception.later(seconds=IDLE.total_seconds() - 1)
    assert reception.desk.session(idle).person == RESEARCHER
    reception.later(seconds=IDLE.total_seconds() - 1)
    assert reception.desk.session(idle).person == RESEARCHER
    reception.later(seconds=IDLE.total_seconds())
    assert refusal(reception.desk.session, idle) == "not_authenticated"
    kept = reception.sign_in().secret
    until = reception.now + LONGEST
    while reception.now + timedelta(minutes=29) < until:
        reception.later(minutes=29)
        assert reception.desk.session(kept).person == RESEARCHER
    reception.later(minutes=29)
    assert refusal(reception.desk.session, kept) == "not_authenticated"
    last = reception.sign_in().secret
    with reception.world.act(ADMINISTRATOR) as act:
        disable_person(act, RESEARCHER)
    assert refusal(reception.desk.session, last) == "not_authenticated"
    reception.later(seconds=30)
    assert refusal(reception.sign_in) == "not_authenticated"


def test_signing_out_ends_the_session(reception: Reception) -> None:
    """The cookie is worth nothing afterwards; signing out twice does nothing."""
    session = reception.sign_in()
    reception.desk.sign_out(session.secret)
    assert refusal(reception.desk.session, session.secret) == "not_authenticated"
    reception.desk.sign_out(session.secret)
    assert records(reception, "session.closed") == [RESEARCHER]


def test_nothing_that_opens_is_kept_readably(reception: Reception) -> None:
    """No password, second factor, session or invitation stands in the database."""
    session = reception.sign_in()
    invitation = reception.desk.invite(COLLEAGUE, by=ADMINISTRATOR)
    reception.world.control.close()
    kept = b"".join(
        file.read_bytes() for file in reception.path.parent.iterdir() if file.is_file()
    )
    for secret in (PASSWORD, reception.secret, session.secret, invitation.secret):
        assert secret.encode() not in kept
        assert secret not in repr(session) + repr(invitation)
    assert b"$argon2id$" in kept


def test_a_seal_fits_its_place(reception: Reception) -> None:
    """One person's second factor cannot be put in another's place."""
    reception.enrol(COLLEAGUE)
    with reception.world.control.writing() as connection:
        mine = connection.execute(
            select(local_account.c.factor).where(local_account.c.person == RESEARCHER)
        ).scalar_one()
        connection.execute(
            local_account.update()
            .where(local_account.c.person == COLLEAGUE)
            .values(factor=mine)
        )
    with pytest.raises(Unsealable):
        reception.sign_in(COLLEAGUE)
    for wrong in (b"", b"x" * 40, seal(bytes(32), "a", b"secret")):
        with pytest.raises(Unsealable):
            unseal(bytes(32), "b", wrong)
