"""How a reserved question ends: released or failed, once, and charged either way."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Any, Final, NoReturn, TypeAlias

from sqlalchemy import Column, Connection, bindparam, literal, select, update

from privacy.errors import Failed, Refused
from tre.audit.act import Act, acting
from tre.control.canonical import Json
from tre.control.database import Control, unavailable
from tre.control.rates import Rate, try_once, waiting
from tre.control.tables import person, project, question, storable
from tre.ledger.outcome import keep_key
from tre.ledger.question import Asked, Reserved

ENVIRONMENT: Final = "environment"
"""The actor of what nobody asked for."""

UNKNOWN: Final = "unknown"
"""The actor of what somebody asked for whom nobody knows."""


_SETTLE: Final = (
    update(question)
    .where(question.c.id == bindparam("question_id"))
    .where(question.c.state == literal("reserved"))
    .values(
        state=bindparam("state"),
        settled_at=bindparam("settled_at"),
        settled_index=bindparam("settled_index"),
    )
    .returning(question.c.body)
)


class AlreadySettled(Exception):
    """The question has ended, or never began; it does not end again."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A question just settled: its facts, and where the log says so."""

    facts: Mapping[str, Any]
    position: int


Describe: TypeAlias = Callable[[Mapping[str, Any]], Mapping[str, Json]]
"""What the log says of a question's end, given the question's facts."""


def settle_released(act: Act, reserved: Reserved, describe: Describe) -> Ended:
    """End a question as released, in the act that stores the release.

    AlreadySettled where it has ended, for instance because it took this process for
    gone: the release must then not be shown.
    """
    return _settle(act, reserved, "released", describe)


def settle_failed(control: Control, reserved: Reserved, now: datetime) -> None:
    """End a question as failed. The charge stays. No effect where it had ended."""
    with suppress(AlreadySettled), acting(control, ENVIRONMENT, now) as act:
        _settle(act, reserved, "failed", lambda _facts: {})


def settle_in_doubt(control: Control, reserved: Reserved, now: datetime) -> NoReturn:
    """End a question of which it is not known whether it was charged.

    Refused with unavailable where it was not. Failed where it was, and where that
    cannot be told: it is then settled, as failed, when this process has ended.
    """
    try:
        with acting(control, ENVIRONMENT, now) as act:
            _settle(act, reserved, "failed", lambda _facts: {})
    except AlreadySettled:
        raise unavailable() from None
    except Refused:
        raise Failed from None
    raise Failed


def recover(control: Control, alive: Callable[[str], bool], now: datetime) -> int:
    """Fail the questions of processes that are gone; how many there were.

    Run at start. Their charges stay: data may have been read.
    """
    with control.reading() as connection:
        orphans = [
            Reserved(row.id)
            for row in connection.execute(
                select(question.c.id, question.c.owner).where(
                    question.c.state == "reserved"
                )
            )
            if not alive(row.owner)
        ]
    for orphan in orphans:
        settle_failed(control, orphan, now)
    return len(orphans)


def record_refusal(
    control: Control,
    asked: Asked,
    refusal: Refused,
    now: datetime,
    limit: Rate | None = None,
) -> None:
    """Write down that a question was refused, and why; not what it said.

    Names nobody has are not written: they are text from outside. Refused with
    rate_limited, and nothing written, where somebody's refusals come faster than
    the limit: nobody fills the disk with them, nor asks on unseen.
    """
    with control.reading() as connection:
        who = _known(connection, person.c.id, asked.person) or UNKNOWN
        where = _known(connection, project.c.name, asked.project)
        _check_rate(connection, limit, who, now)
    with acting(control, who, now) as act:
        _use_rate(act, limit)
        detail = {
            "project": where,
            "code": refusal.code,
            "text_sha256": asked.text_digest,
        }
        act.record("question.refused", "", detail)


def record_repeat(
    control: Control,
    asked: Asked,
    release: str,
    now: datetime,
    limit: Rate | None = None,
) -> None:
    """Write down that an earlier release was given again, at no cost.

    A key that came with it asks nothing else from now on: refused as
    `settled_outcome` where it did. Refused with rate_limited, and nothing written,
    beyond the limit.
    """
    with control.reading() as connection:
        _check_rate(connection, limit, asked.person, now)
    with acting(control, asked.person, now) as act:
        _use_rate(act, limit)
        keep_key(act.connection, asked, release)
        act.record("question.repeated", release, {"project": asked.project})


def _check_rate(
    connection: Connection, limit: Rate | None, who: str, now: datetime
) -> None:
    wait = waiting(connection, limit, who, now) if limit else None
    if wait:
        raise Refused(
            "rate_limited",
            "There were too many refused or repeated questions.",
            suggestion=f"Ask again in {ceil(wait.total_seconds())} seconds.",
        )


def _use_rate(act: Act, limit: Rate | None) -> None:
    """Count one more of the actor's; the log says when their allowance is used up."""
    if limit is None:
        return
    try_once(act.connection, limit, act.actor, act.now)
    if waiting(act.connection, limit, act.actor, act.now):
        act.record("question.limited", "", {"rate": limit.name})


def _known(connection: Connection, column: Column[str], name: str) -> str | None:
    if not storable(name):
        return None
    found = connection.execute(select(column).where(column == name))
    return found.scalar_one_or_none()


def _settle(act: Act, reserved: Reserved, state: str, describe: Describe) -> Ended:
    body = act.connection.execute(
        _SETTLE,
        {
            "question_id": reserved.id,
            "state": state,
            "settled_at": act.now,
            "settled_index": act.frontier.size,
        },
    ).scalar_one_or_none()
    if body is None:
        raise AlreadySettled(reserved.id)
    facts = json.loads(body)
    return Ended(facts, act.record(f"question.{state}", reserved.id, describe(facts)))
