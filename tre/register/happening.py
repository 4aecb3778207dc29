"""A record of the log, as far as the register may tell of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, select

from tre.audit.record import Record
from tre.control.tables import audit_record

TOLD: Final = (
    *("organisation.added", "person.affiliated"),
    *("population.created", "population.period_agreed", "population.period_opened"),
    *("dataset.published", "dataset.rebuilt", "dataset.withdrawn"),
    *("dataset.conditions_set", "dataset.conditions_lifted"),
    *("objection.taken", "profile.reserved", "profile.released"),
    *("project.proposed", "project.amended", "project.approved"),
    *("project.approval_withdrawn", "project.activated", "project.suspended"),
    *("project.resumed", "project.closed", "project.terms_changed"),
    *("project.pinned", "project.following", "project.pin_moved"),
    *("project.amendment_proposed", "project.amendment_withdrawn"),
    *("question.reserved", "question.refused"),
    *("submission.made", "submission.revised", "submission.decided"),
    *("incident.recorded", "incident.resolved"),
)
"""The kinds of record that the register is made of; no other is looked at."""

_MANY: Final = 1_000


@dataclass(frozen=True, slots=True)
class Happening:
    """What happened, on which day. `id` is the record's leaf in the log's tree.

    Who did it and at what time of day are not told.
    """

    id: str
    day: str
    kind: str
    subject: str
    detail: dict[str, Any]


def happenings(records: Iterable[Record]) -> tuple[Happening, ...]:
    """The records of the kinds that are told, in the log's order."""
    return tuple(happening(record) for record in records if record.kind in TOLD)


def read_records(connection: Connection) -> Iterator[Record]:
    """The log's records of the kinds that are told."""
    rows = connection.execution_options(yield_per=_MANY).execute(
        select(audit_record)
        .where(audit_record.c.kind.in_(TOLD))
        .order_by(audit_record.c.position)
    )
    for row in rows:
        yield Record(row.position, row.at, row.actor, row.kind, row.subject, row.detail)


def happening(record: Record) -> Happening:
    """One record of a kind that is told."""
    detail: Any = record.facts()["detail"]
    day = record.at.partition("T")[0]
    return Happening(record.leaf().hex(), day, record.kind, record.subject, detail)
