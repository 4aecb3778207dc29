"""What the log says of things, for comparison with the tables that say it too.

The log is signed, and the tables are what is acted on: where they differ, somebody
changed a table without an act.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, select

from tre.control.tables import audit_record

_MANY: Final = 1_000


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """Something that a table says otherwise than the log, and what differs."""

    what: str
    problem: str


@dataclass(frozen=True, slots=True)
class Told:
    """A record as far as it tells of its subject."""

    kind: str
    subject: str
    detail: dict[str, Any]


def told(connection: Connection, *kinds: str) -> Iterator[Told]:
    """The records of these kinds, in the log's order."""
    columns = audit_record.c
    rows = connection.execution_options(yield_per=_MANY).execute(
        select(columns.kind, columns.subject, columns.detail)
        .where(columns.kind.in_(kinds))
        .order_by(columns.position)
    )
    for row in rows:
        yield Told(row.kind, row.subject, json.loads(row.detail))
