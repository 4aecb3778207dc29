"""Two gateways on one PostgreSQL server are one: limits, sessions, codes, tokens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest

from privacy.errors import Refused
from tests.control import world as worlds
from tests.control.world import ADMINISTRATOR, KEY, NOW, RESEARCHER
from tests.identity.conftest import PASSWORD, SEAL
from tests.postgres import running
from tre.control.database import Control, open_control
from tre.identity.accounts import Credentials
from tre.identity.desk import Desk


@dataclass
class Gateways:
    """Two processes' view of one database, a clock, and the researcher's secret."""

    controls: tuple[Control, Control]
    secret: str = ""
    now: datetime = NOW

    def desk(self, number: int) -> Desk:
        """The desk of one of them."""
        return Desk(self.controls[number % 2], lambda: self.now, SEAL)

    def sign_in(self, number: int, code: str, password: str = PASSWORD) -> str:
        """Try at one of them: the session's secret, or the code of the refusal."""
        said = Credentials(RESEARCHER, password, code)
        try:
            return self.desk(number).sign_in(said, address="one network").secret
        except Refused as refused:
            return refused.code


@pytest.fixture
def gateways() -> Iterator[Gateways]:
    """A researcher with an account, and nobody at the doors."""
    with running() as postgres:
        place = postgres.new()
        first, second = worlds.found(place).control, open_control(place, KEY)
        both = Gateways((first, second))
        desk = both.desk(0)
        invitation = desk.invite(RESEARCHER, by=ADMINISTRATOR).secret
        uri = both.desk(1).enrolment(invitation, address="here").uri
        both.secret = parse_qs(urlsplit(uri).query)["secret"][0]
        earlier = pyotp.TOTP(both.secret).at(NOW - timedelta(seconds=30))
        desk.enrol(invitation, PASSWORD, earlier, address="here")
        yield both
        first.close()
        second.close()


def test_wrong_tries_are_counted_together_and_a_code_is_good_once(
    gateways: Gateways,
) -> None:
    """However many at once, and at whichever gateway: five tries, one session."""
    code = pyotp.TOTP(gateways.secret).at(NOW)
    with ThreadPoolExecutor(12) as pool:
        ended = list(pool.map(lambda n: gateways.sign_in(n, code), range(4)))
        sessions = [each for each in ended if each != "not_authenticated"]
        assert len(sessions) == 1
        wrong = lambda n: gateways.sign_in(n, "000000", "a wrong password")
        said = Counter(pool.map(wrong, range(12)))
    assert said["not_authenticated"] <= 5
    assert said["rate_limited"] == 12 - said["not_authenticated"]
    gateways.now = NOW + timedelta(seconds=30)
    later = pyotp.TOTP(gateways.secret).at(gateways.now)
    assert [gateways.sign_in(n, later) for n in (0, 1)] == ["rate_limited"] * 2


def test_what_one_gives_the_other_knows_and_can_end(gateways: Gateways) -> None:
    """A session and a token opened at one are known at the other, and ended there."""
    one, other = gateways.desk(0), gateways.desk(1)
    session = gateways.sign_in(0, pyotp.TOTP(gateways.secret).at(NOW))
    token = one.issue_token(RESEARCHER, by=RESEARCHER)
    assert other.session(session).person == RESEARCHER
    assert other.bearer(token.secret).person == RESEARCHER
    other.sign_out(session)
    other.revoke_token(token.id, by=RESEARCHER)
    for deed in (lambda: one.session(session), lambda: one.bearer(token.secret)):
        with pytest.raises(Refused) as refusal:
            deed()
        assert refusal.value.code == "not_authenticated"
