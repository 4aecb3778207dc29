"""A desk over a control database of its own, with a clock that tests turn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest

from tests.control import world as worlds
from tests.control.world import ADMINISTRATOR, KEY, NOW, RESEARCHER, World
from tre.control.database import open_control
from tre.control.engines import Durability
from tre.identity.accounts import Credentials
from tre.identity.desk import Desk
from tre.identity.sessions import Session

PASSWORD = "correct horse battery"
SEAL = bytes(range(32))


@dataclass
class Reception:
    """A desk, the time there, and a person with an account."""

    world: World
    path: Path
    now: datetime = NOW
    secret: str = ""

    @property
    def desk(self) -> Desk:
        """The desk, going by this reception's time."""
        return Desk(self.world.control, lambda: self.now, SEAL)

    def later(self, **said: float) -> None:
        """Let time pass."""
        self.now += timedelta(**said)

    def restart(self) -> None:
        """Forget everything that is not on disk."""
        self.world.control.close()
        control = open_control(self.path, KEY, durability=Durability.PROCESS_END)
        self.world = World(control)

    def code(self) -> str:
        """What the person's authenticator shows now."""
        return pyotp.TOTP(self.secret).at(self.now)

    def enrol(self, person: str = RESEARCHER, password: str = PASSWORD) -> None:
        """Invite somebody, who chooses a password."""
        invitation = self.desk.invite(person, by=ADMINISTRATOR).secret
        uri = self.desk.enrolment(invitation, address="here").uri
        self.secret = parse_qs(urlsplit(uri).query)["secret"][0]
        self.desk.enrol(invitation, password, self.code(), address="here")
        self.later(seconds=30)

    def sign_in(
        self,
        person: str = RESEARCHER,
        password: str = PASSWORD,
        code: str | None = None,
        address: str = "here",
    ) -> Session:
        """Try to sign in."""
        said = Credentials(person, password, self.code() if code is None else code)
        return self.desk.sign_in(said, address=address)


@pytest.fixture
def reception(tmp_path: Path) -> Iterator[Reception]:
    """A desk, and a researcher with an account."""
    path = tmp_path / "control.db"
    reception = Reception(worlds.found(path), path)
    reception.enrol()
    yield reception
    reception.world.control.close()


@pytest.fixture
def new(tmp_path: Path) -> Iterator[World]:
    """People only."""
    world = worlds.found(tmp_path / "people.db")
    yield world
    world.control.close()
