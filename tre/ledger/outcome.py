"""What has already become of a question: retries and repeats cost nothing."""

from __future__ import annotations

import re
from typing import Final

from sqlalchemy import Connection, Select, Table, insert, literal, select, union_all

from privacy.errors import Failed, Refused
from tre.control.tables import question, repeated
from tre.ledger.question import Asked, Question

_KEY: Final = re.compile(r"[!-~]{1,200}")


def settled_outcome(connection: Connection, asked: Asked) -> str | None:
    """The release of the question this one retries; None where it retries nothing.

    A key belongs to one person in one project. Failed where the earlier question
    failed. Refused with invalid_key where no key looks like this, with
    idempotency_conflict where it asked something else, and with
    question_in_progress where it is not settled yet.
    """
    if asked.idempotency_key is None:
        return None
    _check_key(asked.idempotency_key)
    earlier = connection.execute(
        union_all(_asked_with(question, asked), _asked_with(repeated, asked))
    ).one_or_none()
    if earlier is None:
        return None
    if earlier.body_digest != asked.body_digest:
        raise Refused(
            "idempotency_conflict",
            "This idempotency key was used for another question.",
            suggestion="Use a new key for a new question.",
        )
    if earlier.state == "failed":
        raise Failed
    if earlier.state == "reserved":
        raise Refused(
            "question_in_progress",
            "This question is still being answered.",
            suggestion="Ask again with the same key in a moment.",
        )
    return str(earlier.id)


def keep_key(connection: Connection, asked: Asked, release: str) -> None:
    """Remember that an earlier release answered the question this key came with.

    Refused as `settled_outcome`. In the transaction that records the repeat.
    """
    if asked.idempotency_key is None or settled_outcome(connection, asked):
        return
    connection.execute(
        insert(repeated).values(
            project=asked.project,
            person=asked.person,
            idempotency_key=asked.idempotency_key,
            body_digest=asked.body_digest,
            release=release,
        )
    )


def _asked_with(table: Table, asked: Asked) -> Select[tuple[str, str, str]]:
    """What was asked with this key: its id, state and body."""
    known = table.c.release if table is repeated else table.c.id
    state = literal("released") if table is repeated else table.c.state
    return select(known.label("id"), state.label("state"), table.c.body_digest).where(
        table.c.project == asked.project,
        table.c.person == asked.person,
        table.c.idempotency_key == asked.idempotency_key,
    )


def _check_key(key: str) -> None:
    if not _KEY.fullmatch(key):
        raise Refused(
            "invalid_key",
            "An idempotency key is 1 to 200 letters, digits and marks.",
            suggestion="Use a random UUID.",
        )


def find_repeat(connection: Connection, asked: Question) -> str | None:
    """The project's latest release of exactly this question, on the same data.

    Of one project only: another's releases would show what it asks. The caller has
    admitted the person first, and does not call this where a fresh draw is wanted.
    """
    found = connection.execute(
        select(question.c.id)
        .where(
            question.c.project == asked.asked.project,
            question.c.repeat_digest == asked.repeat_digest,
            question.c.state == "released",
        )
        .order_by(question.c.settled_index.desc())
        .limit(1)
    ).scalar_one_or_none()
    return None if found is None else str(found)
