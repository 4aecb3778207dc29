"""How often something may be tried, kept in the control database.

The generic cell rate algorithm (ITU-T I.371): one moment is kept for each subject,
the one at which its allowance is whole again. What a restart forgets would be an
attacker's to use; subjects are hashed into a fixed number of places, so that names
somebody makes up cannot fill the disk.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, delete, insert, select, update

from tre.control.tables import rate

_PLACES: Final = 65_536


@dataclass(frozen=True, slots=True)
class Rate:
    """`burst` tries at once, and one more for every `interval` after that."""

    name: str
    burst: int
    interval: timedelta


SIGN_INS: Final = Rate("sign_in", 5, timedelta(minutes=15))
"""Wrong passwords or codes of one person from one network; a right one makes the
allowance whole. Others who know the name wait, and the person elsewhere does not."""

NAMES: Final = Rate("sign_in_name", 30, timedelta(minutes=5))
"""Sign-ins of one person from all networks together, right or wrong."""

ADDRESSES: Final = Rate("address", 60, timedelta(seconds=30))
"""Sign-ins and enrolments from one address, right or wrong."""

SESSIONS: Final = Rate("session", 30, timedelta(minutes=2))
"""Sessions that one person opens: each is a record of the log."""

REFUSALS: Final = Rate("refusal", 600, timedelta(seconds=6))
"""Refused questions of one person: each is a record of the log."""

PROBES: Final = Rate("probe", 1_000_000, timedelta(seconds=1))
"""Looks whether the database can be written; never used up."""

REPEATS: Final = Rate("repeat", 600, timedelta(seconds=6))
"""Repeated questions of one person, which cost nothing and are recorded too."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How often one person may do what costs nothing and is recorded all the same."""

    refusals: Rate | None = REFUSALS
    repeats: Rate | None = REPEATS


def taken(whole_at: datetime | None, now: datetime, limit: Rate) -> datetime | None:
    """When the allowance is whole again after one more try; None where it is used up.

    >>> from datetime import UTC
    >>> noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    >>> taken(None, noon, Rate("once", 1, timedelta(minutes=1))) - noon
    datetime.timedelta(seconds=60)
    >>> taken(noon + timedelta(seconds=1), noon, Rate("once", 1, timedelta(minutes=1)))
    """
    after = max(whole_at or now, now) + limit.interval
    return after if after - now <= limit.interval * limit.burst else None


def wait_for(whole_at: datetime | None, now: datetime, limit: Rate) -> timedelta:
    """How long until one more try is allowed; nothing where it is allowed now."""
    if whole_at is None:
        return timedelta()
    spare = limit.interval * (limit.burst - 1)
    return max(whole_at - now - spare, timedelta())


def try_once(
    connection: Connection, limit: Rate, place: str, now: datetime
) -> timedelta:
    """Use one try: nothing where it was allowed, else how long to wait for the next.

    A try that is not allowed is not counted: who waits is let in.
    """
    held = _whole_at(connection, limit, place)
    after = taken(held, now, limit)
    if after is None:
        return wait_for(held, now, limit)
    here = (rate.c.name == limit.name, rate.c.place == place)
    if held is None:
        connection.execute(
            insert(rate).values(name=limit.name, place=place, whole_at=after)
        )
    else:
        connection.execute(update(rate).where(*here).values(whole_at=after))
    return timedelta()


def waiting(
    connection: Connection, limit: Rate, place: str, now: datetime
) -> timedelta:
    """How long until one more try is allowed, without using one."""
    return wait_for(_whole_at(connection, limit, place), now, limit)


def forgive(connection: Connection, limit: Rate, place: str) -> None:
    """Make the allowance whole."""
    connection.execute(
        delete(rate).where(rate.c.name == limit.name, rate.c.place == place)
    )


def place_of(key: bytes, subject: str) -> str:
    """Where a subject's tries are counted: one of a fixed number of places.

    Keyed, so that nobody outside can choose names that share one.
    """
    tag = hmac.digest(key, subject.encode(errors="replace"), "sha256")
    return f"{int.from_bytes(tag[:8]) % _PLACES:04x}"


def _whole_at(connection: Connection, limit: Rate, place: str) -> datetime | None:
    return connection.execute(
        select(rate.c.whole_at).where(rate.c.name == limit.name, rate.c.place == place)
    ).scalar_one_or_none()
