"""What a publication pays for the profile that is measured of its tables.

Charged to the population before the new version is read, like a question, and to the
dataset's own budget: at once where it has one, else in the transaction that opens it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Connection, Row, bindparam, insert, or_, select, update

from tre.audit.act import Act, acting
from tre.control.canonical import Json
from tre.control.database import Control
from tre.control.tables import account, measurement, measurement_charge
from tre.ledger.account import Kind, State
from tre.ledger.reserve import taken
from tre.ledger.settle import ENVIRONMENT

_ACCOUNTS: Final = select(
    account.c.id, account.c.kind, account.c.name, account.c.period
).where(
    or_(
        (account.c.kind == Kind.POPULATION.value)
        & (account.c.name == bindparam("population")),
        (account.c.kind == Kind.DATASET.value)
        & (account.c.name == bindparam("dataset")),
    ),
    account.c.state != State.CLOSED.value,
)

_SETTLE: Final = (
    update(measurement)
    .where(measurement.c.id == bindparam("measurement_id"))
    .where(measurement.c.state == "reserved")
    .values(state=bindparam("new_state"), settled_at=bindparam("at"))
    .returning(measurement.c.dataset)
)


@dataclass(frozen=True, slots=True)
class Measured:
    """A charged measurement. The data may be read; exactly one settlement follows."""

    id: str
    dataset: str
    population: str
    nano: int


class _Unaffordable(Exception):
    """An account could not pay; the transaction is undone."""


def reserve_measurement(  # noqa: PLR0913 (who, what for, how much, and when)
    control: Control,
    *,
    dataset: str,
    population: str,
    nano: int,
    person: str,
    owner: str,
    now: datetime,
) -> Measured | None:
    """Charge so many nano-ρ to the population and the dataset; None where one cannot.

    Nothing is charged then. One transaction checks, charges and records.
    """
    measured = Measured(secrets.token_hex(10), dataset, population, nano)
    try:
        with acting(control, person, now) as act:
            _insert(act, measured, owner)
            held = _accounts(act.connection, measured)
            _refuse_unless(any(each.kind == Kind.POPULATION.value for each in held))
            charges = _charge(act, measured, held)
            detail = {**_facts(measured), "charges": charges}
            act.record("profile.reserved", measured.id, detail)
    except _Unaffordable:
        return None
    return measured


def settle_measurement(act: Act, measured: Measured) -> None:
    """End it as released, in the act that publishes what was measured.

    A dataset whose first version this is pays now that it has an account. ValueError
    where the measurement was settled before: its process was taken for gone.
    """
    held = _accounts(act.connection, measured)
    paid = select(measurement_charge.c.account).where(
        measurement_charge.c.measurement == measured.id
    )
    known = set(act.connection.execute(paid).scalars())
    charges = _charge(act, measured, [each for each in held if each.id not in known])
    if not _settled(act, measured.id, "released"):
        raise ValueError("this measurement has ended")
    detail: dict[str, Json] = {"dataset": measured.dataset, "charges": charges}
    act.record("profile.released", measured.id, detail)


def fail_measurement(control: Control, measured_id: str, now: datetime) -> None:
    """End it as failed. The charge stays. No effect where it had ended."""
    with control.reading() as connection:
        state = select(measurement.c.state).where(measurement.c.id == measured_id)
        if connection.execute(state).scalar_one_or_none() != "reserved":
            return
    with acting(control, ENVIRONMENT, now) as act:
        _settled(act, measured_id, "failed")
        act.record("profile.failed", measured_id, {})


def recover_measurements(
    control: Control, alive: Callable[[str], bool], now: datetime
) -> int:
    """Fail the measurements of processes that are gone; how many there were."""
    waiting = select(measurement.c.id, measurement.c.owner).where(
        measurement.c.state == "reserved"
    )
    with control.reading() as connection:
        rows = connection.execute(waiting).all()
    orphans = [row.id for row in rows if not alive(row.owner)]
    for orphan in orphans:
        fail_measurement(control, orphan, now)
    return len(orphans)


def _insert(act: Act, measured: Measured, owner: str) -> None:
    act.connection.execute(
        insert(measurement).values(
            id=measured.id,
            dataset=measured.dataset,
            population=measured.population,
            person=act.actor,
            owner=owner,
            state="reserved",
            reserved_at=act.now,
        )
    )


def _accounts(
    connection: Connection, measured: Measured
) -> Sequence[Row[int, str, str, int]]:
    """The open accounts that pay: number, kind, name and period."""
    names = {"population": measured.population, "dataset": measured.dataset}
    return connection.execute(_ACCOUNTS, names).all()


def _charge(
    act: Act, measured: Measured, accounts: Sequence[Row[int, str, str, int]]
) -> Sequence[Mapping[str, str | int]]:
    """Take the price from these accounts; what was taken, as the log has it."""
    if not accounts:
        return []
    today = act.now.astimezone(UTC).date()
    nano = {each.id: measured.nano for each in accounts}
    _refuse_unless(taken(act.connection, nano, 0, today))
    act.connection.execute(
        insert(measurement_charge),
        [
            {"measurement": measured.id, "account": each.id, "nano": measured.nano}
            for each in accounts
        ],
    )
    return [
        {
            "kind": each.kind,
            "name": each.name,
            "period": each.period,
            "nano": measured.nano,
            "threshold_atto": 0,
        }
        for each in accounts
    ]


def _refuse_unless(affordable: bool) -> None:  # noqa: FBT001 - the condition itself
    if not affordable:
        raise _Unaffordable


def _settled(act: Act, measured_id: str, state: str) -> bool:
    ended = act.connection.execute(
        _SETTLE,
        {"measurement_id": measured_id, "new_state": state, "at": act.now},
    )
    return ended.scalar_one_or_none() is not None


def _facts(measured: Measured) -> Mapping[str, str | int]:
    return {
        "dataset": measured.dataset,
        "population": measured.population,
        "nano": measured.nano,
    }
