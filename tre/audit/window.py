"""The log as others see it: signed heads, proofs, and the place outside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection, select

from tre.audit.act import Act
from tre.audit.merkle import verify_consistency
from tre.audit.note import Note, sign_note, verifier_key
from tre.audit.outside import Forked, Outside, outside
from tre.audit.proofs import Consistency, Inclusion, consistency, head_at, inclusion
from tre.control.database import Control
from tre.control.tables import audit_record

_PLACE = "heads.place_set"


@dataclass(frozen=True, slots=True)
class Window:
    """What anybody may know of the log, whoever they are."""

    control: Control
    clock: Callable[[], datetime]

    @property
    def key(self) -> Ed25519PublicKey:
        """The public key of the log, and of receipts."""
        return self.control.signing_key.public_key()

    def verifier_key(self) -> str:
        """The public key in the form that other people's tools read."""
        return verifier_key(self.key)

    def note(self) -> Note:
        """The newest head, signed for others."""
        with self.control.reading() as connection:
            return sign_note(self.control.signing_key, head_at(connection))

    def inclusion(self, position: int, size: int | None = None) -> Inclusion:
        """The proof that a record is in the log. Refused with not_in_log."""
        with self.control.reading() as connection:
            return inclusion(connection, position, size)

    def consistency(self, earlier: int, later: int | None = None) -> Consistency:
        """The proof that the log only grew. Refused with not_in_log."""
        with self.control.reading() as connection:
            return consistency(connection, earlier, later)

    def outside(self) -> Outside | None:
        """Where heads are published; None where no place was set."""
        with self.control.reading() as connection:
            place = _place(connection)
        return outside(place) if place else None

    def publish(self) -> Note | None:
        """Publish the newest head outside; None where no place was set.

        NotPublished where it cannot be done now. Forked where what was published
        before is not the beginning of this log: somebody rewrote it, or restored an
        older one.
        """
        there = self.outside()
        if there is None:
            return None
        note, before = self.note(), there.newest()
        if before is not None and not self._continues(before, note):
            raise Forked(f"the head of {before.size:,} records")
        there.publish(note)
        return note

    def _continues(self, before: Note, now: Note) -> bool:
        if before.size > now.size or not before.signed_by(self.key):
            return False
        proof = self.consistency(before.size, now.size)
        return verify_consistency(before.head, now.head, proof.path)


def set_place(act: Act, place: str) -> None:
    """Publish heads to this folder or address from now on; empty for nowhere.

    The log itself is what remembers it. Invalid for what is neither.
    """
    if place:
        outside(place)
    act.record(_PLACE, place, {})


def _place(connection: Connection) -> str:
    found = connection.execute(
        select(audit_record.c.subject)
        .where(audit_record.c.kind == _PLACE)
        .order_by(audit_record.c.position.desc())
        .limit(1)
    ).scalar_one_or_none()
    return found or ""
