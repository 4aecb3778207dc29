"""What the log says of things, for comparison with the tables that say it too.

The log is signed, and the tables are what is acted on: where they differ, somebody
changed a table without an act.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, select

from tre.control.tables import audit_record

_MANY: Final = 1_000


class Unsaid:
    """What a record does not say, because an earlier program wrote it."""


UNSAID: Final = Unsaid()

Facts: TypeAlias = Mapping[str, object]
"""What is so, by what it is said of in words: `the state of project pathways`."""


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """Something that a table says otherwise than the log, and what differs.

    Where it is `unsaid`, the log is too old to say: nothing differs, and nothing is
    proven.
    """

    what: str
    problem: str
    unsaid: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """A record as far as it tells of its subject."""

    kind: str
    subject: str
    detail: dict[str, Any]
    actor: str
    at: str

    def fact(self, name: str) -> object:
        """What the record says under this name, or UNSAID."""
        return self.detail.get(name, UNSAID)


def told(
    connection: Connection, *kinds: str, subject: str | None = None
) -> Iterator[Told]:
    """The records of these kinds, in the log's order; of one subject where named."""
    columns = audit_record.c
    kept = (columns.kind, columns.subject, columns.detail, columns.actor, columns.at)
    query = select(*kept).where(columns.kind.in_(kinds)).order_by(columns.position)
    if subject is not None:
        query = query.where(columns.subject == subject)
    with connection.execution_options(yield_per=_MANY).execute(query) as rows:
        for row in rows:
            detail = json.loads(row.detail)
            yield Told(row.kind, row.subject, detail, row.actor, row.at)


def different(log: Facts, stored: Facts) -> Iterator[Discrepancy]:
    """Where what is stored is not what the log says, fact by fact."""
    for what in sorted(log.keys() | stored.keys()):
        if what not in log:
            yield Discrepancy(what, "is not in the log")
        elif what not in stored:
            yield Discrepancy(what, "is in the log, and nowhere else")
        elif log[what] is UNSAID:
            yield Discrepancy(what, "was not written down at the time", unsaid=True)
        elif log[what] != stored[what]:
            yield Discrepancy(what, "is not as the log has it")
