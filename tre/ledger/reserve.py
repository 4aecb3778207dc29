"""Taking a question's price from every account it touches, before data is read."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Final, TypeAlias

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from privacy.errors import Refused
from tre.audit.act import Act, acting
from tre.control.askable import askable
from tre.control.canonical import canonical
from tre.control.database import Control, InDoubt
from tre.control.tables import LARGEST, account, charge, dataset_version, question
from tre.ledger.account import Account, Kind, State, read_account
from tre.ledger.outcome import settled_outcome
from tre.ledger.question import Cost, Question, Reserved, Settled
from tre.ledger.settle import settle_in_doubt
from tre.ledger.shortfall import nano_charged, shortfall


def _named(kind: Kind, name: ColumnElement[bool]) -> ColumnElement[bool]:
    return and_(account.c.kind == kind.value, name)


_TAKE: Final = (
    update(account)
    .where(
        account.c.id == bindparam("account_id"),
        account.c.state == State.OPEN.value,
        or_(account.c.until.is_(None), account.c.until >= bindparam("today")),
        # Subtracting cannot leave 64 bits; adding could.
        account.c.spent_nano <= account.c.total_nano - bindparam("nano"),
        account.c.threshold_spent_atto
        <= account.c.threshold_total_atto - bindparam("atto"),
    )
    .values(
        spent_nano=account.c.spent_nano + bindparam("nano"),
        threshold_spent_atto=account.c.threshold_spent_atto + bindparam("atto"),
    )
)

_ADD_QUESTION: Final = insert(question)
_ADD_CHARGES: Final = insert(charge)
_ASKABLE: Final = select(dataset_version.c.dataset).where(
    dataset_version.c.id.in_(bindparam("versions", expanding=True)), askable()
)
_ACCOUNTS: Final = (
    select(account)
    .where(
        or_(
            _named(Kind.PROJECT, account.c.name == bindparam("project")),
            _named(Kind.POPULATION, account.c.name == bindparam("population")),
            _named(
                Kind.DATASET,
                account.c.name.in_(bindparam("datasets", expanding=True)),
            ),
        ),
        account.c.population == bindparam("population"),
        account.c.state != State.CLOSED.value,
    )
    .order_by(account.c.kind.desc(), account.c.id)
)


Check: TypeAlias = Callable[[Connection], None]
"""Raises Refused where a question that was admitted would not be any more."""


def reserve(
    control: Control,
    asked: Question,
    cost: Cost,
    *,
    owner: str,
    now: datetime,
    check: Check = lambda _connection: None,
) -> Reserved | Settled:
    """Charge a question to its project, its datasets and its population, or refuse.

    One transaction checks, charges, and records. Settled where this was a retry of
    an answered question; Failed where that one failed. Refused with code
    budget_exhausted, project_not_active, project_expired, period_ended,
    dataset_withdrawn, data_changed, idempotency_conflict, question_in_progress, or
    unavailable, or by `check`, which the same transaction makes first; nothing is
    charged then. `owner` names the running process: when it ends without settling,
    `recover` does. Where the ledger is lost while it commits, what was charged has
    failed.
    """
    reserved = Reserved(secrets.token_hex(10))
    try:
        with acting(control, asked.asked.person, now) as act:
            check(act.connection)
            _check_key_is_new(act.connection, asked)
            _reserve(act, asked, cost, owner, reserved)
    except InDoubt:
        settle_in_doubt(control, reserved, now)
    except (_AlreadyAnswered, IntegrityError):  # or the same key at the same moment
        with control.reading() as connection:
            release = settled_outcome(connection, asked.asked)
        if release is None:
            raise
        return Settled(release)
    return reserved


class _AlreadyAnswered(Exception):
    """Nothing is to be charged or recorded: the transaction is given up."""


def _check_key_is_new(connection: Connection, asked: Question) -> None:
    if settled_outcome(connection, asked.asked) is not None:
        raise _AlreadyAnswered


def _reserve(
    act: Act, asked: Question, cost: Cost, owner: str, reserved: Reserved
) -> None:
    act.connection.execute(
        _ADD_QUESTION,
        {
            "id": reserved.id,
            "project": asked.asked.project,
            "person": asked.asked.person,
            "idempotency_key": asked.asked.idempotency_key,
            "body_digest": asked.asked.body_digest,
            "repeat_digest": asked.repeat_digest,
            "body": canonical(asked.facts()),
            "owner": owner,
            "state": "reserved",
            "reserved_at": act.now,
        },
    )
    charges = _charge(act, asked, cost, reserved)
    detail = {**asked.log_facts(), "charges": charges}
    act.record("question.reserved", reserved.id, detail)


def _charge(
    act: Act, asked: Question, cost: Cost, reserved: Reserved
) -> Sequence[Mapping[str, str | int]]:
    """Take the cost from every account, or refuse and leave all as they were."""
    accounts = _accounts(act.connection, asked)
    nano = {number: nano_charged(held, cost) for number, held in accounts.items()}
    today = act.now.astimezone(UTC).date()
    if not taken(act.connection, nano, cost.threshold_atto, today):
        raise _refusal(act.connection, asked, cost, today)
    act.connection.execute(
        _ADD_CHARGES,
        [
            {
                "question": reserved.id,
                "account": number,
                "nano": amount,
                "threshold_atto": cost.threshold_atto,
            }
            for number, amount in nano.items()
        ],
    )
    return [
        {
            "kind": held.owner.kind.value,
            "name": held.owner.name,
            "period": held.owner.period,
            "nano": nano[number],
            "threshold_atto": cost.threshold_atto,
        }
        for number, held in accounts.items()
    ]


def taken(
    connection: Connection, nano: Mapping[int, int], atto: int, today: date
) -> bool:
    """Whether every account paid. Where one could not, the caller rolls all back."""
    if max(atto, *nano.values()) > LARGEST:
        return False
    charges = [
        {"account_id": number, "nano": amount, "atto": atto, "today": today}
        for number, amount in nano.items()
    ]
    return connection.execute(_TAKE, charges).rowcount == len(charges)


def _accounts(connection: Connection, asked: Question) -> Mapping[int, Account]:
    """The accounts that pay, by number, the project's first."""
    datasets = _datasets(connection, asked.versions)
    rows = connection.execute(
        _ACCOUNTS,
        {
            "project": asked.asked.project,
            "datasets": sorted(datasets),
            "population": asked.population,
        },
    )
    accounts = {row.id: read_account(row) for row in rows}
    if len(accounts) != len(datasets) + 2:
        raise Refused(
            "project_not_active",
            "The project has no open account in this population.",
        )
    return accounts


def _datasets(connection: Connection, versions: Sequence[str]) -> frozenset[str]:
    """The datasets of these versions, all of which can still be asked."""
    if not versions:
        raise ValueError("a question reads at least one dataset")
    rows = connection.execute(_ASKABLE, {"versions": list(versions)})
    datasets = frozenset(rows.scalars())
    if len(datasets) != len(set(versions)):
        raise Refused(
            "data_changed",
            "A dataset was published anew or withdrawn while the question was read.",
            suggestion="Ask again.",
        )
    return datasets


def _refusal(
    connection: Connection, asked: Question, cost: Cost, today: date
) -> Refused:
    """Why the charge did not go through. It depends on the ledger alone."""
    for held in _accounts(connection, asked).values():
        refusal = shortfall(held, cost, asked.asked.draws, today)
        if refusal is not None:
            return refusal
    raise AssertionError("every account could pay")
