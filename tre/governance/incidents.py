"""Incidents: written down for the public by who saw to them, and brought to an end.

They are kept in the log alone: what is said of one cannot be changed afterwards.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select

from privacy.errors import Refused
from tre.audit.act import Act
from tre.control.tables import audit_record, dataset, project, storable
from tre.governance.roles import Action, permitted

LONGEST: Final = 4_000


@dataclass(frozen=True, slots=True)
class About:
    """What an incident is about, where it is one project or one dataset."""

    project: str | None = None
    dataset: str | None = None


def record_incident(act: Act, summary: str, about: About | None = None) -> str:
    """Write an incident down, in words for the public; its id comes back.

    Refused with not_permitted, reason_missing, unknown_project or unknown_dataset.
    """
    permitted(act, Action.RECORD_INCIDENT)
    said = _said(summary, "Say what happened, in words for the public.")
    of = about or About()
    _check(act, of)
    incident = secrets.token_hex(6)
    detail = {"summary": said, "project": of.project, "dataset": of.dataset}
    act.record("incident.recorded", incident, detail)
    return incident


def resolve_incident(act: Act, incident: str, outcome: str) -> None:
    """End an incident with what was done about it, in words for the public.

    Refused with not_permitted, outcome_missing, unknown_incident, or wrong_state
    where it has ended.
    """
    permitted(act, Action.RECORD_INCIDENT)
    kinds = _kinds(act, incident)
    if not kinds:
        raise Refused("unknown_incident", "There is no incident of this id.")
    if "incident.resolved" in kinds:
        raise Refused("wrong_state", "The incident has been resolved.")
    said = _said(outcome, "Say what was done about it.", "outcome_missing")
    act.record("incident.resolved", incident, {"outcome": said})


def _kinds(act: Act, incident: str) -> set[str]:
    """What the log has of an incident."""
    if not storable(incident):
        return set()
    rows = act.connection.execute(
        select(audit_record.c.kind)
        .where(audit_record.c.kind.in_(("incident.recorded", "incident.resolved")))
        .where(audit_record.c.subject == incident)
    )
    return set(rows.scalars())


def _check(act: Act, about: About) -> None:
    for name, column, code in (
        (about.project, project.c.name, "unknown_project"),
        (about.dataset, dataset.c.name, "unknown_dataset"),
    ):
        if name is None:
            continue
        known = (
            storable(name)
            and act.connection.execute(
                select(column).where(column == name)
            ).one_or_none()
        )
        if not known:
            raise Refused(code, f"There is no {name[:80]}.")


def _said(text: str, otherwise: str, code: str = "reason_missing") -> str:
    if not 0 < len(text.strip()) <= LONGEST or not storable(text):
        raise Refused(code, otherwise)
    return text.strip()
