"""What all tables share: their registry, and how moments and amounts are kept."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Dialect, MetaData, String, TypeDecorator

LARGEST: Final = 2**63 - 1
"""The largest amount an account can hold; what no budget is declared for has it."""


def storable(name: str) -> bool:
    r"""Whether the database can hold this text; where not, nothing has that name.

    >>> storable("people"), storable("a\0b"), storable("\ud800")
    (True, False, False)
    """
    try:
        return b"\0" not in name.encode()
    except UnicodeEncodeError:
        return False


class Instant(TypeDecorator[datetime]):
    """A moment in UTC, kept to the microsecond in text that sorts as time."""

    impl = String(27)
    cache_ok = True

    def process_bind_param(
        self, value: datetime | None, _dialect: Dialect
    ) -> str | None:
        """Text for the database. ValueError for a time of unknown zone."""
        return None if value is None else instant_text(value)

    def process_result_value(
        self, value: str | None, _dialect: Dialect
    ) -> datetime | None:
        """The moment the text stands for."""
        if value is None:
            return None
        return datetime.fromisoformat(value)


def instant_text(moment: datetime) -> str:
    """A moment as the database and the log write it.

    >>> instant_text(datetime(2026, 7, 1, 12, tzinfo=UTC))
    '2026-07-01T12:00:00.000000Z'
    """
    if moment.tzinfo is None:
        raise ValueError("a moment needs its time zone")
    utc = moment.astimezone(UTC).replace(tzinfo=None)
    return f"{utc.isoformat(timespec='microseconds')}Z"


metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
