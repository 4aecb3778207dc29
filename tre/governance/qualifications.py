"""What a researcher has to have, until when: accreditation, and training.

A researcher without both, or whose day is over, is refused the next question. It is
a public fact of the person and has nothing to do with the data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from enum import Enum
from typing import Final

from sqlalchemy import Connection, bindparam, delete, insert, select

from privacy.errors import Refused
from tre.audit.act import Act
from tre.control.tables import qualification, storable
from tre.governance.roles import Action, find_person, permitted


class Kind(Enum):
    """A kind of qualification. Who asks questions has both."""

    ACCREDITATION = "accreditation"
    TRAINING = "training"


USUAL_LIFE: Final = timedelta(days=365)
"""How long a new researcher is vouched for where nothing is said."""

VOUCHED: Final = "vouched for by who added them"

LONGEST_REFERENCE: Final = 1_000

_HELD: Final = select(qualification.c.kind, qualification.c.until).where(
    qualification.c.person == bindparam("person_id")
)
_CODES: Final = {Kind.ACCREDITATION: "not_accredited", Kind.TRAINING: "not_trained"}


@dataclass(frozen=True, slots=True)
class Qualified:
    """Until which day somebody's qualification is good, and where that is on paper."""

    kind: Kind
    until: date
    reference: str


def qualify_person(act: Act, person_id: str, qualified: Qualified) -> None:
    """Record a qualification, in place of an earlier one of its kind.

    Refused with not_permitted, separation_of_duties (nobody qualifies themselves),
    unknown_person, reason_missing without a reference, or invalid_qualification for
    a day that is over.
    """
    permitted(act, Action.QUALIFY_PERSON)
    _anothers(act, person_id)
    reference = qualified.reference.strip()
    if not 0 < len(reference) <= LONGEST_REFERENCE or not storable(reference):
        raise Refused("reason_missing", "Say where the qualification is on paper.")
    record_qualification(act, person_id, qualified)


def record_qualification(act: Act, person_id: str, qualified: Qualified) -> None:
    """As `qualify_person`, where the caller has seen to who may."""
    if qualified.until < act.now.astimezone(UTC).date():
        raise Refused("invalid_qualification", "A qualification ends in the future.")
    _forget(act, person_id, qualified.kind)
    act.connection.execute(
        insert(qualification).values(
            person=person_id,
            kind=qualified.kind.value,
            until=qualified.until,
            reference=qualified.reference,
        )
    )
    detail = {
        "kind": qualified.kind.value,
        "until": qualified.until.isoformat(),
        "reference": qualified.reference,
    }
    act.record("person.qualified", person_id, detail)


def disqualify_person(act: Act, person_id: str, kind: Kind, reason: str) -> None:
    """End a qualification now; its holder's next question is refused.

    Refused with not_permitted, separation_of_duties, unknown_person, reason_missing,
    or wrong_state where there is none.
    """
    permitted(act, Action.QUALIFY_PERSON)
    _anothers(act, person_id)
    if not reason.strip() or not storable(reason):
        raise Refused("reason_missing", "Say why the qualification ends.")
    if not _forget(act, person_id, kind):
        raise Refused("wrong_state", f"There is no {kind.value} of theirs to end.")
    detail = {"kind": kind.value, "reason": reason.strip()}
    act.record("person.disqualified", person_id, detail)


def check_qualified(connection: Connection, person_id: str, today: date) -> None:
    """Refused with not_accredited or not_trained unless both are good today."""
    held = qualified_until(connection, person_id)
    for kind, code in _CODES.items():
        until = held.get(kind)
        if until is None or until < today:
            ended = "is not on record" if until is None else f"ended on {until}"
            raise Refused(
                code,
                f"Your {kind.value} {ended}.",
                suggestion="An administrator records it: `tre person qualify`.",
            )


def qualified_until(connection: Connection, person_id: str) -> Mapping[Kind, date]:
    """The last day of each qualification that somebody has."""
    rows = connection.execute(_HELD, {"person_id": person_id})
    return {Kind(row.kind): row.until for row in rows}


def _anothers(act: Act, person_id: str) -> None:
    if person_id == act.actor:
        raise Refused("separation_of_duties", "Nobody qualifies themselves.")
    if find_person(act.connection, person_id) is None:
        raise Refused("unknown_person", f"{person_id[:80]} is not known here.")


def _forget(act: Act, person_id: str, kind: Kind) -> bool:
    gone = act.connection.execute(
        delete(qualification).where(
            qualification.c.person == person_id, qualification.c.kind == kind.value
        )
    )
    return bool(gone.rowcount)
