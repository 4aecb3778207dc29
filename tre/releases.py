"""Releases as they are kept: a table, and a receipt that anybody can check.

A receipt holds what was asked, of which data, under which policy, with which noise
and at what price; the digest of the released table; the log record that says so,
with its inclusion proof; and a signature over all of it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection, Row, insert, select

from tre.audit.act import acting
from tre.audit.attested import Unverified, attested, check_attested
from tre.audit.told import Discrepancy, told
from tre.control.canonical import Json, canonical, digest
from tre.control.database import Control, InDoubt, unavailable
from tre.control.tables import question, release, storable
from tre.ledger.question import Reserved
from tre.ledger.settle import ENVIRONMENT, settle_released

FORMAT: Final = "tre-receipt/1"

_ADD_RELEASE: Final = insert(release)
_MANY: Final = 100
_CLAIMED: Final = ("release", "question", "body", "content")


@dataclass(frozen=True, slots=True)
class Content:
    """A released table, in bytes of a media type."""

    media_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class StoredRelease:
    """A release as it was made; it never changes."""

    id: str
    project: str
    receipt: Mapping[str, Any] = field(repr=False)
    content: Content


def publish(
    control: Control,
    reserved: Reserved,
    body: Mapping[str, Json],
    content: Content,
    now: datetime,
) -> StoredRelease:
    """Settle a question as released, keep the release, and sign its receipt.

    `body` is what the receipt says of mechanisms, price, intervals and disclosure;
    numbers that are not whole are given as text. One transaction, after which the
    release may be shown. AlreadySettled where the question has ended meanwhile.
    """
    try:
        receipt, project = _published(control, reserved, body, content, now)
    except InDoubt:
        return _published_all_the_same(control, reserved)
    return StoredRelease(reserved.id, project, json.loads(receipt), content)


def _published(
    control: Control,
    reserved: Reserved,
    body: Mapping[str, Json],
    content: Content,
    now: datetime,
) -> tuple[str, str]:
    """The receipt and the project of a release just stored, in one transaction."""
    made: dict[str, Json] = {
        "release": reserved.id,
        "body": body,
        "content": _sum(content),
    }
    with acting(control, ENVIRONMENT, now) as act:
        ended = settle_released(
            act, reserved, lambda facts: {"claim": digest({**made, "question": facts})}
        )
        facts = {"format": FORMAT, **made, "question": ended.facts}
        entry = act.proven(ended.position)
        receipt = canonical(attested(control.signing_key, facts, entry))
        act.connection.execute(
            _ADD_RELEASE,
            {
                "id": reserved.id,
                "receipt": receipt,
                "media_type": content.media_type,
                "content": content.data,
            },
        )
    return receipt, str(ended.facts["project"])


def _published_all_the_same(control: Control, reserved: Reserved) -> StoredRelease:
    """The release, where the ledger was lost just after it had been stored."""
    with control.reading() as connection:
        try:
            return load_release(connection, reserved.id)
        except LookupError:
            raise unavailable() from None


def load_release(connection: Connection, release_id: str) -> StoredRelease:
    """A stored release. LookupError where there is none of that id.

    The caller checks that whoever asks is admitted to its project.
    """
    if not storable(release_id):
        raise LookupError("there is no such release")
    row = connection.execute(
        select(release, question.c.project)
        .join(question, question.c.id == release.c.id)
        .where(release.c.id == release_id)
    ).one_or_none()
    if row is None:
        raise LookupError("there is no such release")
    content = Content(row.media_type, row.content)
    return StoredRelease(row.id, row.project, json.loads(row.receipt), content)


def verify_receipt(
    receipt: Mapping[str, Any], key: Ed25519PublicKey, data: bytes | None = None
) -> None:
    """Check a receipt, offline, and the table's bytes where they are given.

    Unverified, naming what does not hold, where anything was changed.
    """
    try:
        check_attested(receipt, key, form=FORMAT, claimed=_CLAIMED)
        if data is not None and _sha256(data) != receipt["content"]["sha256"]:
            raise Unverified("the table is not the one that was released")
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Unverified("this is not a receipt") from None


def reconcile(connection: Connection, key: Ed25519PublicKey) -> Iterator[Discrepancy]:
    """Releases that are not the ones the log has, or are not there."""
    claims = {
        said.subject: said.detail["claim"]
        for said in told(connection, "question.released")
    }
    rows = select(release).execution_options(yield_per=_MANY)
    for row in connection.execute(rows):
        problem = _fault(row, key, claims.pop(row.id, None))
        if problem:
            yield Discrepancy(f"the release {row.id}", problem)
    for missing in sorted(claims):
        yield Discrepancy(f"the release {missing}", "is in the log, and nowhere else")


def _fault(row: Row[Any], key: Ed25519PublicKey, claim: str | None) -> str:
    """What is wrong with a stored release; empty if nothing."""
    if claim is None:
        return "is not in the log"
    try:
        receipt = json.loads(row.receipt)
        verify_receipt(receipt, key, row.content)
        stated = {name: receipt[name] for name in _CLAIMED}
        same = digest(stated) == claim and receipt["release"] == row.id
        kept = receipt["content"]["media_type"] == row.media_type
    except (Unverified, ValueError, TypeError, KeyError, RecursionError):
        return "is not the one that was signed"
    return "" if same and kept else "is not the one the log has"


def _sum(content: Content) -> Mapping[str, Json]:
    return {"media_type": content.media_type, "sha256": _sha256(content.data)}


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def releases_of(connection: Connection, versions: frozenset[str]) -> tuple[str, ...]:
    """Releases whose receipts name one of these versions, oldest first."""
    rows = connection.execute(select(release.c.id, release.c.receipt))
    return tuple(
        row.id
        for row in rows
        if not versions.isdisjoint(json.loads(row.receipt)["question"]["versions"])
    )
